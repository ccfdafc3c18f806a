"""The carousel of docs/how-to/show-a-carousel.md, as printed there, shows the cards of the feed."""

import asyncio
import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import async_playwright

from syndicate.settings import Settings, load
from tests.axe import violations
from tests.browser import CHROMIUM_ARGUMENTS, static_site
from tests.content_repository import ContentRepository
from tests.project_documents import code_blocks, find_program
from tests.running_service import running_service

DOCUMENT: Final = "docs/how-to/show-a-carousel.md"
PIXEL: Final = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>'
SETTINGS: Final = """
[service]
title = "Example agency feeds"
port = 0

[[sources]]
name = "news"
title = "Example agency"
repository = "repository"
folders = ["posts"]
dialect = "news-and-blog"
site_url = "{site}"
timezone = "America/New_York"
rights = "Public domain"
"""
POST: Final = """---
title: {title}
carousel_show: true
carousel_title: {title}
carousel_summary: {summary}
carousel_image: {image}
carousel_image_alt_text: {alt}
permalink: /news/{name}
---
Words.
"""
CARDS: Final = (
    ("2024-03-01", "'Less &lt;b>red&lt;/b> tape'", "'Wait & &lt;script>0&lt;/script>'", "A pair"),
    ("2024-02-29", "A leap day", "Once in four years.", "'Quotes \"and\" <angles>'"),
    ("2024-01-29", "An image nobody described", "It stays silent.", "''"),
    ("2023-12-31", "The fourth is not shown", "Three are enough.", "A queue"),
)
"""Day, title, summary and alternative text as YAML, newest first."""

EXPECTED_CARDS: Final = [
    {
        "url": "{site}/news/2024-03-01",
        "title": "Less <b>red</b> tape",
        "summary": "Wait & <script>0</script>",
        "image": "{site}/images/2024-03-01.svg",
        "alt": "A pair",
        "date": "2024-03-01",
        "day": "March 1, 2024",
        "from": "Example agency, Public domain",
    },
    {
        "url": "{site}/news/2024-02-29",
        "title": "A leap day",
        "summary": "Once in four years.",
        "image": "{site}/images/2024-02-29.svg",
        "alt": 'Quotes "and" <angles>',
        "date": "2024-02-29",
        "day": "February 29, 2024",
        "from": "Example agency, Public domain",
    },
    {
        "url": "{site}/news/2024-01-29",
        "title": "An image nobody described",
        "summary": "It stays silent.",
        "image": "{site}/images/2024-01-29.svg",
        "alt": "",
        "date": "2024-01-29",
        "day": "January 29, 2024",
        "from": "Example agency, Public domain",
    },
]


def expected_cards(site: str) -> list[dict[str, str]]:
    """Return the cards that must be visible if the images are at ``site``."""
    return [
        {name: text.format(site=site) for name, text in card.items()} for card in EXPECTED_CARDS
    ]


@dataclass(frozen=True, kw_only=True)
class PartnerSite:
    """A partner's site on loopback, with the images of the posts and the files of a test."""

    folder: Path
    site: str

    def settings(self, folder: Path) -> Settings:
        """Return settings of a service whose posts have their images on this site."""
        repository = ContentRepository.create(folder / "repository", bare=True)
        repository.commit(
            {
                f"posts/{day}-post.md": POST.format(
                    name=day, title=title, summary=summary, alt=alt, image=f"/images/{day}.svg"
                )
                for day, title, summary, alt in CARDS
            }
        )
        (folder / "syndicate.toml").write_text(SETTINGS.format(site=self.site))
        return load(folder / "syndicate.toml", {})

    def write_page(self, service: str) -> None:
        """Write the page and the script of the document, and its policy, for ``service``."""
        real = {"https://feeds.example.gov": service, "https://www.example.gov": self.site}
        texts = [code_blocks(DOCUMENT, language)[0] for language in ("html", "js", "csp")]
        for path, replacement in real.items():
            texts = [text.replace(path, replacement) for text in texts]
        page, script, policy = (text.strip() for text in texts)
        (self.folder / "index.html").write_text(PAGE.format(policy=policy, page=page))
        (self.folder / "carousel.js").write_text(script)


