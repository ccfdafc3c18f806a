"""For machines that look around: OPML, sitemap, robots.txt and security.txt."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.formats.link import Link
from syndicate.formats.wire import rfc3339
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import Masthead
from syndicate.model.query import Query
from syndicate.model.view import last_modified, view
from syndicate.representation import Representation, represent
from syndicate.web.desk import Desk
from syndicate.web.openapi import openapi_document
from syndicate.web.opml import opml
from syndicate.web.sitemap import sitemap

_VALID: Final = timedelta(days=180)
"""How long security.txt says it is good: less than the year that RFC 9116 allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Answers that tell what else there is."""

    desk: Desk

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/opml", self.opml),
            Route("/sitemap.xml", self.sitemap),
            Route("/openapi.json", self._described()),
            Route("/robots.txt", self.robots),
            Route("/.well-known/security.txt", self.security),
        ]

    async def opml(self, request: Request) -> Response:
        """Answer with the feeds, to import into a feed reader."""

        def write(edition: Edition) -> bytes:
            return opml(edition, self.desk.masthead, self.desk.census(edition))

        return await self._document(request, ("/opml",), "text/x-opml; charset=utf-8", write)

    async def sitemap(self, request: Request) -> Response:
        """Answer with the pages, or with the index of the parts where they are many."""
        part = request.query_params.get("part", "0")
        if not re.fullmatch("[0-9]{1,6}", part):
            raise HTTPException(404, "the sitemap has numbered parts")

        def write(edition: Edition) -> bytes:
            census = self.desk.census(edition)
            return sitemap(edition, self.desk.masthead, census, int(part))

        address = ("/sitemap.xml", *(f"?part={n}" for n in [int(part)] if n))
        return await self._document(request, address, "application/xml; charset=utf-8", write)

    async def robots(self, _: Request) -> Response:
        """Answer that robots are welcome, and where the sitemap is."""
        sitemap_url = self.desk.masthead.url("/sitemap.xml")
        return self._text(f"User-agent: *\nAllow: /\n\nSitemap: {sitemap_url}\n")

    async def security(self, _: Request) -> Response:
        """Answer with whom to tell of a weakness (RFC 9116); 404 if nobody is named."""
        if not self.desk.masthead.contact:
            raise HTTPException(404, "no contact is set")
        return self._text(security_txt(self.desk.masthead, datetime.now(UTC)))

    async def _document(
        self,
        request: Request,
        address: tuple[str, ...],
        media_type: str,
        write: Callable[[Edition], bytes],
    ) -> Response:
        """Answer with what ``write`` writes, in a thread: it may be long."""
        url = self.desk.masthead.url("".join(address))

        async def make(edition: Edition) -> Representation:
            changed = last_modified(edition, view(edition, ALL, Query()))
            links = [Link(rel=rel, href=url) for rel in ("self", "canonical")]
            body = await asyncio.to_thread(write, edition)
            return represent(body, media_type=media_type, last_modified=changed, links=links)

        return await self.desk.answer(request, address, make)

    def _described(self) -> Callable[[Request], Awaitable[Response]]:
        masthead = self.desk.masthead
        url = masthead.url("/openapi.json")
        now = datetime.now(UTC)

        @cache
        def document() -> Representation:
            return represent(
                msgspec.json.encode(openapi_document(masthead)),
                media_type="application/json",
                last_modified=now,
                links=[Link(rel=rel, href=url) for rel in ("self", "canonical")],
            )

        async def endpoint(request: Request) -> Response:
            return self.desk.reply(request, await asyncio.to_thread(document))

        return endpoint

    def _text(self, text: str) -> Response:
        headers = {"Cache-Control": self.desk.policy.cache_control}
        return Response(text, headers=headers, media_type="text/plain")


def security_txt(masthead: Masthead, now: datetime) -> str:
    """Return security.txt as of ``now``; its end moves once a day."""
    contact = masthead.contact
    expires = now.replace(hour=0, minute=0, second=0, microsecond=0) + _VALID
    return (
        f"Contact: {contact if ':' in contact else f'mailto:{contact}'}\n"
        f"Expires: {rfc3339(expires)}\n"
        "Preferred-Languages: en\n"
        f"Canonical: {masthead.url('/.well-known/security.txt')}\n"
    )
