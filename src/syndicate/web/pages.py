"""For people: the directory, every feed and post to read, and what this is."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.formats import FORMATS
from syndicate.formats.link import Link
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import Masthead
from syndicate.model.page import names_after
from syndicate.model.post import Item, Key
from syndicate.model.query import MOST, Query
from syndicate.model.view import View, compose, last_modified, view
from syndicate.render.page import (
    Address,
    FeedGroup,
    Listing,
    about_page,
    categories_page,
    directory_page,
    feed_page,
    page_policy,
    post_page,
)
from syndicate.representation import Representation, provisional, represent
from syndicate.representation.address import Place, category_place, source_place
from syndicate.web.desk import Desk
from syndicate.web.directory import Entry, category_entry, directory
from syndicate.web.documents import Make
from syndicate.web.former import redirect
from syndicate.web.narrowing import narrowing

_HTML: Final = "text/html; charset=utf-8"

_MAX_LISTED: Final = 100
"""Sources, and categories, that the directory shows: some 250 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Answers with pages; each is made once per edition."""

    desk: Desk

    def routes(self) -> list[Route]:
        """Return the routes; the last of them matches whatever is no format of a feed."""
        return [
            Route("/", self.directory),
            Route("/about", self.about),
            Route("/categories", self.categories),
            Route("/posts/{key}", self.post),
            Route("/feeds", self.feeds),
            Route("/feeds/{name:path}", self.feed),
        ]

    async def directory(self, request: Request) -> Response:
        """Answer with every feed there is but those of categories with few posts."""

        async def make(edition: Edition) -> Representation:
            text = await asyncio.to_thread(self._directory, edition)
            return self._service_page(edition, "/", text)

        return await self._answer(request, ("/",), make)

    def _directory(self, edition: Edition) -> str:
        groups = directory(
            edition,
            self.desk.census(edition),
            max_sources=_MAX_LISTED,
            max_categories=_MAX_LISTED,
        )
        shown = [
            FeedGroup(
                title=group.title,
                listings=tuple(map(self._listing, group.entries)),
                total=group.total,
            )
            for group in groups
        ]
        return directory_page(self.desk.masthead, shown)

    async def categories(self, request: Request) -> Response:
        """Answer with a page of all categories, by slug."""
        after = request.query_params.get("after", "")

        async def make(edition: Edition) -> Representation:
            text = await asyncio.to_thread(self._categories, edition, after)
            path = f"/categories?{urlencode({'after': after})}" if after else "/categories"
            return self._service_page(edition, path, text)

        return await self._answer(request, ("/categories", after), make)

    def _categories(self, edition: Edition, after: str) -> str:
        slugs, following = names_after(edition.category_slugs, after, MOST)
        census = self.desk.census(edition)
        categories = map(edition.category_of, slugs)
        return categories_page(
            self.desk.masthead,
            [self._listing(category_entry(edition, one, census)) for one in categories],
            total=len(edition.category_slugs),
            after=after,
            following=following or "",
        )

    async def about(self, request: Request) -> Response:
        """Answer with what this is."""

        async def make(edition: Edition) -> Representation:
            text = about_page(
                self.desk.masthead,
                sources=edition.sources,
                formats=self._addresses(Place(ALL)),
            )
            return self._service_page(edition, "/about", text)

        return await self._answer(request, ("/about",), make)

    async def feeds(self, _: Request) -> Response:
        """Send on whoever shortened the address of a feed."""
        return redirect(self.desk.masthead, self.desk.policy, "/")

    async def feed(self, request: Request) -> Response:
        """Answer with a feed to read; 308 to its own name if it was asked for by another."""
        name: str = request.path_params["name"]
        other = self.desk.elsewhere(request, name, "")
        if other is not None:
            return other
        query = self.desk.query(request)

        async def make(edition: Edition) -> Representation:
            return await self._feed(edition, view(edition, name, query))

        return await self._answer(request, ("/feeds", name, query.canonical()), make)

    async def _feed(self, edition: Edition, seen: View) -> Representation:
        desk = self.desk
        rendered = await desk.reader.rendered(seen.page.posts, edition)
        items = rendered.items
        feed = compose(edition, seen, desk.masthead, items)
        whole = edition.select(seen.named.selection)
        place = Place(feed.name, feed.first_query)
        text = feed_page(
            feed,
            description=seen.named.description,
            total=len(seen.posts),
            whole=len(whole),
            addresses=self._addresses(place),
            narrowing=narrowing(edition, whole, seen.query),
            homes=_homes(edition, desk.masthead, items),
            unrendered=rendered.unrendered,
        )
        links = (Link(rel="canonical", href=feed.url("")), *desk.alternates(place))
        made = _html(text, last_modified(edition, seen), links)
        return made if rendered.is_current else provisional(made)

    async def post(self, request: Request) -> Response:
        """Answer with one post as it is syndicated."""
        key = Key(request.path_params["key"])

        async def make(edition: Edition) -> Representation:
            post = edition.post(key)
            part = edition.part(post.source)
            rendered = await self.desk.reader.rendered([post], edition)
            items = rendered.items
            masthead = self.desk.masthead
            text = post_page(
                masthead,
                items[0],
                part.source,
                river=source_place(edition, post.source).url(masthead),
                homes=_homes(edition, masthead, items),
                is_rendered=not rendered.unrendered,
            )
            links = (
                Link(rel="canonical", href=post.url),
                Link(
                    rel="alternate",
                    href=masthead.url(f"/v1/posts/{key}"),
                    type="application/json",
                ),
            )
            changed = max(post.updated, part.committed)
            made = _html(text, changed, links)
            return made if rendered.is_current else provisional(made)

        return await self._answer(request, ("/posts", key), make, {"X-Robots-Tag": "noindex"})

    async def _answer(
        self,
        request: Request,
        address: tuple[str, ...],
        make: Make,
        headers: Mapping[str, str] = {},
    ) -> Response:
        headers = {"Content-Security-Policy": page_policy(), **headers}
        return await self.desk.answer(request, address, make, headers)

    def _service_page(self, edition: Edition, path: str, text: str) -> Representation:
        links = (
            Link(rel="canonical", href=self.desk.masthead.url(path)),
            *self.desk.alternates(Place(ALL)),
        )
        changed = last_modified(edition, view(edition, ALL, Query()))
        return _html(text, changed, links)

    def _listing(self, entry: Entry) -> Listing:
        newest = entry.tally.newest
        return Listing(
            title=entry.title,
            description=entry.description,
            url=entry.place.url(self.desk.masthead),
            posts=entry.tally.posts,
            newest=newest.date() if newest else None,
            addresses=self._addresses(entry.place),
        )

    def _addresses(self, place: Place) -> tuple[Address, ...]:
        return tuple(
            Address(title=form.title, type=link.type, url=link.href)
            for form, link in zip(FORMATS.values(), self.desk.alternates(place), strict=True)
        )


def _html(text: str, changed: datetime, links: Iterable[Link]) -> Representation:
    return represent(text.encode(), media_type=_HTML, last_modified=changed, links=links)


def _homes(edition: Edition, masthead: Masthead, items: Iterable[Item]) -> dict[str, str]:
    """Return the addresses of the pages of all categories of ``items``, by slug."""
    slugs = {category.slug for item in items for category in item.post.categories}
    return {slug: category_place(edition, slug).url(masthead) for slug in slugs}
