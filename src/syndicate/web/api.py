"""For programs: posts, categories and sources as JSON, paged by keyset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.formats import FORMATS
from syndicate.formats.link import Link
from syndicate.formats.wire import rfc3339
from syndicate.model.category import Category
from syndicate.model.edition import ALL, Edition
from syndicate.model.post import Key, Source
from syndicate.model.query import Query
from syndicate.model.view import View, last_modified, view
from syndicate.representation import Representation, provisional, represent
from syndicate.representation.address import Place, category_place, source_place
from syndicate.web.desk import Desk
from syndicate.web.directory import Census
from syndicate.web.policy import FRESH
from syndicate.web.reply import reply

_JSON: Final = "application/json"
_ITEMS: Final = FORMATS["json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Answers for /v1; lists are ``{"items": […], "next_url": URL or null}``."""

    desk: Desk

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/v1/posts", self.posts),
            Route("/v1/posts/{key}", self.post),
            Route("/v1/categories", self.categories),
            Route("/v1/sources", self.sources),
        ]

    async def posts(self, request: Request) -> Response:
        """Answer with a page of posts, narrowed as feeds are."""
        query = self.desk.query(request)

        async def make(edition: Edition) -> Representation:
            return await self._posts(edition, view(edition, ALL, query))

        return await self.desk.answer(request, ("/v1/posts", query.canonical()), make)

    async def _posts(self, edition: Edition, seen: View) -> Representation:
        desk, query = self.desk, seen.query
        rendered = await desk.rendered(seen.page.posts, edition)
        entries = [desk.press.entry(item, _ITEMS, query.content) for item in rendered.items]
        after = seen.page.after
        pages = {
            "self": query.canonical(),
            "first": query.canonical(after=""),
            "next": None if after is None else query.canonical(after=after),
        }
        links = {
            rel: desk.masthead.url(f"/v1/posts{'?' if text else ''}{text}")
            for rel, text in pages.items()
            if text is not None
        }
        made = represent(
            b'{"items":[%b],"next_url":%b}'
            % (b",".join(entries), msgspec.json.encode(links.get("next"))),
            media_type=_JSON,
            last_modified=last_modified(edition, seen),
            links=[
                *(Link(rel=rel, href=href, type=_JSON) for rel, href in links.items()),
                Link(rel="canonical", href=links["self"]),
                *desk.alternates(Place(ALL, pages["first"] or "")),
            ],
        )
        return made if rendered.is_current else provisional(made)

    async def post(self, request: Request) -> Response:
        """Answer with one post; it may be kept, but must be asked about each time."""
        desk = self.desk
        key = Key(request.path_params["key"])

        async def make(edition: Edition) -> Representation:
            post = edition.post(key)
            rendered = await desk.rendered([post], edition)
            (item,) = rendered.items
            changed = max(post.updated, edition.part(post.source).committed)
            links = [
                Link(rel="self", href=desk.masthead.url(f"/v1/posts/{key}"), type=_JSON),
                Link(rel="canonical", href=post.url),
                Link(rel="alternate", href=desk.masthead.url(f"/posts/{key}"), type="text/html"),
            ]
            made = represent(
                desk.press.entry(item, _ITEMS), media_type=_JSON, last_modified=changed, links=links
            )
            return made if rendered.is_current else provisional(made)

        document = await desk.document(("/v1/posts", "key", key), make)
        return reply(request, document, cache_control=FRESH)

    async def categories(self, request: Request) -> Response:
        """Answer with every known category and where its feeds are."""

        async def make(edition: Edition) -> Representation:
            census = Census(edition)
            changed = last_modified(edition, view(edition, ALL, Query()))
            rows = [self._category(edition, category, census) for category in edition.categories]
            return self._list("/v1/categories", rows, changed)

        return await self.desk.answer(request, ("/v1/categories",), make)

    async def sources(self, request: Request) -> Response:
        """Answer with every source: the commit served of it, and what fails."""

        async def make(edition: Edition) -> Representation:
            census = Census(edition)
            rows = [self._source(edition, source, census) for source in edition.sources]
            return self._list("/v1/sources", rows, edition.at)

        return await self.desk.answer(request, ("/v1/sources",), make)

    def _list(
        self, path: str, rows: Sequence[Mapping[str, object]], changed: datetime
    ) -> Representation:
        url = self.desk.masthead.url(path)
        return represent(
            msgspec.json.encode({"items": rows, "next_url": None}),
            media_type=_JSON,
            last_modified=changed,
            links=[Link(rel="self", href=url, type=_JSON), Link(rel="canonical", href=url)],
        )

    def _category(
        self, edition: Edition, category: Category, census: Census
    ) -> Mapping[str, object]:
        aliases = {term.category.slug: term.aliases for term in edition.vocabulary.terms}
        return {
            "slug": category.slug,
            "title": category.title,
            "aliases": aliases.get(category.slug, ()),
            "posts": census.category(category.slug).posts,
            "feeds": self._addresses(category_place(edition, category.slug)),
        }

    def _source(self, edition: Edition, source: Source, census: Census) -> Mapping[str, object]:
        parts = {part.source.name: part for part in edition.parts}
        part = parts.get(source.name)
        return {
            "name": source.name,
            "title": source.title,
            "site_url": source.site_url,
            "rights": source.rights,
            "rights_url": source.rights_url,
            "commit": part.commit if part else None,
            "committed": rfc3339(part.committed) if part else None,
            "posts": census.source(source.name).posts,
            "problems": len(part.problems) if part else 0,
            "failing": edition.failing.get(source.name),
            "feeds": self._addresses(source_place(edition, source.name)),
        }

    def _addresses(self, place: Place) -> Mapping[str, str]:
        """Return where a feed is found, by format; the page for people is ``html``."""
        masthead = self.desk.masthead
        addresses = {name: place.url(masthead, f".{name}") for name in FORMATS}
        return {**addresses, "html": place.url(masthead)}
