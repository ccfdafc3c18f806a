"""Pages for people: the directory, a feed, a post, what this is, and what went wrong."""

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.post import PostId, RenderedPost, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """One format of one feed; ``title`` as people call the format, ``type`` without parameters."""

    title: str
    type: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """A feed as the directory shows it; ``url`` is its page, ``newest`` None while it is empty."""

    title: str
    description: str
    url: str
    posts: int
    latest: date | None
    links: tuple[FeedLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedGroup:
    """Feeds of one kind as the directory shows them: ``listings`` of ``total`` that there are."""

    title: str
    feeds: tuple[FeedSummary, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOption:
    """Something a feed can be narrowed to, and how many of its posts that leaves."""

    value: str
    title: str
    posts: int
    is_selected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFilters:
    """What a feed can be narrowed to, and to what it is; empty where there is no choice."""

    categories: tuple[FilterOption, ...] = ()
    match_all: bool = False
    carousel: bool | None = None
    has_carousel: bool = False
    sources: tuple[FilterOption, ...] = ()
    languages: tuple[FilterOption, ...] = ()
    limit: int
    max_limit: int
    is_active: bool = False


def directory_page(service_info: ServiceInfo, groups: Sequence[FeedGroup]) -> str:
    """Return the page of all feeds, in ``groups``."""
    nonempty = [group for group in groups if group.feeds]
    return _render_page("directory.html", service_info, groups=nonempty, here="/")


def categories_page(
    service_info: ServiceInfo,
    feeds: Sequence[FeedSummary],
    *,
    total: int,
    after: str,
    next_after: str,
) -> str:
    """Return a page of the list of all ``total`` categories.

    It begins behind the cursor ``after``, empty on the first page; the next one does behind
    ``following``, empty on the last.
    """
    return _render_page(
        "categories.html",
        service_info,
        listings=feeds,
        total=total,
        after=after,
        following=next_after,
        here="",
    )


def feed_page(  # noqa: PLR0913 — a page has many parts
    feed: Feed,
    *,
    description: str,
    total: int,
    unfiltered_total: int,
    links: Sequence[FeedLink],
    filters: FeedFilters,
    category_urls: Mapping[str, str],
    unrendered: Collection[PostId] = (),
) -> str:
    """Return one page of ``feed`` to read; ``description`` is what an operator says of it.

    ``total`` posts are in the feed as narrowed, of ``whole`` in the feed without a query.
    ``homes`` holds the address of each category's page by slug. Of ``unrendered`` posts there are
    title and summary alone, which the page says.
    """
    return _render_page(
        "feed.html",
        feed.service_info,
        feed=feed,
        description=description,
        total=total,
        whole=unfiltered_total,
        addresses=links,
        narrowing=filters,
        homes=category_urls,
        sources={source.name: source for source in feed.sources},
        unrendered=unrendered,
        here="",
    )


def post_page(  # noqa: PLR0913 — a page has many parts
    service_info: ServiceInfo,
    item: RenderedPost,
    source: Source,
    *,
    source_feed_url: str,
    category_urls: Mapping[str, str],
    is_rendered: bool = True,
) -> str:
    """Return the page of one post as it is syndicated; search engines are told to leave it.

    ``river`` is the address of the page of everything from ``source``; ``homes`` holds that of
    each category by slug. Of a post that is not rendered yet there are title and summary alone,
    which the page says.
    """
    return _render_page(
        "post.html",
        service_info,
        item=item,
        post=item.post,
        source=source,
        river=source_feed_url,
        is_rendered=is_rendered,
        homes=category_urls,
        here="",
    )


def about_page(
    service_info: ServiceInfo, *, sources: Sequence[Source], links: Sequence[FeedLink]
) -> str:
    """Return what the service is, whose posts it carries, and how to use it.

    ``formats`` hold the addresses of the feed of everything.
    """
    return _render_page("about.html", service_info, sources=sources, formats=links, here="/about")


def problem_page(  # noqa: PLR0913 — each part of an error is told apart
    service_info: ServiceInfo,
    *,
    title: str,
    detail: str,
    hint: str = "",
    choices: Sequence[str] = (),
    choices_total: int = 0,
    are_feeds: bool = False,
) -> str:
    """Return what went wrong, for a person; ``known`` become links if they ``are_feeds``.

    There may be more than these: ``choices_total``.
    """
    return _render_page(
        "problem.html",
        service_info,
        title=title,
        detail=detail,
        hint=hint,
        known=choices,
        known_total=choices_total,
        are_feeds=are_feeds,
        here="",
    )


@cache
def content_security_policy() -> str:
    """Return the Content-Security-Policy of every page: its own style, and nothing from anywhere.

    No script runs, no request is made, no other site may frame it.
    """
    digest = base64.b64encode(hashlib.sha256(_style_sheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _render_page(template: str, service_info: ServiceInfo, **values: object) -> str:
    from syndicate.render.pages import jinja  # noqa: PLC0415 — feeds do without: 20 ms to import

    return jinja.render_template(
        template, style=_style_sheet(), service_info=service_info, **values
    )


@cache
def _style_sheet() -> str:
    return (files("syndicate.render") / "pages" / "page.css").read_text("utf-8")