@pytest.fixture
def partner_site(tmp_path: Path) -> Iterator[PartnerSite]:
    """Return a partner's site with an image for each card."""
    folder = tmp_path / "partner"
    (folder / "images").mkdir(parents=True)
    for day, *_ in CARDS:
        (folder / "images" / f"{day}.svg").write_text(PIXEL)
    with static_site(folder) as port:
        yield PartnerSite(folder=folder, site=f"http://127.0.0.1:{port}")


READ_CARDS: Final = """cards => cards.map(card => ({
  url: card.querySelector("h3 > a").href,
  title: card.querySelector("h3").textContent,
  summary: card.querySelector("p").textContent,
  image: card.querySelector("img").src,
  alt: card.querySelector("img").getAttribute("alt"),
  date: card.querySelector("time").dateTime,
  day: card.querySelector("time").textContent,
  from: card.querySelector("small").textContent,
}))"""
PAGE: Final = """<!doctype html><html lang="en"><title>News</title>
<meta http-equiv="Content-Security-Policy" content="{policy}">{page}"""
LOADED: Final = "[...document.images].every(image => image.complete && image.naturalWidth)"


@pytest.mark.browser
async def test_three_cards_are_shown_under_a_strict_csp(
    partner_site: PartnerSite, tmp_path: Path
) -> None:
    """Text, alternative texts and dates are right, and axe-core finds no violation."""
    chromium = find_program("chromium")

    async with running_service(partner_site.settings(tmp_path), seconds=60) as client:
        partner_site.write_page(str(client.base_url).rstrip("/"))
        async with (
            async_playwright() as playwright,
            await playwright.chromium.launch(
                executable_path=chromium, args=CHROMIUM_ARGUMENTS
            ) as browser,
        ):
            page = await browser.new_page(timezone_id="America/Los_Angeles", locale="en-US")
            console_errors: list[str] = []
            page.on("console", lambda message: console_errors.append(message.text))
            page.on("pageerror", lambda error: console_errors.append(str(error)))
            await page.goto(partner_site.site)
            await page.wait_for_selector("#carousel img")
            cards = await page.eval_on_selector_all("#carousel > li", READ_CARDS)
            assert cards == expected_cards(partner_site.site)
            await page.wait_for_function(LOADED)
            assert await violations(page, "#carousel") == []
            assert console_errors == []


@pytest.mark.browser
async def test_link_remains_when_the_feed_is_unavailable(partner_site: PartnerSite) -> None:
    """A reader gets a link to the news if the script cannot load the feed."""
    chromium = find_program("chromium")

    with socket.create_server(("127.0.0.1", 0)) as server:
        unused_url = f"http://127.0.0.1:{server.getsockname()[1]}"
    partner_site.write_page(unused_url)
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_ARGUMENTS
        ) as browser,
    ):
        page = await browser.new_page()
        async with page.expect_event("pageerror"):
            await page.goto(partner_site.site)
        assert await page.inner_text("#carousel a") == "Featured news"


async def test_drupal_block_shows_the_same_cards(partner_site: PartnerSite, tmp_path: Path) -> None:
    """The class of the Drupal module returns the cards that the script shows."""
    php = find_program("php")
    cards, block = code_blocks(DOCUMENT, "php")
    (tmp_path / "Cards.php").write_text(cards)
    (tmp_path / "NewsCards.php").write_text(block)
    (tmp_path / "driver.php").write_text(
        "<?php require __DIR__ . '/Cards.php';"
        "echo json_encode(Drupal\\news_cards\\Cards::of(file_get_contents('feed.json')));"
    )

    async with running_service(partner_site.settings(tmp_path)) as client:
        feed = await client.get("/feeds/carousel.json?limit=3")
        (tmp_path / "feed.json").write_bytes(feed.content)
    run = partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True)
    completed = await asyncio.to_thread(run, [php, "driver.php"])
    assert json.loads(completed.stdout) == expected_cards(partner_site.site)
    await asyncio.to_thread(run, [php, "-l", "NewsCards.php"])
