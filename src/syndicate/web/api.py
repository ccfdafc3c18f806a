"""For programs: posts, categories and sources as JSON, paged by keyset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.formats import FORMATS
from syndicate.formats.link import Link
from syndicate.formats.wire import rfc3339
from syndicate.model.category import Category
from syndicate.model.edition import ALL, Edition
from syndicate.model.page import names_after
from syndicate.model.post import Key, Source
from syndicate.model.query import MOST, Query, read_limit
from syndicate.model.view import View, last_modified, view
from syndicate.representation import Representation, provisional, represent
from syndicate.representation.address import Place, category_place, source_place
from syndicate.web.desk import Desk
from syndicate.web.directory import Census
from syndicate.web.policy import FRESH
from syndicate.web.reply import reply

_JSON: Final = "application/json"
_ITEMS: Final = FORMATS["json"]


def _page(request: Request) -> tuple[int, str]:
    """Return limit, by default as long as may be, and cursor of a list; raises `UsageError`."""
    given = request.query_params
    return read_limit({"limit": given.get("limit", "").strip() or str(MOST)}), given.get(
        "after", ""
    )


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
        """Answer with a page of the known categories and where their feeds are, by slug."""
        limit, after = _page(request)

        async def make(edition: Edition) -> Representation:
            slugs, following = names_after(edition.category_slugs, after, limit)
            census = self.desk.census(edition)
            changed = last_modified(edition, view(edition, ALL, Query()))
            aliases = {term.category.slug: term.aliases for term in edition.vocabulary.terms}
            categories = map(edition.category_of, slugs)
            rows = [self._category(edition, one, census, aliases) for one in categories]
            return self._list(("/v1/categories", limit, after, following), rows, changed)

        return await self.desk.answer(request, ("/v1/categories", str(limit), after), make)

    async def sources(self, request: Request) -> Response:
        """Answer with a page of the sources by name: the commit served of each, what fails."""
        limit, after = _page(request)

        async def make(edition: Edition) -> Representation:
            sources = {source.name: source for source in edition.sources}
            names, following = names_after(sorted(sources), after, limit)
            census = self.desk.census(edition)
            rows = [self._source(edition, sources[name], census) for name in names]
            return self._list(("/v1/sources", limit, after, following), rows, edition.at)

        return await self.desk.answer(request, ("/v1/sources", str(limit), after), make)

    def _list(
        self,
        page: tuple[str, int, str, str | None],
        rows: Sequence[Mapping[str, object]],
        changed: datetime,
    ) -> Representation:
        """Return the ``page`` (path, limit, cursor, cursor of the next) that holds ``rows``."""
        path, limit, after, following = page
        url = self._page_url(path, limit, after)
        next_url = None if following is None else self._page_url(path, limit, following)
        links = [Link(rel="self", href=url, type=_JSON), Link(rel="canonical", href=url)]
        if next_url is not None:
            links.append(Link(rel="next", href=next_url, type=_JSON))
        return represent(
            msgspec.json.encode({"items": rows, "next_url": next_url}),
            media_type=_JSON,
            last_modified=changed,
            links=links,
        )

    def _page_url(self, path: str, limit: int, after: str) -> str:
        pairs = {"after": after, "limit": "" if limit == MOST else str(limit)}
        query = urlencode({name: text for name, text in pairs.items() if text})
        return self.desk.masthead.url(f"{path}{'?' if query else ''}{query}")

    def _category(
        self,
        edition: Edition,
        category: Category,
        census: Census,
        aliases: Mapping[str, Sequence[str]],
    ) -> Mapping[str, object]:
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
