"""The HTML pages are valid, safe and self-contained."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files

import pytest

from syndicate.model.feed import ServiceInfo
from syndicate.model.post import Image
from syndicate.model.search import Excerpt
from syndicate.render.pages import html_pages
from syndicate.render.pages.html_pages import (
    FeedGroup,
    FeedSummary,
    FilterOption,
    about_page,
    content_security_policy,
    problem_page,
)
from tests import samples
from tests.render import sample_pages
from tests.render.parsed_html import by_class, links, parse_page, text
from tests.render.sample_pages import FEED_SUMMARY, JSON_LINK, NO_FILTERS, PUBLIC_URL


def directory_page(
    service_info: ServiceInfo, groups: Sequence[tuple[str, Sequence[FeedSummary]]], more: int = 0
) -> str:
    """Return the directory of ``groups`` of (title, feeds), each with ``more`` feeds."""
    shown = [
        FeedGroup(title=title, feeds=tuple(feeds), total=len(feeds) + more)
        for title, feeds in groups
    ]
    return html_pages.directory_page(service_info, shown)


NASTY = "<b>5 > 3</b> & \"more\" 'so' </title><script>"
PAGES = {
    "directory": directory_page(
        samples.SERVICE_INFO,
        [("Everything", [replace(FEED_SUMMARY, title=NASTY, description=NASTY)])],
    ),
    "feed": sample_pages.feed_page_html(
        samples.feed(
            samples.rendered_post(samples.post(title=NASTY, language="es"), summary=NASTY),
            title=NASTY,
        ),
        replace(
            NO_FILTERS,
            categories=(FilterOption(value=NASTY, title=NASTY, posts=1, is_selected=True),),
            is_active=True,
        ),
    ),
    "post": sample_pages.post_page_html(
        samples.rendered_post(samples.post(title=NASTY, carousel=True), summary=NASTY),
        samples.source(title=NASTY),
    ),
    "about": about_page(
        samples.SERVICE_INFO,
        sources=[samples.source(title=NASTY, rights=NASTY)],
        links=(JSON_LINK,),
    ),
    "search": html_pages.search_page(
        samples.SERVICE_INFO,
        NASTY,
        [replace(sample_pages.card(samples.rendered_post(summary=NASTY)), title=NASTY)],
        total=1,
        is_complete=True,
        first_url=PUBLIC_URL,
        previous_url=PUBLIC_URL,
        next_url=PUBLIC_URL,
    ),
    "problem": problem_page(
        samples.SERVICE_INFO, title="Not Found", detail=NASTY, hint=NASTY, choices=(NASTY,)
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_valid_html_and_escapes_text(name: str) -> None:
    """A strict parser reports no error, and markup in titles is escaped."""
    root = parse_page(PAGES[name])

    assert NASTY in text(root)
    assert not list(root.iter("script"))
    assert not list(root.iter("b"))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_landmarks(name: str) -> None:
    """One h1, a main element with a skip link, a title, a language, a viewport."""
    root = parse_page(PAGES[name])

    assert root.get("lang") == "en"
    assert len(list(root.iter("h1"))) == 1
    (main,) = root.iter("main")
    (skip,) = by_class(root, "skip")
    assert skip.get("href") == f"#{main.get('id')}"
    assert text(next(root.iter("title")))
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in [
        dict(meta.attrib) for meta in root.iter("meta")
    ]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_loads_external_resources(name: str) -> None:
    """No element that loads, no external style; the icon is that of the service."""
    root = parse_page(PAGES[name])

    assert not {element.tag for element in root.iter()} & {
        *("img", "iframe", "video", "audio", "object", "embed", "script"),
    }
    loaded = [link for rel in ("icon", "stylesheet", "preload") for link in links(root, rel)]
    assert [link["href"] for link in loaded] == ["/favicon.ico"]
    assert not re.search(r"url\(|@import", text(next(root.iter("style"))))


@pytest.mark.parametrize("name", PAGES)
def test_content_security_policy_allows_the_inline_style(name: str) -> None:
    """Its hash is that of the style in the page; nothing else is allowed."""
    style = "".join(next(parse_page(PAGES[name]).iter("style")).itertext())

    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    policy = content_security_policy(samples.SERVICE_INFO).split("; ")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not [rule for rule in policy if "unsafe" in rule or "script" in rule]


def test_directory_describes_each_feed() -> None:
    """Title, description, number of posts, latest date, and formats."""
    empty = replace(FEED_SUMMARY, title="Empty", description="Soon.", posts=0, latest=None)

    root = parse_page(
        directory_page(
            samples.SERVICE_INFO, [("By category", [FEED_SUMMARY, empty]), ("By source", [])]
        )
    )

    assert [text(heading) for heading in root.iter("h2")] == ["By category"]
    full, none = by_class(root, "feed-info")
    assert text(full) == "Technology 1,234 posts, latest January 9, 2024"
    assert text(none) == "Empty Soon. 0 posts"
    assert [link.get("href") for link in full.iter("a")] == ["/feeds/technology"]
    assert [text(formats) for formats in by_class(root, "formats")] == [
        "JSON Feed: Technology",
        "JSON Feed: Empty",
    ]
    assert [time.get("datetime") for time in root.iter("time")] == ["2024-01-09"]


def test_directory_has_autodiscovery_links_for_every_feed() -> None:
    """One link per format, with title, type and absolute URL."""
    root = parse_page(directory_page(samples.SERVICE_INFO, [("All", [FEED_SUMMARY])]))

    assert links(root, "alternate") == [
        {
            "rel": "alternate",
            "type": "application/feed+json",
            "title": "Technology (JSON Feed)",
            "href": JSON_LINK.url,
        }
    ]
    assert [link["href"] for link in links(root, "canonical")] == [f"{PUBLIC_URL}/"]


def test_directory_has_newest_posts_categories_and_a_search() -> None:
    """Posts with pictures; the largest categories with a link to all of them."""
    item = samples.rendered_post(image=Image(url="https://www.example.gov/a.png", alt="A desk"))
    root = parse_page(
        html_pages.directory_page(
            samples.SERVICE_INFO,
            [],
            cards=[sample_pages.card(item)],
            categories=[FEED_SUMMARY],
            total_categories=150,
        )
    )

    assert [text(heading) for heading in root.iter("h2")] == ["Newest posts", "Categories"]
    (image,) = root.iter("img")
    assert dict(image.attrib) == {
        "src": "https://www.example.gov/a.png",
        "alt": "A desk",
        "width": "640",
        "height": "360",
        "decoding": "async",
        "referrerpolicy": "no-referrer",
    }
    (chips,) = by_class(root, "chips")
    assert text(chips) == "Technology 1,234 posts"
    assert "All 150 categories" in text(root)
    (form,) = root.iter("form")
    assert (form.get("action"), form.get("role")) == ("/", "search")


def test_search_page_marks_matches_and_escapes_them() -> None:
    """In titles and excerpts; what is searched for stays in the form."""
    excerpt = Excerpt(title=(("A ", False), ("<b>", True)), text=(("x & ", False), ("y", True)))
    card = replace(sample_pages.card(samples.rendered_post()), excerpt=excerpt)
    shown = html_pages.search_page(
        samples.SERVICE_INFO,
        '<b> "y"',
        [card],
        total=3,
        is_complete=False,
        first_url="",
        previous_url="",
        next_url=f"{PUBLIC_URL}/?q=b&after=x",
    )
    root = parse_page(shown)

    assert [text(mark) for mark in root.iter("mark")] == ["<b>", "y"]
    assert not list(root.iter("b"))
    assert '3 posts contain “<b> "y"”. Some posts are not searched yet' in text(root)
    (field,) = [box for box in root.iter("input") if box.get("name") == "q"]
    assert field.get("value") == '<b> "y"'
    assert [link["href"] for link in links(root, "next")] == [f"{PUBLIC_URL}/?q=b&after=x"]


def test_search_without_results_says_what_to_do() -> None:
    """And links to all posts."""
    root = parse_page(
        html_pages.search_page(
            samples.SERVICE_INFO,
            "x",
            [],
            total=0,
            is_complete=True,
            first_url="",
            previous_url=f"{PUBLIC_URL}/?q=x",
            next_url="",
        )
    )

    assert "0 posts contain “x”. Try fewer or other words" in text(root)
    assert [link["href"] for link in links(root, "prev")] == [f"{PUBLIC_URL}/?q=x"]


def test_partial_directory_has_totals_and_links_to_all_feeds() -> None:
    """If it lists only the feeds with the most posts."""
    groups = [("Custom feeds", []), ("By source", [FEED_SUMMARY])]

    root = parse_page(directory_page(samples.SERVICE_INFO, groups, more=12_344))

    assert text(root).count("Showing the 1 with the most posts out of 12,345.") == 1
    assert "/v1/sources" in {link.get("href") for link in root.iter("a")}


def test_internal_links_have_no_host() -> None:
    """Links for machines have the public host."""
    root = parse_page(directory_page(samples.SERVICE_INFO, [("All", [FEED_SUMMARY])]))

    clicked = [link.get("href", "") for link in root.iter("a")]
    ours = [href for href in clicked if not href.startswith(("mailto:", "#"))]
    assert all(re.match(r"/(?!/)|/$", href) for href in ours)


def test_internal_links_have_the_path_of_the_public_url() -> None:
    """If the public URL has one."""
    service_info = replace(samples.SERVICE_INFO, public_url="https://www.example.gov/syndicate")

    root = parse_page(directory_page(service_info, []))

    clicked = [link.get("href", "") for link in root.iter("a")]
    assert {"/syndicate/", "/syndicate/about"} <= set(clicked)
    assert not [href for href in clicked if not href.startswith(("/syndicate/", "#", "mailto:"))]


def test_about_page_lists_sources_and_rights() -> None:
    """Each source with its terms, linked if they have a URL."""
    sources = [
        samples.source("one", rights="Public domain", rights_url="https://one.example.gov/terms"),
        samples.source("two", rights="", rights_url="https://two.example.gov/terms"),
        samples.source("three", rights="CC0"),
        samples.source("four", rights=""),
    ]
    root = parse_page(about_page(samples.SERVICE_INFO, sources=sources, links=(JSON_LINK,)))

    rights = [text(fact) for fact in by_class(root, "facts")[0].iter("dd")]
    assert rights == ["Public domain", "Rights", "CC0", "Contact the site for its terms."]
    assert {link.get("href") for link in root.iter("a")} >= {
        "https://one.example.gov/terms",
        "https://two.example.gov/terms",
        "mailto:feeds@example.gov",
    }


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("feeds@example.gov", {"mailto:feeds@example.gov"}),
        ("https://www.example.gov/contact", {"https://www.example.gov/contact"}),
        ("", set()),
    ],
)
def test_contact_is_an_email_address_or_a_url(contact: str, expected: set[str]) -> None:
    """Without a contact there is no link."""
    service_info = replace(samples.SERVICE_INFO, contact=contact)
    root = parse_page(about_page(service_info, sources=[], links=()))

    contacts = {link.get("href") for link in root.iter("a") if text(link) in {"Contact", contact}}
    assert contacts == expected


def test_problem_page_has_detail_hint_and_links() -> None:
    """The error as a sentence, the hint, and links to feeds."""
    shown = problem_page(
        samples.SERVICE_INFO,
        title="Not Found",
        detail="there is no feed called 'x'",
        hint="Choose one.",
        choices=("all", "tts"),
        are_feeds=True,
    )
    root = parse_page(shown)

    assert "There is no feed called 'x'. Choose one." in text(root)
    assert [link.get("href") for link in by_class(root, "valid-values")[0].iter("a")] == [
        "/feeds/all",
        "/feeds/tts",
    ]


def test_problem_page_without_hint_and_choices_is_short() -> None:
    """Only the sentence and a link to all feeds."""
    root = parse_page(problem_page(samples.SERVICE_INFO, title="Gone", detail="It left."))

    assert "Gone It left. Newest posts and all feeds" in text(next(root.iter("main")))


def test_urls_wrap_only_between_their_parts() -> None:
    """The text that is copied is the URL."""
    root = parse_page(about_page(samples.SERVICE_INFO, sources=[], links=(JSON_LINK,)))

    (feed_links,) = by_class(root, "feed-links")
    (code,) = feed_links.iter("code")
    assert list(code.itertext()) == [
        "https://",
        "feeds.example.gov/",
        "feeds/",
        "all.json?",
        "carousel=true&",
        "category=tts",
    ]


def test_only_own_files_and_sanitized_content_are_unescaped() -> None:
    """All other values are escaped by Jinja."""
    templates = [
        path.read_text("utf-8")
        for path in (files("syndicate.render") / "pages").iterdir()
        if path.name.endswith(".html")
    ]

    trusted = [found for text in templates for found in re.findall(r"\S+\|safe\b", text)]
    assert sorted(trusted) == [
        *("script|safe", "service_info.public_url)|safe", "style|safe", "style|safe"),
    ]
    assert not [text for text in templates if "autoescape" in text]


def test_problem_page_links_to_what_is_near() -> None:
    """Feeds with a similar name, and a search for the words of the URL."""
    shown = problem_page(
        samples.SERVICE_INFO,
        title="Page not found",
        detail="there is no feed called 'technolgy'",
        choices=("tts",),
        choices_total=1,
        are_feeds=True,
        nearby=["technology"],
        search="technolgy",
    )
    root = parse_page(shown)

    assert "Did you mean technology Other feeds tts Search posts" in text(root)
    (field,) = root.iter("input")
    assert (field.get("name"), field.get("value")) == ("q", "technolgy")
