"""Pages for editors: why a post is where it is, and the problems of a source."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import UnknownName, UsageError
from syndicate.model.explanation import Explanation
from syndicate.model.source_history import UNKNOWN_REVISION, SourceReport
from syndicate.render.pages.editor_pages import (
    ReportForm,
    check_page,
    explain_form_page,
    explain_page,
)
from syndicate.web.context import WebContext
from syndicate.web.http.auth import (
    EDITORS,
    AuthenticatedRoute,
    authenticated_route,
    bearer_token,
)
from syndicate.web.http.content_negotiation import accepts_html
from syndicate.web.http.sessions import find_session
from syndicate.web.portal import enter, html_response
from syndicate.web.services import SubscriptionManager

_MAX_CHARACTERS: Final = 2_000
"""Characters of a parameter: longer than any URL of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorPages:
    """Handles /explain and /check."""

    context: WebContext

    def routes(self) -> list[AuthenticatedRoute]:
        """Return the routes."""
        return [
            authenticated_route("/explain", GET=self.explain),
            authenticated_route("/check", GET=self.check),
        ]

    async def explain(self, request: Request) -> Response:
        """Respond with the explanation of the posts that the form names."""
        form = self._form(request, "post")
        service = await self._authorize(request, form)
        if not form.text:
            return self._respond(explain_form_page(self.context.service_info, form))
        try:
            found = await self.context.reader.editor_reports.explain(
                form.text, rev=form.rev, at=self._time(form)
            )
        except UnknownName as error:
            page = explain_form_page(self.context.service_info, form, error=error)
            return self._respond(page, error.status)
        counts = [await _count_deliveries(service, explanation) for explanation in found]
        page = explain_page(self.context.service_info, form, tuple(zip(found, counts, strict=True)))
        return self._respond(page)

    async def check(self, request: Request) -> Response:
        """Respond with the problems of the source that the form names, by default the first."""
        form = self._form(request, "source")
        await self._authorize(request, form)
        edition = self.context.edition
        reports, error = self.context.reader.editor_reports, None
        try:
            report = await reports.check(form.text, rev=form.rev, at=self._time(form))
        except UnknownName as unknown:
            if unknown.code != UNKNOWN_REVISION:
                raise
            error, report = unknown, SourceReport(source=form.text or edition.sources[0].name)
        served = edition.snapshot(report.source)
        page = check_page(
            self.context.service_info,
            form,
            report,
            sources=tuple(source.name for source in edition.sources),
            zone=served.source.zone,
            at=edition.at,
            repository=served.source.repository,
            commit=form.rev or served.commit,
            error=error,
        )
        return self._respond(page, error.status if error else 200)

    async def _authorize(self, request: Request, form: ReportForm) -> SubscriptionManager | None:
        """Return the manager of subscriptions for a client with a token, None for others.

        A browser without a session is sent to the login. Raises as `WebContext.authenticate` does.
        """
        context = self.context
        is_open = context.policy.pages_open and not form.is_preview
        is_browser = accepts_html(request.headers.get("accept", ""))
        if bearer_token(request) or not (is_open or is_browser):
            return (await context.authenticate(request, EDITORS))[0]
        if is_open:
            session = await find_session(request, context.reader, context.service_info)
            if session is None or session.token.role not in EDITORS:
                return None
        return (await enter(context, request, EDITORS)).service

    def _form(self, request: Request, name: str) -> ReportForm:
        values = {key: request.query_params.get(key, "").strip() for key in (name, "rev", "at")}
        for key, value in values.items():
            if len(value) > _MAX_CHARACTERS:
                raise UsageError(f"{key} has more than {_MAX_CHARACTERS:,} characters")
        return ReportForm(text=values[name], rev=values["rev"], at=values["at"])

    def _time(self, form: ReportForm) -> datetime | None:
        """Return the time of the form, None for the present; without an offset that of a source."""
        if not form.at:
            return None
        try:
            return form.time(self.context.edition.sources[0].zone)
        except ValueError:
            raise UsageError(
                f"at is not a time: {form.at}"[:200],
                hint="Write a date or a date and time: 2025-01-06 or 2025-01-06T09:00.",
            ) from None

    def _respond(self, page: str, status: int = 200) -> Response:
        return html_response(self.context, page, status)


async def _count_deliveries(
    service: SubscriptionManager | None, explanation: Explanation
) -> dict[str, int] | None:
    """Return the number of partners by the state of their delivery; None if it is not shown."""
    if service is None or not explanation.post_id:
        return None
    return dict(await service.count_deliveries(explanation.post_id))
