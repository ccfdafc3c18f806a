"""The embeds of docs/how-to/embed-a-feed.md, as printed there, in pages of another origin."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Locator, Page, async_playwright

from syndicate.settings import Settings, load
from tests.axe import violations
from tests.browser import CHROMIUM_ARGUMENTS, LAYOUT_SHIFT, static_site
from tests.content_repository import ContentRepository
from tests.project_documents import code_blocks, find_program
from tests.running_service import free_port, get_rendered, running_service

DOCUMENT: Final = "docs/how-to/embed-a-feed.md"
SETTINGS: Final = """
[service]
title = "Example agency feeds"
public_url = "http://127.0.0.1:{port}"
port = {port}

[[categories]]
slug = "tts"
title = "TTS"

[[sources]]
name = "technology"
title = "Technology news"
repository = "repository"
folders = ["posts"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
id_authority = "www.example.gov"
timezone = "America/New_York"
categories = ["tts"]
assets = "serve"
"""
POST: Final = """---
title: "{title}"
summary: "{summary}"
carousel_show: true
carousel_title: "Card: {title}"
carousel_summary: "A card."
carousel_image: /images/{day}.svg
carousel_image_alt_text: "A desk"
permalink: /news/{day}
---
Words.
"""
IMAGE: Final = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="9"/>'
POSTS: Final = {
    "2024-03-01": "Less &lt;b>red&lt;/b> tape",
    "2024-02-29": "A leap day",
    "2024-01-29": "A third post",
    "2023-12-31": "The fourth is not shown",
}
NEWEST: Final = ["Less <b>red</b> tape", "A leap day", "A third post"]
PAGE: Final = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>A partner</title>{policy}<link rel="stylesheet" href="/style.css">
<main><h1>A partner</h1>{embed}<p id="below">What comes below.</p></main>"""
POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'self'; script-src {service}; connect-src {service}; img-src {service}\">"
)


def settings(folder: Path) -> Settings:
    """Return settings of a service with four posts in the carousel."""
    ContentRepository.create(folder / "repository", bare=True).commit(
        {
            f"posts/{day}-post.md": POST.format(day=day, title=title, summary=f"About {day}.")
            for day, title in POSTS.items()
        }
        | {f"images/{day}.svg": IMAGE for day in POSTS}
    )
    (folder / "syndicate.toml").write_text(SETTINGS.format(port=free_port()))
    return load(folder / "syndicate.toml", {})


@dataclass(frozen=True, kw_only=True)
class PartnerSite:
    """A site of another origin, whose page has an embed of the document."""

    folder: Path
    url: str

    def write_page(self, embed: str, service: str, *, has_policy: bool = True) -> None:
        """Write the page with ``embed``, for the service at the URL ``service``."""
        policy = POLICY.format(service=service) if has_policy else ""
        embed = embed.replace("https://feeds.example.gov", service)
        (self.folder / "index.html").write_text(PAGE.format(policy=policy, embed=embed))


@pytest.fixture
def partner_site(tmp_path: Path) -> Iterator[PartnerSite]:
    """Return a partner's site with the style sheet of the document."""
    folder = tmp_path / "partner"
    folder.mkdir()
    (folder / "style.css").write_text(code_blocks(DOCUMENT, "css")[0])
    with static_site(folder) as port:
        yield PartnerSite(folder=folder, url=f"http://localhost:{port}")


def embeds() -> tuple[str, str, str]:
    """Return the iframe, the element with its script, and the carousel of the document."""
    frame, element, carousel = code_blocks(DOCUMENT, "html")
    return frame, element, element.partition("\n")[0] + "\n" + carousel


@asynccontextmanager
async def browser_page(width: int = 1_000, *, has_messages: bool = False) -> AsyncIterator[Page]:
    """Open a page, which must have console messages only if it ``has_messages``."""
    chromium = find_program("chromium")
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_ARGUMENTS
        ) as browser,
    ):
        page = await browser.new_page(
            timezone_id="America/Los_Angeles",
            locale="en-US",
            viewport={"width": width, "height": 800},
        )
        messages: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        yield page
        assert bool(messages) == has_messages, messages


@pytest.mark.browser
async def test_element_shows_the_posts_under_a_strict_csp(
    partner_site: PartnerSite, tmp_path: Path
) -> None:
    """Text stays text, the day is the source's, nothing moves, and axe finds no violation."""
    _, element, _ = embeds()
    async with running_service(settings(tmp_path), seconds=60) as client, browser_page() as page:
        await get_rendered(client, "/feeds/technology.json")
        partner_site.write_page(element, str(client.base_url).rstrip("/"))
        await page.goto(partner_site.url)
        await page.wait_for_selector("syndicate-feed li")

        assert await page.inner_text("syndicate-feed h2") == "Technology news"
        assert await page.locator("syndicate-feed h3").all_inner_texts() == NEWEST
        assert await page.locator("syndicate-feed h3 a").first.get_attribute("href") == (
            "https://www.example.gov/news/2024-03-01"
        )
        assert await page.inner_text("syndicate-feed time >> nth=1") == "February 29, 2024"
        assert await page.get_attribute("syndicate-feed", "aria-busy") is None
        assert await page.evaluate(LAYOUT_SHIFT) == 0
        assert await violations(page, "main") == []


