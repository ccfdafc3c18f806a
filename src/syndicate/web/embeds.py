"""Embeds: a feed as a page for an iframe, and the script of the element ``syndicate-feed``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import UsageError
from syndicate.feeds import Representation, as_provisional, make_representation, with_headers
from syndicate.feeds.feed_location import resolve_feed
from syndicate.feeds.formats.link import Link
from syndicate.model.edition import Edition
from syndicate.model.feed import Feed, FeedLocation, build_feed, build_feed_view, last_modified
from syndicate.model.query import Query, parse_query
from syndicate.render.pages.embed_pages import (
    EmbedLayout,
    EmbedOptions,
    EmbedTheme,
    embed_page,
    embed_script,
    embed_security_policy,
)
from syndicate.render.pages.page_fragment import origin
from syndicate.render.pages.translations import page_language, words_in
from syndicate.web.context import WebContext, raw_query
from syndicate.web.http.redirects import redirect_response

MAX_EMBED_POSTS: Final = 20
DEFAULT_EMBED_POSTS: Final = 5
_MAX_HEADING: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeds:
    """Handles /embed and /embed.js."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/embed.js", self.script), Route("/embed/{name:path}.html", self.embed)]

    async def script(self, request: Request) -> Response:
        """Respond with the script that defines the element ``syndicate-feed``."""

        async def build(_: Edition) -> Representation:
            return make_representation(
                embed_script().encode(),
                media_type="text/javascript; charset=utf-8",
                last_modified=None,
            )

        return await self.context.respond_with_document(request, ("/embed.js",), build)

    async def embed(self, request: Request) -> Response:
        """Respond with the newest posts of a feed as a page that any site may frame."""
        name: str = request.path_params["name"]
        context, edition = self.context, self.context.edition
        location = resolve_feed(edition, name)
        if location != FeedLocation(name):
            target = embed_path(location)
            return redirect_response(
                context.service_info, context.policy, target, raw_query(request)
            )
        query, options = parse_embed(request.query_params.multi_items(), edition)

        async def build(edition: Edition) -> Representation:
            return await self._representation(edition, name, query, options)

        key = ("/embed", name, query.canonical(), repr(options))
        return await context.respond_with_document(request, key, build, {"X-Robots-Tag": "noindex"})

    async def _representation(
        self, edition: Edition, name: str, query: Query, options: EmbedOptions
    ) -> Representation:
        context = self.context
        view = build_feed_view(edition, name, query)
        rendered = await context.reader.render_posts_in_time(view.page.posts, edition)
        words = words_in(page_language(view.language))
        feed = build_feed(edition, view, context.service_info, rendered.items, words=words)
        representation = make_representation(
            embed_page(feed, options).encode(),
            media_type="text/html; charset=utf-8",
            last_modified=last_modified(edition, view),
            links=[Link(rel="canonical", href=feed.url(""))],
        )
        policy = embed_security_policy(_image_origins(feed))
        representation = with_headers(representation, {"Content-Security-Policy": policy})
        return representation if rendered.is_current else as_provisional(representation)


def embed_path(location: FeedLocation) -> str:
    """Return the path of the embed of a feed, with the query that selects the feed."""
    path = f"/embed/{location.name}.html"
    return f"{path}?{location.query}" if location.query else path


def parse_embed(pairs: Iterable[tuple[str, str]], edition: Edition) -> tuple[Query, EmbedOptions]:
    """Parse the query of an embed: that of a feed, with options of the presentation.

    Empty values count as not given. Raises `UsageError`, which lists the valid values.
    """
    given = [(name, text.strip()) for name, text in pairs if text.strip()]
    values = {name: text for name, text in given if name in _OPTION_CHOICES}
    has_limit = any(name == "limit" for name, _ in given)
    default = [] if has_limit else [("limit", str(DEFAULT_EMBED_POSTS))]
    query = parse_query([*given, *default], edition, max_limit=MAX_EMBED_POSTS)
    for name, text in values.items():
        if text not in _OPTION_CHOICES[name]:
            raise UsageError(
                f"{name} cannot be {text!r}",
                code="malformed-parameter",
                hint=f"Give one of {', '.join(_OPTION_CHOICES[name])}.",
                choices=_OPTION_CHOICES[name],
            )
    return query, EmbedOptions(
        heading=int(values.get("heading", "2")),
        summary=values.get("summary") != "false",
        image=values.get("image") != "false",
        date=values.get("date") != "false",
        theme=cast("EmbedTheme", values.get("theme", "auto")),
        layout=cast("EmbedLayout", values.get("layout", "list")),
    )


_BOOLEANS: Final = ("true", "false")
_OPTION_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "heading": tuple(map(str, range(1, _MAX_HEADING + 1))),
    "summary": _BOOLEANS,
    "image": _BOOLEANS,
    "date": _BOOLEANS,
    "theme": get_args(EmbedTheme),
    "layout": get_args(EmbedLayout),
}


def _image_origins(feed: Feed) -> tuple[str, ...]:
    """Return the origins of the images of ``feed``, in ascending order (RFC 6454)."""
    urls = [item.image.url for item in feed.items if item.image]
    urls += [item.card.image for item in feed.items if item.card]
    return tuple(sorted({origin(url) for url in urls if url}))
