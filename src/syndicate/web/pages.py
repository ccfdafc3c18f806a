"""For people: the directory, every feed and post to read, and what this is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.formats import FORMATS
from syndicate.formats.link import Link
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import Masthead
from syndicate.model.post import Item, Key
from syndicate.model.query import Query
from syndicate.model.view import View, compose, last_modified, view
from syndicate.render.page import (
    Address,
    Listing,
    about_page,
    directory_page,
    feed_page,
    page_policy,
    post_page,
)
from syndicate.representation import Representation, provisional, represent
from syndicate.representation.address import Place, category_place, source_place
from syndicate.web.desk import Desk
from syndicate.web.directory import Entry, directory
from syndicate.web.documents import Make
from syndicate.web.former import redirect
from syndicate.web.narrowing import narrowing

_HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Answers with pages; each is made once per edition."""

    desk: Desk

    def routes(self) -> list[Route]:
        """Return the routes; the last of them matches whatever is no format of a feed."""
        return [
            Route("/", self.directory),
            Route("/about", self.about),
            Route("/posts/{key}", self.post),
            Route("/feeds", self.feeds),
            Route("/feeds/{name:path}", self.feed),
        ]

    async def directory(self, request: Request) -> Response:
        """Answer with every feed there is."""

        async def make(edition: Edition) -> Representation:
            groups = [
                (group.title, [self._listing(entry) for entry in group.entries])
                for group in directory(edition)
            ]
            return self._service_page(edition, "/", directory_page(self.desk.masthead, groups))

        return await self._answer(request, ("/",), make)

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
