"""Discovery: OPML, sitemap, OpenAPI, robots.txt and security.txt."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Any, Final
from xml.etree.ElementTree import Comment, Element, SubElement, indent, tostring

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import UsageError
from syndicate.feeds import Representation, make_representation
from syndicate.feeds.formats import FORMATS, Format
from syndicate.feeds.formats.link import Link
from syndicate.feeds.formats.text import rfc822, rfc3339, xml_safe
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import ServiceInfo, build_feed_view, last_modified
from syndicate.model.query import Query
from syndicate.render.pages.resources import favicon
from syndicate.web.context import WebContext
from syndicate.web.feed_directory import (
    DirectoryEntry,
    PostCounts,
    category_entry,
    feed_directory,
    feed_stats,
)
from syndicate.web.http.redirects import redirect_response
from syndicate.web.openapi import EVENT_SCHEMA_PATH, event_schema, openapi_document

MAX_SITEMAP_CATEGORIES: Final = 10_000
"""Categories in one file: 50,000 URLs and 50 MB are allowed, this is some 1.5 MB."""

_SITEMAP_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"

_SitemapPage = tuple[str, datetime | None]
"""A URL, and when the page was modified."""


def sitemap(
    edition: Edition, service_info: ServiceInfo, post_counts: PostCounts, part: int
) -> bytes:
    """Return the pages of ``edition``, without those of posts, which are canonical elsewhere.

    Where there are too many for one file, part 0 is the index of the others, which begin with 1.
    The page of a feed was modified when one of its posts was; an empty one has no date. Raises
    `HTTPException` (404) for a part that does not exist.
    """
    slugs = edition.category_slugs
    chunks = [
        slugs[start : start + MAX_SITEMAP_CATEGORIES]
        for start in range(0, len(slugs), MAX_SITEMAP_CATEGORIES)
    ]
    is_split = len(chunks) > 1
    if is_split and not part:
        updated = feed_stats(edition.posts).updated
        parts = range(1, len(chunks) + 1)
        urls = [service_info.url(f"/sitemap.xml?part={number}") for number in parts]
        return _serialize_sitemap(
            "sitemapindex", "sitemap", [(address, updated) for address in urls]
        )
    if part and not (is_split and part <= len(chunks)):
        raise HTTPException(404, f"the sitemap has no part {part}")
    pages = [] if part > 1 else _general_pages(edition, service_info, post_counts)
    for chunk in chunks[max(part - 1, 0) :][:1]:
        pages += _category_pages(chunk, edition, service_info, post_counts)
    return _serialize_sitemap("urlset", "url", pages)


def _general_pages(
    edition: Edition, service_info: ServiceInfo, post_counts: PostCounts
) -> list[_SitemapPage]:
    """Return the pages that do not belong to a category."""
    groups = feed_directory(
        edition, post_counts, max_sources=len(edition.sources), max_categories=0
    )
    return [
        (service_info.url("/"), feed_stats(edition.posts).updated),
        (service_info.url("/about"), None),
        *_feed_pages((entry for group in groups for entry in group.entries), service_info),
    ]


def _category_pages(
    slugs: Sequence[str], edition: Edition, service_info: ServiceInfo, post_counts: PostCounts
) -> list[_SitemapPage]:
    categories = map(edition.category_by_slug, slugs)
    return _feed_pages(
        (category_entry(edition, one, post_counts) for one in categories), service_info
    )


def _feed_pages(entries: Iterable[DirectoryEntry], service_info: ServiceInfo) -> list[_SitemapPage]:
    return [(entry.location.url(service_info), entry.stats.updated) for entry in entries]


def _serialize_sitemap(root: str, child: str, pages: Iterable[_SitemapPage]) -> bytes:
    document = Element(root, xmlns=_SITEMAP_NAMESPACE)
    for url, modified in pages:
        page = SubElement(document, child)
        SubElement(page, "loc").text = url
        if modified is not None:
            SubElement(page, "lastmod").text = rfc3339(modified)
    indent(document)
    serialized: bytes = tostring(document, encoding="UTF-8", xml_declaration=True)
    return serialized


_OPML_VERSIONS: Final = {"rss": {"version": "RSS2"}}
"""Attributes of outlines by format: OPML defines versions of RSS alone."""


_MAX_OPML_FEEDS: Final = 500
"""Sources and categories to list: feed readers cannot import thousands of feeds."""


def opml(
    edition: Edition, service_info: ServiceInfo, post_counts: PostCounts, feed_format: Format
) -> bytes:
    """Return the feeds of ``edition`` in one format: readers subscribe to all that is listed.

    Of many sources or categories only those with the most posts, which a comment says.
    """
    root = Element("opml", version="2.0")
    head = SubElement(root, "head")
    SubElement(head, "title").text = xml_safe(service_info.title)
    updated = feed_stats(edition.posts).updated
    if updated is not None:
        SubElement(head, "dateModified").text = rfc822(updated)
    body = SubElement(root, "body")
    groups = feed_directory(
        edition, post_counts, max_sources=_MAX_OPML_FEEDS, max_categories=_MAX_OPML_FEEDS
    )
    entries = [entry for group in groups for entry in group.entries]
    total = sum(group.total for group in groups)
    if total > len(entries):
        categories_url = service_info.url("/v1/categories")
        comment = (
            f" The {len(entries):,} largest of {total:,} feeds; all categories: {categories_url} "
        )
        root.insert(0, Comment(comment))
    for entry in entries:
        SubElement(body, "outline", _outline_attributes(entry, feed_format, service_info))
    indent(root)
    document: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return document


def _outline_attributes(
    entry: DirectoryEntry, feed_format: Format, service_info: ServiceInfo
) -> dict[str, str]:
    title = xml_safe(entry.title)
    description = {"description": xml_safe(entry.description)} if entry.description else {}
    return {
        "type": "rss",
        **_OPML_VERSIONS.get(feed_format.name, {}),
        "text": title,
        "title": title,
        **description,
        "xmlUrl": entry.location.url(service_info, f".{feed_format.name}"),
        "htmlUrl": entry.location.url(service_info),
    }


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
            Route("/openapi.json", self._make_endpoint("/openapi.json", openapi_document)),
            Route(
                EVENT_SCHEMA_PATH,
                self._make_endpoint(EVENT_SCHEMA_PATH, event_schema, "application/schema+json"),
            ),
            Route("/robots.txt", self.robots),
            Route("/favicon.ico", self.favicon),
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

    async def favicon(self, _: Request) -> Response:
        """Respond with the icon of the service, or redirect to that of the agency."""
        policy, icon_url = self.context.policy, self.context.service_info.icon_url
        if icon_url:
            return redirect_response(
                self.context.service_info, policy, icon_url, status=HTTPStatus.FOUND
            )
        headers = {"Cache-Control": policy.cache_control}
        return Response(favicon(), media_type="image/x-icon", headers=headers)

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

    def _make_endpoint(
        self,
        path: str,
        make: Callable[[ServiceInfo], dict[str, Any]],
        media_type: str = "application/json",
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of a JSON document that is made when it is first requested."""
        service_info = self.context.service_info
        url = service_info.url(path)
        now = datetime.now(UTC)

        @cache
        def document() -> Representation:
            return make_representation(
                msgspec.json.encode(make(service_info)),
                media_type=media_type,
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
