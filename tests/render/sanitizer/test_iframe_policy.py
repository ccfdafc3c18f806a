"""Which iframes are allowed."""

import re
import shutil
from html import escape, unescape

import pytest
from playwright.sync_api import sync_playwright

from syndicate.model.markdown_options import MarkdownEngine
from syndicate.render.allowlist import IFRAME_HOSTS, IFRAME_SANDBOX
from syndicate.render.pipeline import render
from syndicate.render.sanitizer.element_filter import allowed_iframe, link_text
from tests.render.iframe_urls import PLAYERS, SPELLINGS, refused_urls
from tests.render.render_requests import PAGE, render_request

PREFIXES = tuple(f"https://{host}{path}" for host, path in IFRAME_HOSTS.items())


def rendered_frame(src: str) -> str:
    """Return what is shown of an iframe."""
    frame = f'<iframe src="{escape(src)}"></iframe>'
    return render(render_request(frame, engine=MarkdownEngine(flavour="html"))).content


def allowed_src(src: str) -> str | None:
    """Return the ``src`` of the iframe in the output, None if it was refused."""
    found = re.search(r'<iframe [^>]*src="([^"]*)"', rendered_frame(src))
    return unescape(found[1]) if found else None


def test_known_player_is_allowed_in_a_sandbox() -> None:
    """Over https, lazily; its own sandbox and loading attributes are replaced."""
    given = {
        "src": "http://www.youtube.com/embed/x",
        "title": "T",
        "sandbox": "",
        "loading": "eager",
    }
    assert allowed_iframe(given, ()) == {
        "src": "https://www.youtube.com/embed/x",
        "title": "T",
        "loading": "lazy",
        "sandbox": IFRAME_SANDBOX,
    }


@pytest.mark.parametrize(
    "src", ["https://www.youtube.com/watch?v=x", "https://evil.example/embed/x"]
)
def test_other_pages_and_hosts_are_refused(src: str) -> None:
    """Only the players of a known host are allowed."""
    assert allowed_iframe({"src": src}, ()) is None


@pytest.mark.parametrize("url", PLAYERS)
def test_canonical_player_url_is_unchanged(url: str) -> None:
    """Dots that are no dot segment and encoded spaces are canonical."""
    assert allowed_src(url) == url


@pytest.mark.parametrize("src", SPELLINGS)
def test_iframe_url_is_resolved_as_by_a_browser(src: str) -> None:
    """Other spellings of a player's URL become canonical."""
    assert allowed_src(src) == "https://archive.org/embed/x"


@pytest.mark.parametrize("src", refused_urls())
def test_iframe_with_noncanonical_url_becomes_a_link(src: str) -> None:
    """Dot segments in any form, users, ports, look-alike hosts."""
    assert allowed_src(src) is None


@pytest.mark.parametrize(
    ("src", "stays"),
    [
        ("https://maps.example.gov/x", "https://maps.example.gov/x"),
        ("http://maps.example.gov", "https://maps.example.gov/"),
        ("https://maps.example.gov?q=/../", "https://maps.example.gov/?q=/../"),
        ("https://maps.example.gov:8443/x", None),
        ("https://user@maps.example.gov/x", None),
        ("https://maps.example.gov/%2E%2E/x", None),
    ],
)
def test_host_in_the_settings_is_allowed(src: str, stays: str | None) -> None:
    """In any case, with any canonical path; without user and port."""
    attributes = allowed_iframe({"src": src}, ("Maps.Example.gov",))
    assert (attributes and attributes["src"]) == stays


def test_link_text_is_the_title_or_the_host() -> None:
    """Of the iframe that the link replaces."""
    assert link_text({"src": "https://a.gov/x", "title": " The map "}) == "The map"
    assert link_text({"src": "https://a.gov/x"}) == "Embedded content from a.gov"


@pytest.mark.browser
def test_chromium_resolves_every_allowed_iframe_to_a_player() -> None:
    """A parsed document loads nothing: the URLs are only resolved, on the post's own page."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium to look with")
    sources = [*PLAYERS, *SPELLINGS, *refused_urls()]
    written = [rendered_frame(src) for src in sources]
    resolve = """([page, parts]) => parts.map(part => {
        const frames = new DOMParser().parseFromString(part, "text/html").querySelectorAll("iframe")
        return [...frames].map(frame => new URL(frame.getAttribute("src"), page).href)
    })"""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        resolved = browser.new_page().evaluate(resolve, [PAGE, written])
        browser.close()
    assert [bool(urls) for urls in resolved] == [
        number < len(PLAYERS) + len(SPELLINGS) for number, _ in enumerate(sources)
    ]
    for (url,) in filter(None, resolved):
        assert url.startswith(PREFIXES)
    assert [urls[0] for urls in resolved[: len(PLAYERS)]] == list(PLAYERS)
