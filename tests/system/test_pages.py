"""Every kind of page, with the sample posts of `make serve`, is accessible."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import pytest
from playwright.async_api import ConsoleMessage, Page, Request, Route, async_playwright

from syndicate.settings import Settings, load
from tests.browser import CHROMIUM_ARGUMENTS, IMAGE, SITE_IMAGES
from tests.content_repository import ContentRepository
from tests.page_checks import WIDTH_BEYOND_SCREEN, page_faults
from tests.project_documents import find_program
from tests.render.parsed_html import parse_page
from tests.running_service import get_rendered, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    *(
        "/",
        "/?q=the",
        "/?q=nothing-like-it",
        "/about",
        "/developers/api",
        "/feeds/all",
        "/feeds/carousel",
        "/feeds/tts",
    ),
    *("/feeds/tech-carousel", "/developers", "/developers?feed=carousel&layout=carousel&limit=2"),
    "/feeds/all?category=tts&category=technology&match=all&limit=1",
    *("/sources/program-updates", "/feeds/all?language=es", "/categories"),
    *("/portal/login", "/?q=the&limit=1", "/developers?feed=program-updates&category=tts"),
    "/feeds/all?language=es&carousel=true",  # an empty feed
    *("/feeds/nothing", "/feeds/all?lang=es", "/feeds/all?category=nothing", "/nothing"),
)
"""Every kind of page except posts, which are all visited; the last four are errors."""
POSTS: Final = 10
"""The number of published samples, without those that content/README.md lists as hidden."""


@dataclass(frozen=True, kw_only=True)
class PageResult:
    """The results of a visit to a page."""

    path: str
    root: Element
    requests: Sequence[str]
    console_errors: Sequence[str]
    faults: Sequence[str]
    """What is wrong on a large screen."""
    wide: int
    """Number of pixels by which the page is wider than a phone of 320."""


@pytest.fixture(scope="module")
async def page_results(
    tmp_path_factory: pytest.TempPathFactory,
    anyio_backend: str,  # noqa: ARG001 — synchronous tests use this fixture
) -> tuple[PageResult, ...]:
    """Return the results of a visit to every page of the sample posts."""
    chromium = find_program("chromium")
    folder = tmp_path_factory.mktemp("samples")
    content = ContentRepository.create(folder / "content")
    files = [path for path in (ROOT / "content").rglob("*") if path.is_file()]
    content.commit({path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files})
    settings = load(
        ROOT / "deploy" / "local" / "syndicate.toml",
        {
            "SAMPLE_REPOSITORY": str(content.path),
            "SYNDICATE_SERVICE__DATA": str(folder / "var"),
            "SYNDICATE_SERVICE__PORT": "0",
        },
    )
    return await visit_all_pages(settings, chromium)


async def visit_all_pages(settings: Settings, chromium: str) -> tuple[PageResult, ...]:
    """Serve ``settings``, and visit every page in one browser."""
    async with running_service(settings, seconds=200) as client:
        posts = (await get_rendered(client, "/v1/posts?limit=200")).json()["items"]
        keys = [post["_syndicate"]["self"].rpartition("/")[2] for post in posts]
        async with (
            async_playwright() as playwright,
            await playwright.chromium.launch(
                executable_path=chromium, args=CHROMIUM_ARGUMENTS
            ) as browser,
        ):
            base = str(client.base_url).rstrip("/")
            paths = (*PAGES, *(f"/posts/{key}" for key in keys))
            page = await browser.new_page()
            await page.route(SITE_IMAGES, fulfill_image)
            return tuple([await visit_page(page, base, path) for path in paths])


async def fulfill_image(route: Route) -> None:
    """Respond to the request of an image of the site of the sources."""
    await route.fulfill(body=IMAGE, content_type="image/svg+xml")


async def visit_page(page: Page, base_url: str, path: str) -> PageResult:
    """Visit a URL at desktop width in both color schemes, then at phone width."""
    requests: list[str] = []
    console_errors: list[str] = []

    def record_request(request: Request) -> None:
        requests.append(request.url.removeprefix(base_url))

    def record_console_error(message: ConsoleMessage) -> None:
        console_errors.append(message.text)

    page.on("request", record_request)
    page.on("console", record_console_error)
    await page.set_viewport_size({"width": 1280, "height": 900})
    response = await page.goto(base_url + path)
    assert response is not None
    faults = await page_faults(page)
    await page.set_viewport_size({"width": 320, "height": 700})
    wide = await page.evaluate(WIDTH_BEYOND_SCREEN)
    page.remove_listener("request", record_request)
    page.remove_listener("console", record_console_error)
    return PageResult(
        path=path,
        root=parse_page(await response.text()),
        requests=requests,
        console_errors=[
            text for text in console_errors if f"status of {response.status}" not in text
        ],
        faults=faults,
        wide=wide,
    )


def test_every_kind_of_page_was_visited(page_results: Sequence[PageResult]) -> None:
    """Each published sample post is included, as HTML without a parse error."""
    assert [look.path for look in page_results[: len(PAGES)]] == list(PAGES)
    assert len(page_results) - len(PAGES) == POSTS
    assert all(look.root.find("body/main") is not None for look in page_results)


def test_pages_have_no_faults(page_results: Sequence[PageResult]) -> None:
    """They are accessible by WCAG 2.2 AA and axe-core, transfer little, and nothing moves."""
    assert {look.path: look.faults for look in page_results if look.faults} == {}


def test_no_page_scrolls_horizontally(page_results: Sequence[PageResult]) -> None:
    """Text flows into 320 pixels (WCAG 2.2, 1.4.10)."""
    assert [look.path for look in page_results if look.wide > 0] == []


def test_pages_load_only_images_of_the_service(page_results: Sequence[PageResult]) -> None:
    """There are no requests to third parties, and no errors in the console."""
    requested = {
        look.path: [url for url in look.requests if not url.startswith(("/assets/", "/fav"))]
        for look in page_results
    }
    assert requested == {look.path: [look.path] for look in page_results}
    assert any(url.startswith("/assets/") for url in page_results[0].requests)
    assert [console_error for look in page_results for console_error in look.console_errors] == []


def test_no_page_has_a_script(page_results: Sequence[PageResult]) -> None:
    """Except for the buttons that copy code."""
    scripts = {look.path for look in page_results if look.root.find(".//script") is not None}
    assert scripts == {path for path in PAGES if path.partition("?")[0] == "/developers"}
    for look in page_results:
        assert not [name for e in look.root.iter() for name in e.attrib if name.startswith("on")]
