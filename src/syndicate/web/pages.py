"""HTML pages about all feeds: the first page, search, categories and About."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.feeds import Representation, as_provisional
from syndicate.feeds.formats.link import Link
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import FeedLocation, build_feed_view, last_modified
from syndicate.model.pagination import paginate_names, previous_name_cursor
from syndicate.model.query import MAX_LIMIT, Query
from syndicate.model.search import SearchTerms
from syndicate.render.pages.html_pages import (
    FeedGroup,
    PostCard,
    about_page,
    categories_page,
    directory_page,
    search_page,
)
from syndicate.web.context import WebContext, service_links
from syndicate.web.feed_directory import category_entry, feed_directory, largest_categories
from syndicate.web.html_responses import feed_links, feed_summary, html_representation
from syndicate.web.post_cards import image_origins, post_cards
from syndicate.web.search import search_posts, search_query, search_terms

_MAX_SOURCES: Final = 100
_MAX_CATEGORIES: Final = 10
_NEWEST_POSTS: Final = 6
"""What the first page shows: two rows of posts, and those feeds that have the most posts."""

_RESULTS_PER_PAGE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Handles pages about all feeds, each of which is built once per edition."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.directory),
            Route("/about", self.about),
            Route("/categories", self.categories),
        ]

    async def directory(self, request: Request) -> Response:
        """Respond with the newest posts and all feeds, or with the results of a search."""
        terms = search_terms(request)
        if terms is not None:
            return await self._search(request, terms)

        async def build(edition: Edition) -> Representation:
            service_info = self.context.service_info
            newest = edition.posts[:_NEWEST_POSTS]
            rendered = await self.context.reader.render_posts_in_time(newest, edition)
            cards = post_cards(edition, service_info, rendered)
            text = await asyncio.to_thread(self._directory_html, edition, cards)
            page = self._service_page(edition, "/", text, image_origins(edition, newest))
            return page if rendered.is_current else as_provisional(page)

        return await self.context.respond_with_document(request, ("/",), build)

    def _directory_html(self, edition: Edition, cards: Sequence[PostCard]) -> str:
        post_counts = self.context.post_counts(edition)
        groups = feed_directory(edition, post_counts, max_sources=_MAX_SOURCES, max_categories=0)
        largest = largest_categories(edition, post_counts, _MAX_CATEGORIES)
        return directory_page(
            self.context.service_info,
            [
                FeedGroup(
                    title=group.title,
                    feeds=tuple(feed_summary(self.context, entry) for entry in group.entries),
                    total=group.total,
                )
                for group in groups
            ],
            cards=cards,
            categories=[feed_summary(self.context, entry) for entry in largest],
            total_categories=len(edition.category_slugs),
        )

    async def _search(self, request: Request, terms: SearchTerms) -> Response:
        """Respond with the posts that contain ``terms``, the newest first."""
        given = [pair for pair in request.query_params.multi_items() if pair[1].strip()]
        has_limit = any(name == "limit" for name, _ in given)
        query = self.context.query(request, self.context.edition)
        if not has_limit:
            query = replace(query, limit=_RESULTS_PER_PAGE)

        async def build(edition: Edition) -> Representation:
            return await self._search_representation(edition, query, terms)

        key = ("/", search_query(terms, query.canonical()))
        return await self.context.respond_with_document(request, key, build)

    async def _search_representation(
        self, edition: Edition, query: Query, terms: SearchTerms
    ) -> Representation:
        reader, service_info = self.context.reader, self.context.service_info
        found = await search_posts(reader.search, edition, query, terms)
        page = found.view.page
        rendered = await reader.render_posts_in_time(page.posts, edition)
        excerpts = await reader.search.excerpts(terms, page.posts)

        def url(cursor: str | None) -> str:
            if cursor is None:
                return ""
            return service_info.url(f"/?{search_query(terms, query.canonical(after=cursor))}")

        text = search_page(
            service_info,
            terms.text,
            post_cards(edition, service_info, rendered, excerpts=excerpts),
            total=len(found.view.posts),
            is_complete=found.is_complete,
            first_url=url("") if query.after else "",
            previous_url=url(page.previous_cursor),
            next_url=url(page.next_cursor),
        )
        links = [Link(rel="canonical", href=url(query.after))]
        origins = image_origins(edition, page.posts)
        representation = html_representation(service_info, text, None, links, origins)
        is_current = rendered.is_current and found.is_complete
        return representation if is_current else as_provisional(representation)

    async def categories(self, request: Request) -> Response:
        """Respond with a page of the list of all categories, by slug."""
        after = request.query_params.get("after", "")

        async def build(edition: Edition) -> Representation:
            text = await asyncio.to_thread(self._categories_html, edition, after)
            return self._service_page(edition, _categories_path(after), text)

        return await self.context.respond_with_document(request, ("/categories", after), build)

    def _categories_html(self, edition: Edition, after: str) -> str:
        service_info = self.context.service_info
        slugs, next_after = paginate_names(edition.category_slugs, after, MAX_LIMIT)
        previous = previous_name_cursor(edition.category_slugs, after, MAX_LIMIT)
        post_counts = self.context.post_counts(edition)
        categories = map(edition.category_by_slug, slugs)
        return categories_page(
            service_info,
            [
                feed_summary(self.context, category_entry(edition, category, post_counts))
                for category in categories
            ],
            total=len(edition.category_slugs),
            after=after,
            next_after=next_after or "",
            previous_url="" if previous is None else service_info.url(_categories_path(previous)),
        )

    async def about(self, request: Request) -> Response:
        """Respond with the page about the service."""

        async def build(edition: Edition) -> Representation:
            text = about_page(
                self.context.service_info,
                sources=edition.sources,
                links=feed_links(self.context, FeedLocation(ALL)),
            )
            return self._service_page(edition, "/about", text)

        return await self.context.respond_with_document(request, ("/about",), build)

    def _service_page(
        self, edition: Edition, path: str, text: str, origins: tuple[str, ...] = ()
    ) -> Representation:
        service_info = self.context.service_info
        links = (
            Link(rel="canonical", href=service_info.url(path)),
            *self.context.alternate_links(FeedLocation(ALL)),
            *service_links(service_info),
        )
        changed = last_modified(edition, build_feed_view(edition, ALL, Query()))
        return html_representation(service_info, text, changed, links, origins)


def _categories_path(after: str) -> str:
    return f"/categories?{urlencode({'after': after})}" if after else "/categories"
