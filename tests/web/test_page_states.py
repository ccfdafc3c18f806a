"""Pages in states that they seldom have: identity, errors, nothing to show, and embeds."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

from syndicate.model.agency import Agency, AgencyLink, Colors
from syndicate.model.category import Category
from syndicate.model.feed import ServiceInfo
from syndicate.model.post import Image
from tests import samples
from tests.browser import CHROMIUM_ARGUMENTS, IMAGE, SITE_IMAGES
from tests.page_checks import layout_faults, page_faults
from tests.web.app_client import NAMED, POSTS, VOCABULARY, AppClient, SampleReader, app_client
from tests.web.test_portal_browser import served

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")

AGENCY: Final = Agency(
    name="Agency of Examples",
    url="https://www.example.gov",
    colors=Colors(primary="#4a0d66", accent="#ffbe2e", link="#5c1a7a", link_dark="#d5a6ff"),
    banner=True,
    links=tuple(
        AgencyLink(title=title, url="https://www.example.gov/about")
        for title in ("Accessibility statement", "FOIA requests", "No FEAR Act data")
    ),
    privacy_url="https://www.example.gov/privacy",
)
IDENTITY: Final = replace(
    samples.SERVICE_INFO,
    agency=AGENCY,
    icon_url="https://www.example.gov/icon.svg",
    logo_url="https://www.example.gov/logo.svg",
    has_docs=True,
)
SPANISH: Final = POSTS[4]


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Open a browser; skip the test without one."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium to look with")
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        ) as browser,
    ):
        yield browser


async def fulfill_image(route: Route) -> None:
    """Respond to the request of an image of the agency or of a source."""
    await route.fulfill(body=IMAGE, content_type="image/svg+xml")


async def faults_of(app_client: AppClient, *paths: str) -> dict[str, list[str]]:
    """Return the faults of pages by path: all on a phone, and of the layout on a large screen."""
    found: dict[str, list[str]] = {}
    async with served(app_client.app) as base, open_browser() as browser:
        for width, check in ((320, page_faults), (1280, layout_faults)):
            page = await browser.new_page(viewport={"width": width, "height": 800})
            await page.route(SITE_IMAGES, fulfill_image)
            for path in paths:
                await page.goto(f"{base}{path}")
                assert await page.locator("h1, h2").first.is_visible(), path
                await open_details(page)
                found.setdefault(path, []).extend(await check(page))
            await page.close()
    return {path: faults for path, faults in found.items() if faults}


async def open_details(page: Page) -> None:
    """Show what a page shows on demand."""
    for summary in await page.locator("summary:visible").all():
        await summary.click()


def identified(service_info: ServiceInfo = IDENTITY) -> AppClient:
    """Return a service of an agency, one of whose posts has an image."""
    image = Image(url="https://www.example.gov/a.png", alt="A desk")
    rendered = samples.rendered_post(POSTS[3], image=image)
    edition = samples.edition(*POSTS, vocabulary=VOCABULARY, named=[NAMED])
    reader = SampleReader(current=edition, items_by_id={POSTS[3].id: rendered})
    return AppClient(reader=reader, service_info=service_info)


async def test_pages_with_the_identity_of_an_agency() -> None:
    """Banner, logo, links and colors; with opened details, further pages, and in Spanish."""
    paths = (
        *("/", "/about", "/categories", "/developers", "/developers/api", "/sources/news"),
        *("/?q=entrada", "/feeds/all", "/feeds/carousel", "/feeds/all?limit=1"),
        *("/feeds/all?language=es", f"/posts/{SPANISH.key}", f"/posts/{POSTS[3].key}"),
        *("/nothing", "/portal/login"),
    )
    assert await faults_of(identified(), *paths) == {}


async def test_errors() -> None:
    """Of every kind that a browser may be shown."""
    assert (
        await faults_of(
            app_client(),
            *("/nothing", "/feeds/technolgy", "/feeds/all?limit=0", "/feeds/all?tag=tts"),
            *("/developers?heading=9", "/posts/0123456789abcdef", "/sources/nothing"),
            *("/v1/subscriptions", "/v1/changes?after=nothing", "/portal"),
            *("/embed/nothing.html", "/explain", "/?q=" + "x" * 300),
        )
        == {}
    )
    assert await faults_of(AppClient(reader=SampleReader(current=None)), "/", "/feeds/all") == {}


async def test_pages_with_nothing_to_show() -> None:
    """A service without posts, and one without a public URL."""
    empty = samples.source_snapshot(samples.source())
    service = AppClient(
        reader=SampleReader(current=replace(samples.edition(), snapshots=(empty,))),
        service_info=replace(samples.SERVICE_INFO, has_public_url=False, contact=""),
    )
    paths = ("/", "/?q=x", "/about", "/categories", "/developers", "/feeds/all", "/feeds/carousel")
    assert await faults_of(service, *paths, "/sources/news", "/embed/all.html?heading=1") == {}


async def test_embeds() -> None:
    """As pages of their own; in those of a partner, tests/system/test_embed.py looks at them."""
    options = ("", "&theme=dark", "&layout=carousel", "&layout=carousel&theme=light&image=false")
    paths = [f"/embed/all.html?heading=1{each}" for each in options]
    assert await faults_of(identified(), *paths) == {}


async def test_directory_is_short() -> None:
    """With three sources and 150 categories it is not longer than three screens."""
    posts = [
        samples.post(
            f"{source}/2024-03-{n % 28 + 1:02}-post-{n}.md",
            source=source,
            published=samples.PUBLISHED.replace(day=n % 28 + 1),
            categories=(Category(slug=f"topic-{n}", title=f"Topic number {n}"),),
        )
        for source in ("news", "updates", "blog")
        for n in range(150)
    ]
    image = Image(url="https://www.example.gov/a.png", alt="A desk")
    reader = SampleReader(
        current=samples.edition(*posts),
        items_by_id={post.id: samples.rendered_post(post, image=image) for post in posts},
    )
    app = AppClient(reader=reader).app
    async with served(app) as base, open_browser() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        await page.route(SITE_IMAGES, fulfill_image)
        await page.goto(base)
        height = await page.evaluate("document.documentElement.scrollHeight")
        assert height < 3 * 900
        assert await page.get_by_role("link", name="All 150 categories").count() == 1
        assert await layout_faults(page) == []
