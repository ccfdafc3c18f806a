"""The JSON API: posts, categories, sources and their problems."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import NotReady
from syndicate.feeds import Representation, as_provisional, make_representation
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.link import Link
from syndicate.feeds.formats.text import rfc3339
from syndicate.model.category import Category
from syndicate.model.edition import ALL, Edition, Problem
from syndicate.model.feed import (
    FeedLocation,
    FeedView,
    build_feed_view,
    category_location,
    last_modified,
    source_location,
)
from syndicate.model.pagination import malformed_cursor, paginate_names
from syndicate.model.post import PostKey, Source
from syndicate.model.query import MAX_LIMIT, Query, parse_limit
from syndicate.model.search import SearchTerms
from syndicate.web.context import WebContext
from syndicate.web.feed_directory import PostCounts
from syndicate.web.http.auth import (
    EDITORS,
    AuthenticatedRoute,
    authenticated_route,
    json_response,
)
from syndicate.web.http.conditional_response import conditional_response
from syndicate.web.http_policy import NO_CACHE
from syndicate.web.search import search_posts, search_query, search_terms

_MEDIA_TYPE: Final = "application/json"
_JSON_FEED: Final = FORMATS["json"]


def _page_parameters(request: Request) -> tuple[int, str]:
    """Return limit, by default the maximum, and cursor of a list; raises `UsageError`."""
    parameters = request.query_params
    return parse_limit(
        {"limit": parameters.get("limit", "").strip() or str(MAX_LIMIT)}
    ), parameters.get("after", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Handles /v1; lists are ``{"items": […], "next_url": URL or null}``."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/v1/posts", self.posts),
            Route("/v1/posts/{key}", self.post),
            Route("/v1/categories", self.categories),
            Route("/v1/sources", self.sources),
        ]

    async def posts(self, request: Request) -> Response:
        """Respond with a page of posts, filtered by the query language of feeds."""
        query = self.context.query(request, self.context.edition)
        terms = search_terms(request)

        async def build(edition: Edition) -> Representation:
            if terms is None:
                return await self._posts(edition, build_feed_view(edition, ALL, query), None)
            found = await search_posts(self.context.reader.search, edition, query, terms)
            if not found.is_complete:
                raise NotReady("posts are still being indexed", hint="Try again in a minute.")
            return await self._posts(edition, found.view, terms)

        key = ("/v1/posts", search_query(terms, query.canonical()))
        return await self.context.respond_with_document(request, key, build)

    async def _posts(
        self, edition: Edition, feed_view: FeedView, terms: SearchTerms | None
    ) -> Representation:
        context, query = self.context, feed_view.query
        rendered = await context.rendered_posts(feed_view.page.posts, edition)
        entries = [
            context.feed_cache.entry(item, _JSON_FEED, query.content) for item in rendered.items
        ]
        page = feed_view.page
        cursors = {
            "self": query.after,
            "first": "",
            "prev": page.previous_cursor,
            "next": page.next_cursor,
        }
        queries = {
            rel: search_query(terms, query.canonical(after=cursor))
            for rel, cursor in cursors.items()
            if cursor is not None
        }
        links = {
            rel: context.service_info.url(f"/v1/posts{'?' if text else ''}{text}")
            for rel, text in queries.items()
        }
        representation = make_representation(
            b'{"items":[%b],"next_url":%b}'
            % (b",".join(entries), msgspec.json.encode(links.get("next"))),
            media_type=_MEDIA_TYPE,
            last_modified=last_modified(edition, feed_view),
            links=[
                *(Link(rel=rel, href=href, type=_MEDIA_TYPE) for rel, href in links.items()),
                Link(rel="canonical", href=links["self"]),
                *context.alternate_links(FeedLocation(ALL, query.canonical(after=""))),
            ],
        )
        return representation if rendered.is_current else as_provisional(representation)

    async def post(self, request: Request) -> Response:
        """Respond with one post, which caches must revalidate."""
        context = self.context
        key = PostKey(request.path_params["key"])

        async def build(edition: Edition) -> Representation:
            post = edition.post(key)
            rendered = await context.rendered_posts([post], edition)
            (item,) = rendered.items
            changed = max(post.updated, edition.snapshot(post.source).committed)
            links = [
                Link(
                    rel="self", href=context.service_info.url(f"/v1/posts/{key}"), type=_MEDIA_TYPE
                ),
                Link(rel="canonical", href=post.url),
                Link(
                    rel="alternate",
                    href=context.service_info.url(f"/posts/{key}"),
                    type="text/html",
                ),
            ]
            representation = make_representation(
                context.feed_cache.entry(item, _JSON_FEED),
                media_type=_MEDIA_TYPE,
                last_modified=changed,
                links=links,
            )
            return representation if rendered.is_current else as_provisional(representation)

        document = await context.document(("/v1/posts", "key", key), build)
        return conditional_response(request, document, cache_control=NO_CACHE)

    async def categories(self, request: Request) -> Response:
        """Respond with a page of the known categories and the URLs of their feeds, by slug."""
        limit, after = _page_parameters(request)

        async def build(edition: Edition) -> Representation:
            slugs, next_after = paginate_names(edition.category_slugs, after, limit)
            post_counts = self.context.post_counts(edition)
            changed = last_modified(edition, build_feed_view(edition, ALL, Query()))
            aliases = {term.category.slug: term.aliases for term in edition.vocabulary.definitions}
            categories = map(edition.category_by_slug, slugs)
            rows = [
                self._category(edition, category, post_counts, aliases) for category in categories
            ]
            return self._list(("/v1/categories", limit, after, next_after), rows, changed)

        return await self.context.respond_with_document(
            request, ("/v1/categories", str(limit), after), build
        )

    async def sources(self, request: Request) -> Response:
        """Respond with a page of the sources by name: the commit served of each, its error."""
        limit, after = _page_parameters(request)

        async def build(edition: Edition) -> Representation:
            sources = {source.name: source for source in edition.sources}
            names, next_after = paginate_names(sorted(sources), after, limit)
            post_counts = self.context.post_counts(edition)
            rows = [self._source(edition, sources[name], post_counts) for name in names]
            return self._list(("/v1/sources", limit, after, next_after), rows, edition.at)

        return await self.context.respond_with_document(
            request, ("/v1/sources", str(limit), after), build
        )

    def _list(
        self,
        page: tuple[str, int, str, str | None],
        rows: Sequence[Mapping[str, object]],
        changed: datetime,
    ) -> Representation:
        """Return the ``page`` (path, limit, cursor, cursor of the next) that contains ``rows``."""
        path, limit, after, next_after = page
        url = self._page_url(path, limit, after)
        next_url = None if next_after is None else self._page_url(path, limit, next_after)
        links = [Link(rel="self", href=url, type=_MEDIA_TYPE), Link(rel="canonical", href=url)]
        if next_url is not None:
            links.append(Link(rel="next", href=next_url, type=_MEDIA_TYPE))
        return make_representation(
            msgspec.json.encode({"items": rows, "next_url": next_url}),
            media_type=_MEDIA_TYPE,
            last_modified=changed,
            links=links,
        )

    def _page_url(self, path: str, limit: int, after: str) -> str:
        pairs = {"after": after, "limit": "" if limit == MAX_LIMIT else str(limit)}
        query = urlencode({name: text for name, text in pairs.items() if text})
        return self.context.service_info.url(f"{path}{'?' if query else ''}{query}")

    def _category(
        self,
        edition: Edition,
        category: Category,
        post_counts: PostCounts,
        aliases: Mapping[str, Sequence[str]],
    ) -> Mapping[str, object]:
        return {
            "slug": category.slug,
            "title": category.title,
            "aliases": aliases.get(category.slug, ()),
            "posts": post_counts.category_stats(category.slug).posts,
            "feeds": self._feed_urls(category_location(edition, category.slug)),
        }

    def _source(
        self, edition: Edition, source: Source, post_counts: PostCounts
    ) -> Mapping[str, object]:
        parts = {part.source.name: part for part in edition.snapshots}
        part = parts.get(source.name)
        return {
            "name": source.name,
            "title": source.title,
            "site_url": source.site_url,
            "rights": source.rights,
            "rights_url": source.rights_url,
            "commit": part.commit if part else None,
            "committed": rfc3339(part.committed) if part else None,
            "posts": post_counts.source_stats(source.name).posts,
            "problems": len(part.problems) if part else 0,
            "failing": edition.source_errors.get(source.name),
            "feeds": self._feed_urls(source_location(edition, source.name)),
        }

    def _feed_urls(self, location: FeedLocation) -> Mapping[str, str]:
        """Return the URLs of a feed by format; that of its page is ``html``."""
        service_info = self.context.service_info
        urls = {name: location.url(service_info, f".{name}") for name in FORMATS}
        return {**urls, "html": location.url(service_info)}


SortKey = tuple[str, int, int, str, str]
"""Sort key of problems: path, line, column, rule and message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentProblems:
    """Handles /v1/sources/{name}/problems."""

    context: WebContext

    def routes(self) -> list[AuthenticatedRoute]:
        """Return the route."""
        return [authenticated_route("/v1/sources/{source}/problems", GET=self.list)]

    async def list(self, request: Request) -> Response:
        """Respond with a page of the problems in the files of a source, by path and line."""
        await self.context.authenticate(request, EDITORS)
        source = request.path_params["source"]
        limit, after = parse_limit(request.query_params), request.query_params.get("after", "")
        problems = sorted({*self.context.edition.snapshot(source).problems}, key=_sort_key)
        if after:
            start = _decode_cursor(after)
            problems = [problem for problem in problems if _sort_key(problem) > start]
        next_after = (
            _encode_cursor(_sort_key(problems[limit - 1])) if len(problems) > limit else None
        )
        path = f"/v1/sources/{source}/problems"
        return json_response(
            {
                "items": [_problem_json(problem) for problem in problems[:limit]],
                "next_url": self.context.next_url(path, limit, next_after),
            }
        )


def _problem_json(problem: Problem) -> Mapping[str, object]:
    return {
        "path": problem.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "line": problem.line,
        "column": problem.column,
        "level": problem.level,
        "code": problem.rule,
        "message": problem.message,
        "hint": problem.hint,
    }


def _sort_key(problem: Problem) -> SortKey:
    return problem.path, problem.line, problem.column, problem.rule, problem.message


def _encode_cursor(key: SortKey) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _decode_cursor(cursor: str) -> SortKey:
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        path, line, column, rule, what = json.loads(data)
        return str(path), int(line), int(column), str(rule), str(what)
    except (binascii.Error, ValueError, TypeError):
        raise malformed_cursor(cursor) from None
