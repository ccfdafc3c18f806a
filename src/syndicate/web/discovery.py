"""Discovery: OPML, sitemap, OpenAPI, robots.txt and security.txt."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import UsageError
from syndicate.feeds import Representation, make_representation
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.link import Link
from syndicate.feeds.formats.text import rfc3339
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.feed_view import build_feed_view, last_modified
from syndicate.model.query import Query
from syndicate.web.context import WebContext
from syndicate.web.openapi import openapi_document
from syndicate.web.opml import opml
from syndicate.web.sitemap import sitemap

_SECURITY_TXT_VALIDITY: Final = timedelta(days=180)
"""Time until security.txt expires: less than the year that RFC 9116 recommends."""

_OPML_FORMAT: Final = "rss"
"""The format that every feed reader understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Handles documents that describe the service to programs."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/opml", self.opml),
            Route("/sitemap.xml", self.sitemap),
            Route("/openapi.json", self._make_openapi_endpoint()),
            Route("/robots.txt", self.robots),
            Route("/.well-known/security.txt", self.security),
        ]

    async def opml(self, request: Request) -> Response:
        """Respond with all feeds in one format, to import into a feed reader."""
        name = parse_format(request.query_params.getlist("format"))

        def write(edition: Edition) -> bytes:
            post_counts = self.context.post_counts(edition)
            return opml(edition, self.context.service_info, post_counts, FORMATS[name])

        key = ("/opml", *(f"?format={other}" for other in [name] if other != _OPML_FORMAT))
        return await self._document(request, key, "text/x-opml; charset=utf-8", write)

    async def sitemap(self, request: Request) -> Response:
        """Respond with the pages, or with the index of the parts if there are many."""
        part = request.query_params.get("part", "0")
        if not re.fullmatch("[0-9]{1,6}", part):
            raise HTTPException(404, "the parts of the sitemap are numbered")

        def write(edition: Edition) -> bytes:
            post_counts = self.context.post_counts(edition)
            return sitemap(edition, self.context.service_info, post_counts, int(part))

        key = ("/sitemap.xml", *(f"?part={n}" for n in [int(part)] if n))
        return await self._document(request, key, "application/xml; charset=utf-8", write)

    async def robots(self, _: Request) -> Response:
        """Respond with robots.txt, which allows everything and names the sitemap."""
        sitemap_url = self.context.service_info.url("/sitemap.xml")
        return self._plain_text(f"User-agent: *\nAllow: /\n\nSitemap: {sitemap_url}\n")

    async def security(self, _: Request) -> Response:
        """Respond with the contact for vulnerabilities (RFC 9116); 404 if none is set."""
        if not self.context.service_info.contact:
            raise HTTPException(404, "no contact is set")
        return self._plain_text(security_txt(self.context.service_info, datetime.now(UTC)))

    async def _document(
        self,
        request: Request,
        key: tuple[str, ...],
        media_type: str,
        write: Callable[[Edition], bytes],
    ) -> Response:
        """Respond with the document that ``write`` returns; it runs in a thread."""
        url = self.context.service_info.url("".join(key))

        async def build(edition: Edition) -> Representation:
            changed = last_modified(edition, build_feed_view(edition, ALL, Query()))
            links = [Link(rel=rel, href=url) for rel in ("self", "canonical")]
            body = await asyncio.to_thread(write, edition)
            return make_representation(
                body, media_type=media_type, last_modified=changed, links=links
            )

        return await self.context.respond_with_document(request, key, build)

    def _make_openapi_endpoint(self) -> Callable[[Request], Awaitable[Response]]:
        service_info = self.context.service_info
        url = service_info.url("/openapi.json")
        now = datetime.now(UTC)

        @cache
        def document() -> Representation:
            return make_representation(
                msgspec.json.encode(openapi_document(service_info)),
                media_type="application/json",
                last_modified=now,
                links=[Link(rel=rel, href=url) for rel in ("self", "canonical")],
            )

        async def endpoint(request: Request) -> Response:
            return self.context.respond(request, await asyncio.to_thread(document))

        return endpoint

    def _plain_text(self, text: str) -> Response:
        headers = {"Cache-Control": self.context.policy.cache_control}
        return Response(text, headers=headers, media_type="text/plain")


def parse_format(texts: Sequence[str]) -> str:
    """Return the name of the format that a query asks for, RSS by default; raises `UsageError`."""
    names = {text.strip().lower() for text in texts if text.strip()} or {_OPML_FORMAT}
    if len(names) == 1 and names <= FORMATS.keys():
        return names.pop()
    raise UsageError(
        f"format cannot be {' and '.join(map(repr, sorted(names)))}",
        code="malformed-parameter",
        hint=f"Allowed are {', '.join(FORMATS)}.",
        choices=tuple(FORMATS),
    )


def security_txt(service_info: ServiceInfo, now: datetime) -> str:
    """Return security.txt as of ``now``; its expiry moves once a day."""
    contact = service_info.contact
    expires = now.replace(hour=0, minute=0, second=0, microsecond=0) + _SECURITY_TXT_VALIDITY
    return (
        f"Contact: {contact if ':' in contact else f'mailto:{contact}'}\n"
        f"Expires: {rfc3339(expires)}\n"
        "Preferred-Languages: en\n"
        f"Canonical: {service_info.url('/.well-known/security.txt')}\n"
    )