@pytest.mark.browser
async def test_attributes_change_what_the_element_shows(
    partner_site: PartnerSite, tmp_path: Path
) -> None:
    """At any time; in a shadow tree as well."""
    _, element, _ = embeds()
    async with running_service(settings(tmp_path), seconds=60) as client, browser_page() as page:
        await get_rendered(client, "/feeds/technology.json")
        partner_site.write_page(
            element.replace('limit="3"', 'limit="1" heading="3" date="false" shadow'),
            str(client.base_url).rstrip("/"),
        )
        await page.goto(partner_site.url)
        await page.wait_for_selector("syndicate-feed li")
        assert await page.locator("syndicate-feed h4").all_inner_texts() == NEWEST[:1]
        assert await page.locator("syndicate-feed time").count() == 0
        assert await page.evaluate("document.querySelector('syndicate-feed').shadowRoot.mode")

        await page.evaluate("document.querySelector('syndicate-feed').setAttribute('limit', '2')")
        await page.wait_for_selector("syndicate-feed li >> nth=1")
        assert await page.locator("syndicate-feed h4").all_inner_texts() == NEWEST[:2]


@pytest.mark.browser
async def test_styles_of_the_element_do_not_change_the_rest_of_the_page(
    partner_site: PartnerSite, tmp_path: Path
) -> None:
    """The page may have a class ``carousel`` and an attribute ``theme`` of its own."""
    _, element, _ = embeds()
    own = '<ul class="carousel" theme="dark"><li id="own"><img id="image" alt=""></li></ul>'
    properties = ("color", "colorScheme", "float", "flexShrink", "inlineSize", "scrollSnapAlign")
    styles = (
        "names => ['own', 'image'].map(id => names.map("
        "name => getComputedStyle(document.getElementById(id))[name]))"
    )
    async with running_service(settings(tmp_path), seconds=60) as client, browser_page() as page:
        await get_rendered(client, "/feeds/technology.json")
        partner_site.write_page(own + element, str(client.base_url).rstrip("/"))
        await page.goto(partner_site.url)
        await page.wait_for_selector("syndicate-feed li")
        found = await page.evaluate(styles, properties)

        await page.evaluate("document.adoptedStyleSheets = []")
        assert found == await page.evaluate(styles, properties)


async def wait_until_scrolled(row: Locator, *, is_at_start: bool) -> None:
    """Wait until ``row`` is scrolled to its start, or from there."""
    async with asyncio.timeout(10):
        while (await row.evaluate("row => row.scrollLeft") == 0) != is_at_start:  # noqa: ASYNC110 — smooth
            await asyncio.sleep(0.02)


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1000])
async def test_carousel_is_operated_by_keyboard_and_buttons(
    partner_site: PartnerSite, tmp_path: Path, width: int
) -> None:
    """Nothing moves by itself."""
    _, _, carousel = embeds()
    async with (
        running_service(settings(tmp_path), seconds=60) as client,
        browser_page(width) as page,
    ):
        await get_rendered(client, "/feeds/carousel.json")
        await page.emulate_media(reduced_motion="reduce")
        service = str(client.base_url).rstrip("/")
        partner_site.write_page(carousel, service)
        await page.goto(partner_site.url)
        await page.wait_for_selector("syndicate-feed li")
        assert (await page.locator("syndicate-feed h3").all_inner_texts())[0] == (
            "Card: Less <b>red</b> tape"
        )
        row = page.locator("syndicate-feed ul")
        assert await row.evaluate("row => row.scrollLeft") == 0
        await page.get_by_role("button", name="Next").click()
        await wait_until_scrolled(row, is_at_start=False)
        await page.get_by_role("button", name="Previous").click()
        await wait_until_scrolled(row, is_at_start=True)
        await row.focus()
        await page.keyboard.press("ArrowRight")
        await wait_until_scrolled(row, is_at_start=False)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await violations(page, "main") == []
        element = page.locator("syndicate-feed")
        assert await element.get_attribute("aria-roledescription") == "carousel"
        await element.evaluate("element => element.setAttribute('layout', 'list')")
        await page.get_by_role("button", name="Next").wait_for(state="detached")
        assert await element.get_attribute("aria-roledescription") is None


@pytest.mark.browser
async def test_link_stays_while_the_service_does_not_answer(
    partner_site: PartnerSite, tmp_path: Path
) -> None:
    """The script was cached or served elsewhere; the element says that it failed."""
    _, element, _ = embeds()
    with socket.create_server(("127.0.0.1", 0)) as server:
        unused = f"http://127.0.0.1:{server.getsockname()[1]}"
    async with running_service(settings(tmp_path), seconds=60) as client:
        script = (await client.get("/embed.js")).text
    (partner_site.folder / "embed.js").write_text(script)
    listener = "addEventListener('syndicate-error', () => document.title = 'failed')"
    embed = element.replace("https://feeds.example.gov/embed.js", "/embed.js")
    page_text = f"<script>{listener}</script>{embed}"
    partner_site.write_page(page_text, unused, has_policy=False)
    async with browser_page(has_messages=True) as page:
        await page.goto(partner_site.url)
        await page.wait_for_function("document.title == 'failed'")
        assert await page.inner_text("syndicate-feed a") == "Technology news"
        assert await page.get_attribute("syndicate-feed", "aria-busy") is None


@pytest.mark.browser
async def test_frame_shows_the_same_posts_without_scripts(
    partner_site: PartnerSite, tmp_path: Path
) -> None:
    """In a page of another origin; axe finds no violation in the frame."""
    frame, _, _ = embeds()
    async with running_service(settings(tmp_path), seconds=60) as client, browser_page() as page:
        await get_rendered(client, "/feeds/technology.json")
        service = str(client.base_url).rstrip("/")
        partner_site.write_page(frame, service, has_policy=False)
        await page.goto(partner_site.url)
        content = page.frame_locator("iframe")
        assert await content.locator("h3").all_inner_texts() == NEWEST
        assert await violations(page, "main", frame=page.frames[1]) == []
