"""The page of each source: for everybody, and with more for editors."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import NotReady, RepositoryError, StorageError
from syndicate.model.source_history import CommitReport
from syndicate.render.pages.source_page import SourceView, source_page
from syndicate.web.context import WebContext
from syndicate.web.http.auth import (
    EDITORS,
    AuthenticatedRoute,
    authenticated_route,
    bearer_token,
)
from syndicate.web.http.sessions import find_session
from syndicate.web.portal import html_response

_HISTORY_SECONDS: Final = 4.0
"""How long the page waits for a history, whose first reading takes longer for a large source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePages:
    """Handles /sources/{name}."""

    context: WebContext
    history_seconds: float = _HISTORY_SECONDS

    def routes(self) -> list[AuthenticatedRoute]:
        """Return the route, whose responses differ by session and are never stored."""
        return [authenticated_route("/sources/{name}", GET=self.source)]

    async def source(self, request: Request) -> Response:
        """Respond with the page of a source as its visitor may see it."""
        context = self.context
        edition = context.edition
        snapshot = edition.snapshot(request.path_params["name"])
        view = await self._view(request)
        page = source_page(
            context.service_info,
            edition,
            snapshot,
            view,
            posts=context.post_counts(edition).source_stats(snapshot.source.name).posts,
            reports=await self._reports(snapshot.source.name),
            problems=snapshot.problems,
        )
        return html_response(context, page)

    async def _reports(self, source: str) -> tuple[CommitReport, ...] | None:
        """Return what the last commits changed; None if that cannot be read in time."""
        try:
            async with asyncio.timeout(self.history_seconds):
                return await self.context.reader.editor_reports.history(source)
        except (NotReady, RepositoryError, TimeoutError):
            return None

    async def _view(self, request: Request) -> SourceView:
        """Return what the client may see; raises `HTTPException` for an invalid bearer token."""
        context = self.context
        if bearer_token(request):
            await context.authenticate(request, EDITORS)
            return SourceView(shows_files=True, is_editor=True)
        is_editor = False
        with suppress(StorageError):  # without the database, the page is that of everybody
            session = await find_session(request, context.reader, context.service_info)
            is_editor = session is not None and session.token.role in EDITORS
        return SourceView(shows_files=is_editor or context.policy.pages_open, is_editor=is_editor)
