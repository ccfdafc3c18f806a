"""HTML pages of feeds and of single posts."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.feeds import Representation, as_provisional
from syndicate.feeds.formats.link import Link
from syndicate.model.edition import Edition
from syndicate.model.feed import (
    FeedLocation,
    FeedView,
    build_feed,
    build_feed_view,
    last_modified,
    source_location,
)
from syndicate.model.post import Post, PostKey
from syndicate.render.pages.html_pages import FeedSummary, feed_page, post_page
from syndicate.render.pages.translations import page_language, words_in
from syndicate.web.context import WebContext, raw_query
from syndicate.web.feed_directory import category_entry, feed_filters, source_entry
from syndicate.web.html_responses import feed_links, feed_summary, html_representation
from syndicate.web.http.content_negotiation import PAGE, accepts_html, preferred_format
from syndicate.web.http.redirects import redirect_response
from syndicate.web.http_policy import NO_STORE
from syndicate.web.post_cards import image_origins, post_cards


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPages:
    """Handles pages of feeds and posts, each of which is built once per edition."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the routes; the last one matches everything that is not a format of a feed."""
        return [
            Route("/posts/{key}", self.post),
            Route("/feeds", self.redirect_to_directory),
            Route("/feeds/{name:path}", self.feed),
        ]

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

        key = ("/feeds", name, query.canonical())
        response = await self.context.respond_with_document(request, key, build)
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
        context, page = self.context, feed_view.page
        rendered = await context.reader.render_posts_in_time(page.posts, edition)
        unfiltered = edition.select(feed_view.named_feed.selection)
        language = _reader_language(feed_view, unfiltered)
        words = words_in(page_language(language))
        feed = build_feed(edition, feed_view, context.service_info, rendered.items, words=words)
        location = FeedLocation(feed.name, feed.first_query)
        is_carousel = feed_view.selection.carousel is True
        text = feed_page(
            feed,
            post_cards(edition, context.service_info, rendered, is_carousel=is_carousel),
            description=feed_view.named_feed.description,
            total=len(feed_view.posts),
            unfiltered_total=len(unfiltered),
            links=feed_links(context, location),
            filters=feed_filters(edition, unfiltered, feed_view.query),
            is_carousel=is_carousel,
            previous_query=feed.previous_query,
            language=language,
        )
        links = [Link(rel="canonical", href=feed.url("")), *context.alternate_links(location)]
        if feed.previous_query is not None:
            links.append(Link(rel="prev", href=feed.url("", feed.previous_query)))
        representation = html_representation(
            context.service_info,
            text,
            last_modified(edition, feed_view),
            links,
            image_origins(edition, page.posts),
        )
        return representation if rendered.is_current else as_provisional(representation)

    async def post(self, request: Request) -> Response:
        """Respond with one post as it is syndicated."""
        key = PostKey(request.path_params["key"])

        async def build(edition: Edition) -> Representation:
            return await self._post_representation(edition, edition.post(key))

        return await self.context.respond_with_document(
            request, ("/posts", key), build, {"X-Robots-Tag": "noindex"}
        )

    async def _post_representation(self, edition: Edition, post: Post) -> Representation:
        service_info, snapshot = self.context.service_info, edition.snapshot(post.source)
        rendered = await self.context.reader.render_posts_in_time([post], edition)
        (item,) = rendered.items
        (card,) = post_cards(edition, service_info, rendered)
        origins = image_origins(edition, [post])
        text = post_page(
            service_info,
            item,
            card,
            snapshot.source,
            source_feed_url=source_location(edition, post.source).url(service_info),
            image_origins=origins,
            feeds=self._feeds_of_post(edition, post),
        )
        api_url = service_info.url(f"/v1/posts/{post.key}")
        links = (
            Link(rel="canonical", href=post.url),
            Link(rel="alternate", href=api_url, type="application/json"),
        )
        changed = max(post.updated, snapshot.committed)
        representation = html_representation(service_info, text, changed, links, origins)
        return representation if rendered.is_current else as_provisional(representation)

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
        return tuple(feed_summary(self.context, entry) for entry in entries)


def _reader_language(feed_view: FeedView, unfiltered: Sequence[Post]) -> str:
    """Return the language that the readers of a feed chose, empty for several.

    That is the one of the query, else of all posts of the feed: filters by anything else do not
    change the language of the page.
    """
    tags = feed_view.selection.languages or {post.language for post in unfiltered}
    languages = {tag.partition("-")[0].lower() for tag in tags}
    if not languages:
        return feed_view.language
    return languages.pop() if len(languages) == 1 else ""
