"""HTML pages: directory, feeds, posts, categories and About."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.feeds import Representation, as_provisional, make_representation
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.link import Link
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import (
    FeedLocation,
    FeedView,
    ServiceInfo,
    build_feed,
    build_feed_view,
    category_location,
    last_modified,
    source_location,
)
from syndicate.model.pagination import paginate_names
from syndicate.model.post import Post, PostKey, RenderedPost
from syndicate.model.query import MAX_LIMIT, Query
from syndicate.render.pages.html_pages import (
    FeedGroup,
    FeedLink,
    FeedSummary,
    about_page,
    categories_page,
    content_security_policy,
    directory_page,
    feed_page,
    post_page,
)
from syndicate.web.context import BuildDocument, WebContext, raw_query, service_links
from syndicate.web.feed_directory import (
    DirectoryEntry,
    category_entry,
    feed_directory,
    feed_filters,
    source_entry,
)
from syndicate.web.http.content_negotiation import PAGE, accepts_html, preferred_format
from syndicate.web.http.redirects import redirect_response
from syndicate.web.http_policy import NO_STORE

_HTML: Final = "text/html; charset=utf-8"

_MAX_LISTED: Final = 100
"""Sources and categories that the directory shows: a page of some 250 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Handles pages, each of which is built once per edition."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the routes; the last one matches everything that is not a format of a feed."""
        return [
            Route("/", self.directory),
            Route("/about", self.about),
            Route("/categories", self.categories),
            Route("/posts/{key}", self.post),
            Route("/feeds", self.redirect_to_directory),
            Route("/feeds/{name:path}", self.feed),
        ]

    async def directory(self, request: Request) -> Response:
        """Respond with the directory of all feeds, without categories with few posts."""

        async def build(edition: Edition) -> Representation:
            text = await asyncio.to_thread(self._directory_html, edition)
            return self._service_page(edition, "/", text)

        return await self._respond(request, ("/",), build)

    def _directory_html(self, edition: Edition) -> str:
        groups = feed_directory(
            edition,
            self.context.post_counts(edition),
            max_sources=_MAX_LISTED,
            max_categories=_MAX_LISTED,
        )
        feed_groups = [
            FeedGroup(
                title=group.title,
                feeds=tuple(map(self._feed_summary, group.entries)),
                total=group.total,
            )
            for group in groups
        ]
        return directory_page(self.context.service_info, feed_groups)

    async def categories(self, request: Request) -> Response:
        """Respond with a page of the list of all categories, by slug."""
        after = request.query_params.get("after", "")

        async def build(edition: Edition) -> Representation:
            text = await asyncio.to_thread(self._categories_html, edition, after)
            path = f"/categories?{urlencode({'after': after})}" if after else "/categories"
            return self._service_page(edition, path, text)

        return await self._respond(request, ("/categories", after), build)

    def _categories_html(self, edition: Edition, after: str) -> str:
        slugs, next_after = paginate_names(edition.category_slugs, after, MAX_LIMIT)
        post_counts = self.context.post_counts(edition)
        categories = map(edition.category_by_slug, slugs)
        return categories_page(
            self.context.service_info,
            [
                self._feed_summary(category_entry(edition, category, post_counts))
                for category in categories
            ],
            total=len(edition.category_slugs),
            after=after,
            next_after=next_after or "",
        )

    async def about(self, request: Request) -> Response:
        """Respond with the page about the service."""

        async def build(edition: Edition) -> Representation:
            text = about_page(
                self.context.service_info,
                sources=edition.sources,
                links=self._feed_links(FeedLocation(ALL)),
            )
            return self._service_page(edition, "/about", text)

        return await self._respond(request, ("/about",), build)

    async def redirect_to_directory(self, _: Request) -> Response:
        """Redirect the URL of a feed without its name to the directory."""
        return redirect_response(self.context.service_info, self.context.policy, "/")

    async def feed(self, request: Request) -> Response:
        """Respond with the page of a feed, or 302 to the format that the client prefers.

        301 to the canonical name comes first. Shared caches may store the page only where the
        request names HTML: those that ignore Vary would send the page to feed readers.
        """
        name: str = request.path_params["name"]
        edition = self.context.edition
        redirection = self.context.redirect_to_canonical(request, edition, name, "")
        if redirection is not None:
            return redirection
        accept = ",".join(request.headers.getlist("accept"))
        format_name = preferred_format(accept)
        if format_name != PAGE:
            return self._redirect_to_format(request, name, format_name)
        query = self.context.query(request, edition)

        async def build(edition: Edition) -> Representation:
            return await self._feed_representation(edition, build_feed_view(edition, name, query))

        response = await self._respond(request, ("/feeds", name, query.canonical()), build)
        response.headers["Vary"] = "Accept, Accept-Encoding"
        if not accepts_html(accept):
            response.headers["Cache-Control"] = NO_STORE
        return response

    def _redirect_to_format(self, request: Request, name: str, format_name: str) -> Response:
        """Return 302 to a format of the feed; no cache may store the choice of one client."""
        service_info = self.context.service_info
        url = FeedLocation(name).url(service_info, f".{format_name}")
        response = redirect_response(
            service_info, self.context.policy, url, raw_query(request), status=HTTPStatus.FOUND
        )
        response.headers.update({"Cache-Control": NO_STORE, "Vary": "Accept"})
        return response

    async def _feed_representation(self, edition: Edition, feed_view: FeedView) -> Representation:
        context = self.context
        rendered = await context.reader.render_posts_in_time(feed_view.page.posts, edition)
        items = rendered.items
        feed = build_feed(edition, feed_view, context.service_info, items)
        unfiltered = edition.select(feed_view.named_feed.selection)
        location = FeedLocation(feed.name, feed.first_query)
        text = feed_page(
            feed,
            description=feed_view.named_feed.description,
            total=len(feed_view.posts),
            unfiltered_total=len(unfiltered),
            links=self._feed_links(location),
            filters=feed_filters(edition, unfiltered, feed_view.query),
            category_urls=_category_urls(edition, context.service_info, items),
            unrendered=rendered.unrendered,
        )
        links = (Link(rel="canonical", href=feed.url("")), *context.alternate_links(location))
        representation = _html_representation(text, last_modified(edition, feed_view), links)
        return representation if rendered.is_current else as_provisional(representation)

    async def post(self, request: Request) -> Response:
        """Respond with one post as it is syndicated."""
        key = PostKey(request.path_params["key"])

        async def build(edition: Edition) -> Representation:
            post = edition.post(key)
            part = edition.snapshot(post.source)
            rendered = await self.context.reader.render_posts_in_time([post], edition)
            items = rendered.items
            service_info = self.context.service_info
            text = post_page(
                service_info,
                items[0],
                part.source,
                source_feed_url=source_location(edition, post.source).url(service_info),
                category_urls=_category_urls(edition, service_info, items),
                feeds=self._feeds_of_post(edition, post),
                is_rendered=not rendered.unrendered,
            )
            links = (
                Link(rel="canonical", href=post.url),
                Link(
                    rel="alternate",
                    href=service_info.url(f"/v1/posts/{key}"),
                    type="application/json",
                ),
            )
            changed = max(post.updated, part.committed)
            representation = _html_representation(text, changed, links)
            return representation if rendered.is_current else as_provisional(representation)

        return await self._respond(request, ("/posts", key), build, {"X-Robots-Tag": "noindex"})

    def _feeds_of_post(self, edition: Edition, post: Post) -> tuple[FeedSummary, ...]:
        """Return the feeds of the source and of the categories of ``post``."""
        counts = self.context.post_counts(edition)
        source = edition.snapshot(post.source).source
        entries = (
            source_entry(edition, source, counts),
            *(
                category_entry(edition, edition.category_by_slug(category.slug), counts)
                for category in post.categories
            ),
        )
        return tuple(map(self._feed_summary, entries))

    async def _respond(
        self,
        request: Request,
        key: tuple[str, ...],
        build: BuildDocument,
        headers: Mapping[str, str] = {},
    ) -> Response:
        headers = {
            "Content-Security-Policy": content_security_policy(self.context.service_info),
            **headers,
        }
        return await self.context.respond_with_document(request, key, build, headers)

    def _service_page(self, edition: Edition, path: str, text: str) -> Representation:
        links = (
            Link(rel="canonical", href=self.context.service_info.url(path)),
            *self.context.alternate_links(FeedLocation(ALL)),
            *service_links(self.context.service_info),
        )
        changed = last_modified(edition, build_feed_view(edition, ALL, Query()))
        return _html_representation(text, changed, links)

    def _feed_summary(self, entry: DirectoryEntry) -> FeedSummary:
        newest = entry.stats.newest
        return FeedSummary(
            title=entry.title,
            description=entry.description,
            url=entry.location.url(self.context.service_info),
            posts=entry.stats.posts,
            latest=newest.date() if newest else None,
            links=self._feed_links(entry.location),
        )

    def _feed_links(self, location: FeedLocation) -> tuple[FeedLink, ...]:
        return tuple(
            FeedLink(title=form.title, type=link.type, url=link.href)
            for form, link in zip(
                FORMATS.values(), self.context.alternate_links(location), strict=True
            )
        )


def _html_representation(text: str, changed: datetime, links: Iterable[Link]) -> Representation:
    return make_representation(text.encode(), media_type=_HTML, last_modified=changed, links=links)


def _category_urls(
    edition: Edition, service_info: ServiceInfo, items: Iterable[RenderedPost]
) -> dict[str, str]:
    """Return the URLs of the pages of all categories of ``items``, by slug."""
    slugs = {category.slug for item in items for category in item.post.categories}
    return {slug: category_location(edition, slug).url(service_info) for slug in slugs}
