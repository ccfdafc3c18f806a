"""The HTML pages: feed directory, categories, feed, post, about, and errors."""

import base64
import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Final

from syndicate.model.agency import Colors
from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.post import RenderedPost, Source
from syndicate.model.search import Excerpt
from syndicate.render.pages.page_fragment import origin
from syndicate.render.pages.resources import read_resource
from syndicate.render.pages.translations import page_language

_SELF: Final = "'self'"
_STYLE_SHEET: Final = "page.css"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """One format of a feed: the title of the format, its media type without parameters, its URL."""

    title: str
    type: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """A feed in the directory; ``url`` is its page, ``latest`` is None while the feed is empty.

    ``source_url`` is the page of the source if the feed is that of one.
    """

    title: str
    description: str
    url: str
    posts: int
    latest: date | None
    links: tuple[FeedLink, ...]
    source_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedGroup:
    """Feeds of one kind in the directory: ``feeds`` out of ``total``."""

    title: str
    feeds: tuple[FeedSummary, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A link to a page of this service; ``url`` is absolute."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCard:
    """A post in a list: ``url`` is that of the original, ``page_url`` that of its page here.

    ``image`` is empty if there is none that pages may show. ``reading_minutes`` is 0 and the rest
    of the content missing for a post that is not rendered yet. An ``excerpt`` shows what a search
    found.
    """

    title: str
    url: str
    page_url: str
    date: date
    source: str
    language: str
    summary: str
    image: str = ""
    image_alt: str = ""
    reading_minutes: int = 0
    categories: tuple[PageLink, ...] = ()
    is_rendered: bool = True
    excerpt: Excerpt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOption:
    """A value to filter a feed by, and the number of its posts in the feed."""

    value: str
    title: str
    posts: int
    is_selected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFilters:
    """The filters of a feed with the selected values; empty if there is no choice."""

    categories: tuple[FilterOption, ...] = ()
    match_all: bool = False
    carousel: bool | None = None
    has_carousel: bool = False
    sources: tuple[FilterOption, ...] = ()
    languages: tuple[FilterOption, ...] = ()
    limit: int
    max_limit: int
    is_active: bool = False


def directory_page(
    service_info: ServiceInfo,
    groups: Sequence[FeedGroup],
    *,
    cards: Sequence[PostCard] = (),
    categories: Sequence[FeedSummary] = (),
    total_categories: int = 0,
) -> str:
    """Return the first page: the newest posts, the largest categories, and feeds in ``groups``."""
    return render_page(
        "directory.html",
        service_info,
        groups=[group for group in groups if group.feeds],
        cards=cards,
        categories=categories,
        total_categories=total_categories,
        all_posts_url=service_info.feed_url("all"),
        here="/",
    )


def search_page(  # noqa: PLR0913 — a page has many parts
    service_info: ServiceInfo,
    query: str,
    cards: Sequence[PostCard],
    *,
    total: int,
    is_complete: bool,
    first_url: str,
    previous_url: str,
    next_url: str,
) -> str:
    """Return a page of the ``total`` posts that contain ``query``; absent pages have no URL.

    The result is not complete while posts are still being indexed.
    """
    return render_page(
        "search.html",
        service_info,
        query=query,
        cards=cards,
        total=total,
        is_complete=is_complete,
        first_url=first_url,
        previous_url=previous_url,
        next_url=next_url,
        here="",
    )


def categories_page(  # noqa: PLR0913 — a page has many parts
    service_info: ServiceInfo,
    feeds: Sequence[FeedSummary],
    *,
    total: int,
    after: str,
    next_after: str,
    previous_url: str = "",
) -> str:
    """Return one page of the list of all ``total`` categories.

    The page starts after the cursor ``after``, empty on the first page; the next page starts after
    ``next_after``, empty on the last page. ``previous_url`` is empty on the first page.
    """
    return render_page(
        "categories.html",
        service_info,
        feeds=feeds,
        total=total,
        after=after,
        next_after=next_after,
        previous_url=previous_url,
        here="",
    )


def feed_page(  # noqa: PLR0913 — a page has many parts
    feed: Feed,
    cards: Sequence[PostCard],
    *,
    description: str,
    total: int,
    unfiltered_total: int,
    links: Sequence[FeedLink],
    filters: FeedFilters,
    is_carousel: bool = False,
    previous_query: str | None = None,
    language: str = "en",
) -> str:
    """Return one page of ``feed`` with its posts as ``cards``, for readers of ``language``.

    ``description`` is that of the settings. ``total`` posts match the filters, out of
    ``unfiltered_total``. ``previous_query`` is None on the first page.
    """
    return render_page(
        "feed.html",
        feed.service_info,
        content_language=language,
        feed=feed,
        cards=cards,
        description=description,
        total=total,
        unfiltered_total=unfiltered_total,
        links=links,
        filters=filters,
        is_carousel=is_carousel,
        previous_query=previous_query,
        here="",
    )


def post_page(  # noqa: PLR0913 — a page has many parts
    service_info: ServiceInfo,
    item: RenderedPost,
    card: PostCard,
    source: Source,
    *,
    source_feed_url: str,
    image_origins: Collection[str] = (),
    feeds: Sequence[FeedSummary] = (),
) -> str:
    """Return the page of the syndicated version of one post, excluded from search engines.

    ``source_feed_url`` is the page of the feed of ``source``; images of ``image_origins`` are shown
    besides those of this service. ``feeds`` are those that readers of the post may subscribe to. A
    post that is not rendered yet is shown with title, summary and a note.
    """
    return render_page(
        "post.html",
        service_info,
        content_language=item.post.language,
        item=item,
        post=item.post,
        card=card,
        shows_picture=bool(item.image and escape(item.image.url) not in item.content),
        source=source,
        source_feed_url=source_feed_url,
        image_origins=image_origins,
        feeds=feeds,
        is_rendered=card.is_rendered,
        here="",
    )


def about_page(
    service_info: ServiceInfo, *, sources: Sequence[Source], links: Sequence[FeedLink]
) -> str:
    """Return the page about the service and its sources; ``links`` are those of the main feed."""
    return render_page("about.html", service_info, sources=sources, links=links, here="/about")


def problem_page(  # noqa: PLR0913 — an error has many parts
    service_info: ServiceInfo,
    *,
    title: str,
    detail: str,
    hint: str = "",
    choices: Sequence[str] = (),
    choices_total: int = 0,
    are_feeds: bool = False,
    nearby: Sequence[str] = (),
    search: str | None = None,
    language: str = "en",
) -> str:
    """Return the page for an error; ``choices``, out of ``choices_total``, are the valid values.

    They become links if they ``are_feeds``. ``nearby`` are the names of feeds that may be meant.
    With ``search``, possibly empty, there is a form to search for it. All but ``detail`` and
    ``hint`` is in ``language``.
    """
    return render_page(
        "problem.html",
        service_info,
        content_language=language,
        title=title,
        detail=detail,
        hint=hint,
        choices=choices,
        choices_total=choices_total,
        are_feeds=are_feeds,
        nearby=nearby,
        search=search,
        here="",
    )


@lru_cache(maxsize=256)
def content_security_policy(
    service_info: ServiceInfo,
    image_origins: tuple[str, ...] = (),
    *,
    frames_own_pages: bool = False,
    script: str = "",
) -> str:
    """Return the Content-Security-Policy of a page: only its own inline style is allowed.

    Images are loaded from this service, the agency's icon and logo from where they are, and those
    of posts from ``image_origins`` ("https://www.example.gov"). No script runs but the inline
    ``script`` of a page that has one, nothing else is loaded but frames of this service where a
    page has some, and no other site may frame the page.
    """
    identity = (service_info.icon_url, service_info.logo_url)
    origins = sorted({*image_origins, *(origin(url) for url in identity if url)})
    own = "frame-src 'self'; " if frames_own_pages else ""
    own += f"script-src {inline_source(script)}; " if script else ""
    return own + (
        f"default-src 'none'; style-src {inline_source(page_style(service_info))}; "
        f"img-src {' '.join([_SELF, *origins])}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def inline_source(text: str) -> str:
    """Return the source of an inline style sheet or script (CSP Level 3 section 2.3.1)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@lru_cache(maxsize=16)
def page_style(service_info: ServiceInfo) -> str:
    """Return the style sheet of pages with the colors of the agency."""
    own = Path(service_info.templates_folder or ".", _STYLE_SHEET)
    is_own = service_info.templates_folder and own.is_file()
    style_sheet = own.read_text("utf-8") if is_own else read_resource(_STYLE_SHEET)
    return style_sheet + "".join(_color_rules(service_info.agency.colors))


def _color_rules(colors: Colors) -> Iterator[str]:
    """Yield the rules that set the custom properties of `page.css` to ``colors``."""
    by_property = {
        "--band": colors.primary,
        "--band-text": colors.primary_text,
        "--mark": colors.accent,
    }
    always = {**by_property, "--link": colors.link, "--visited": colors.link}
    dark = {**by_property, "--link": colors.link_dark, "--visited": colors.link_dark}
    for media, values in (("screen and (prefers-color-scheme: dark)", dark), ("", always)):
        rules = "".join(f"{name}:{color};" for name, color in values.items() if color)
        selector = f":root{{{rules}}}"
        if rules:
            light = "print, not all and (prefers-color-scheme: dark)"
            yield f"@media {media or light}{{{selector}}}\n"


def template_errors(folder: str) -> Sequence[str]:
    """Return what is wrong with the operator's templates in ``folder``, empty if nothing."""
    return tuple(_templates().template_errors(folder))


def render_page(
    template: str,
    service_info: ServiceInfo,
    style_sheet: str = "",
    content_language: str = "en",
    **values: object,
) -> str:
    """Return the page of the file ``template`` with ``values`` and its style sheet inside.

    The default style sheet is that of pages, in the colors of the agency. Its own words are in
    ``content_language`` if they are translated.
    """
    text: str = _templates().render_template(
        template,
        service_info.templates_folder,
        page_language(content_language),
        style=read_resource(style_sheet) if style_sheet else page_style(service_info),
        service_info=service_info,
        agency=service_info.agency,
        **values,
    )
    return text


@cache
def _templates() -> ModuleType:
    """Import Jinja when the first page is rendered.

    Goal: a start from the cache answers the first feed after 0.7 s; with Jinja it takes 20 ms more.
    """
    from syndicate.render.pages import jinja  # noqa: PLC0415 — see above

    return jinja
