"""Every kind of page, of the sample posts as `make serve` shows them, is for everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import httpx
import pytest
from playwright.async_api import ConsoleMessage, Page, Request, async_playwright

from syndicate.settings import load
from tests.axe import violations
from tests.content_repository import ContentRepository
from tests.documents import program
from tests.render.html import parsed
from tests.running import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROOT: Final = Path(__file__).parents[2]
CHROMIUM: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PAGES: Final = (
    *("/", "/about", "/feeds/all", "/feeds/carousel", "/feeds/tts", "/feeds/tech-carousel"),
    "/feeds/all?category=tts&category=technology&match=all&limit=1",
    "/feeds/all?language=es&carousel=true",  # holds nothing
    *("/feeds/nothing", "/feeds/all?lang=es", "/feeds/all?category=nothing", "/nothing"),
)
"""Every kind but posts, of which all are looked at; the last four are errors."""
POSTS: Final = 10
"""What the samples publish, all but those that content/README.md says are out of sight."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen of a page."""

    path: str
    root: Element
    requests: Sequence[str]
    complaints: Sequence[str]
    violations: Sequence[str]
    wide: int
    """Pixels by which it is wider than a phone of 320."""


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Look, ...]:
    """Serve the sample posts once, and look at every page of them in one browser."""
    chromium = program("chromium")
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
    seen: list[Look] = []

    async def visit(client: httpx.AsyncClient) -> None:
        posts = (await client.get("/v1/posts?limit=200")).json()["items"]
        keys = [post["_syndicate"]["self"].rpartition("/")[2] for post in posts]
        async with (
            async_playwright() as playwright,
            await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM) as browser,
        ):
            base = str(client.base_url).rstrip("/")
            paths = (*PAGES, *(f"/posts/{key}" for key in keys))
            page = await browser.new_page()
            seen.extend([await look(page, base, path) for path in paths])

    serving(settings, visit, seconds=200)
    return tuple(seen)


async def look(page: Page, base: str, path: str) -> Look:
    """Look at an address on a desk in both colour schemes, then on a phone."""
    requests: list[str] = []
    complaints: list[str] = []

    def note_request(request: Request) -> None:
        requests.append(request.url.removeprefix(base))

    def note_complaint(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    page.on("request", note_request)
    page.on("console", note_complaint)
    await page.set_viewport_size({"width": 1280, "height": 900})
    answer = await page.goto(base + path)
    assert answer is not None
    wrong = await violations(page)
    await page.set_viewport_size({"width": 320, "height": 700})
    wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    page.remove_listener("request", note_request)
    page.remove_listener("console", note_complaint)
    return Look(
        path=path,
        root=parsed(await answer.text()),
        requests=requests,
        complaints=[text for text in complaints if f"status of {answer.status}" not in text],
        violations=wrong,
        wide=wide,
    )


def test_every_kind_of_page_was_looked_at(looks: Sequence[Look]) -> None:
    """Among them each post that the samples publish, as HTML without a parse error."""
    assert [look.path for look in looks[: len(PAGES)]] == list(PAGES)
    assert len(looks) - len(PAGES) == POSTS
    assert all(look.root.find("body/main") is not None for look in looks)


def test_no_page_keeps_anybody_out(looks: Sequence[Look]) -> None:
    """No violation of WCAG 2.2 AA, nor of good practice, is found by axe-core, light or dark."""
    assert {look.path: look.violations for look in looks if look.violations} == {}


def test_no_page_scrolls_sideways(looks: Sequence[Look]) -> None:
    """Text flows into 320 pixels (WCAG 2.2, 1.4.10)."""
    assert [look.path for look in looks if look.wide > 0] == []


def test_no_page_loads_anything(looks: Sequence[Look]) -> None:
    """No third party sees who reads, and nothing is missing: the browser is content."""
    asked = {
        look.path: [url for url in look.requests if not url.startswith("data:")] for look in looks
    }
    assert asked == {look.path: [look.path] for look in looks}
    assert [complaint for look in looks for complaint in look.complaints] == []


def test_no_page_has_a_script(looks: Sequence[Look]) -> None:
    """So each is as complete for whoever runs none."""
    for look in looks:
        assert look.root.find(".//script") is None
        assert not [name for e in look.root.iter() for name in e.attrib if name.startswith("on")]
