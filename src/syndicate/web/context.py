"""What every audience is answered from, and how an answer is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndicate.errors import Rendering
from syndicate.feeds import FeedCache, Representation
from syndicate.feeds.feed_location import FeedLocation, resolve_feed
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.link import Link
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger_cursor import Services
from syndicate.model.post import Post, RenderedPosts
from syndicate.model.query import Query, parse_query
from syndicate.web.document_cache import BuildDocument, DocumentCache
from syndicate.web.feed_directory import PostCounts, PostCountsCache
from syndicate.web.http.conditional_response import conditional_response
from syndicate.web.http.redirects import redirect_response
from syndicate.web.http_policy import NO_CACHE, HttpPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """The reader, what it is printed with, who speaks, and how it may be kept."""

    reader: Services
    feed_cache: FeedCache
    service_info: ServiceInfo
    policy: HttpPolicy
    document_cache: DocumentCache = field(default_factory=DocumentCache)
    post_counts_cache: PostCountsCache = field(default_factory=PostCountsCache)

    @property
    def edition(self) -> Edition:
        """The edition to serve now; raises `NotReady` before the first."""
        return self.reader.edition

    def query(self, request: Request) -> Query:
        """Read the query of ``request``; raises `UsageError` with what is allowed."""
        return parse_query(request.query_params.multi_items(), self.edition)

    def post_counts(self, edition: Edition) -> PostCounts:
        """Return how many posts each source and category of ``edition`` has."""
        return self.post_counts_cache.get(edition)

    def next_url(self, path: str, limit: int, after: str | None) -> str | None:
        """Return where a list at ``path`` goes on after a cursor, None if it does not."""
        if after is None:
            return None
        return self.service_info.url(f"{path}?{Query(limit=limit, after=after).canonical()}")

    def redirect_to_canonical(
        self, request: Request, name: str, suffix: str
    ) -> RedirectResponse | None:
        """Send ``request`` on if the feed it calls ``name`` has another address; else None.

        Raises `UnknownName` where no feed is called so in any spelling.
        """
        location = resolve_feed(self.edition, name)
        if location == FeedLocation(name):
            return None
        return redirect_response(
            self.service_info,
            self.policy,
            location.url(self.service_info, suffix),
            raw_query(request),
        )

    async def respond_with_document(
        self,
        request: Request,
        key: tuple[str, ...],
        build: BuildDocument,
        headers: Mapping[str, str] = {},
    ) -> Response:
        """Answer with the document that ``make`` makes once per edition under ``address``."""
        return self.respond(request, await self.document(key, build), headers)

    async def document(self, key: tuple[str, ...], build: BuildDocument) -> Representation:
        """Return what ``make`` makes of the edition; kept under ``address`` until the next."""
        return await self.document_cache.get(self.edition, key, build)

    def respond(
        self,
        request: Request,
        representation: Representation,
        headers: Mapping[str, str] = {},
    ) -> Response:
        """Answer with ``representation``, which anybody may keep unless it is provisional."""
        cache_control = NO_CACHE if representation.is_provisional else self.policy.cache_control
        return conditional_response(
            request, representation, cache_control=cache_control, headers=headers
        )

    async def rendered_posts(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` as they are or were last; raises `RenderResult` where one never was."""
        rendered = await self.reader.render_posts_in_time(posts, edition)
        if rendered.unrendered:
            raise Rendering.of(len(rendered.unrendered))
        return rendered

    def alternate_links(self, location: FeedLocation) -> tuple[Link, ...]:
        """Return links to every format of a feed."""
        return tuple(
            Link(
                rel="alternate",
                href=location.url(self.service_info, f".{form.name}"),
                type=form.media_type.partition(";")[0],
            )
            for form in FORMATS.values()
        )


def raw_query(request: Request) -> str:
    """Return the query string of ``request`` as it was sent."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")
