"""Pages for people: the directory, a feed, a post, what this is, and what went wrong."""

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from syndicate.model.feed import Feed, Masthead
from syndicate.model.post import Item, PostId, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One format of one feed; ``title`` as people call the format, ``type`` without parameters."""

    title: str
    type: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A feed as the directory shows it; ``url`` is its page, ``newest`` None while it is empty."""

    title: str
    description: str
    url: str
    posts: int
    newest: date | None
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedGroup:
    """Feeds of one kind as the directory shows them: ``listings`` of ``total`` that there are."""

    title: str
    listings: tuple[Listing, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something a feed can be narrowed to, and how many of its posts that leaves."""

    value: str
    title: str
    posts: int
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a feed can be narrowed to, and to what it is; empty where there is no choice."""

    categories: tuple[Choice, ...] = ()
    match_all: bool = False
    carousel: bool | None = None
    has_carousel: bool = False
    sources: tuple[Choice, ...] = ()
    languages: tuple[Choice, ...] = ()
    limit: int
    most: int
    is_active: bool = False


def directory_page(masthead: Masthead, groups: Sequence[FeedGroup]) -> str:
    """Return the page of all feeds, in ``groups``."""
    shown = [group for group in groups if group.listings]
    return _render("directory.html", masthead, groups=shown, here="/")


def categories_page(
    masthead: Masthead, listings: Sequence[Listing], *, total: int, after: str, following: str
) -> str:
    """Return a page of the list of all ``total`` categories.

    It begins behind the cursor ``after``, empty on the first page; the next one does behind
    ``following``, empty on the last.
    """
    return _render(
        "categories.html",
        masthead,
        listings=listings,
        total=total,
        after=after,
        following=following,
        here="",
    )


def feed_page(  # noqa: PLR0913 — a page has many parts
    feed: Feed,
    *,
    description: str,
    total: int,
    whole: int,
    addresses: Sequence[Address],
    narrowing: Filter,
    homes: Mapping[str, str],
    unrendered: Collection[PostId] = (),
) -> str:
    """Return one page of ``feed`` to read; ``description`` is what an operator says of it.

    ``total`` posts are in the feed as narrowed, of ``whole`` in the feed without a query.
    ``homes`` holds the address of each category's page by slug. Of ``unrendered`` posts there are
    title and summary alone, which the page says.
    """
    return _render(
        "feed.html",
        feed.masthead,
        feed=feed,
        description=description,
        total=total,
        whole=whole,
        addresses=addresses,
        narrowing=narrowing,
        homes=homes,
        sources={source.name: source for source in feed.sources},
        unrendered=unrendered,
        here="",
    )


def post_page(  # noqa: PLR0913 — a page has many parts
    masthead: Masthead,
    item: Item,
    source: Source,
    *,
    river: str,
    homes: Mapping[str, str],
    is_rendered: bool = True,
) -> str:
    """Return the page of one post as it is syndicated; search engines are told to leave it.

    ``river`` is the address of the page of everything from ``source``; ``homes`` holds that of
    each category by slug. Of a post that is not rendered yet there are title and summary alone,
    which the page says.
    """
    return _render(
        "post.html",
        masthead,
        item=item,
        post=item.post,
        source=source,
        river=river,
        is_rendered=is_rendered,
        homes=homes,
        here="",
    )


def about_page(masthead: Masthead, *, sources: Sequence[Source], formats: Sequence[Address]) -> str:
    """Return what the service is, whose posts it carries, and how to use it.

    ``formats`` hold the addresses of the feed of everything.
    """
    return _render("about.html", masthead, sources=sources, formats=formats, here="/about")


def problem_page(  # noqa: PLR0913 — each part of an error is told apart
    masthead: Masthead,
    *,
    title: str,
    detail: str,
    hint: str = "",
    known: Sequence[str] = (),
    known_total: int = 0,
    are_feeds: bool = False,
) -> str:
    """Return what went wrong, for a person; ``known`` become links if they ``are_feeds``.

    There may be more than these: ``known_total``.
    """
    return _render(
        "problem.html",
        masthead,
        title=title,
        detail=detail,
        hint=hint,
        known=known,
        known_total=known_total,
        are_feeds=are_feeds,
        here="",
    )


@cache
def page_policy() -> str:
    """Return the Content-Security-Policy of every page: its own style, and nothing from anywhere.

    No script runs, no request is made, no other site may frame it.
    """
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _render(template: str, masthead: Masthead, **values: object) -> str:
    from syndicate.render import stationery  # noqa: PLC0415 — feeds do without: 20 ms to import

    return stationery.fill(template, style=_style(), masthead=masthead, **values)


@cache
def _style() -> str:
    return (files("syndicate.render") / "pages" / "page.css").read_text("utf-8")
