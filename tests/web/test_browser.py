"""The pages in a real browser: nothing is blocked, only images are loaded, nothing overflows."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Route, sync_playwright

from syndicate.model.post import Image, SafeHtml
from syndicate.web.http.server import serve, uvloop_runner
from tests import samples
from tests.browser import CHROMIUM_ARGUMENTS, IMAGE, LAYOUT_SHIFT, SITE_IMAGES
from tests.web.app_client import NAMED, POSTS, VOCABULARY, AppClient, SampleReader

pytestmark = pytest.mark.browser

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
CONTENT: Final = SafeHtml(
    '<h3>A chart</h3><p><img src="https://www.example.gov/chart.png" alt="Costs fall"></p>'
    '<iframe src="https://video.example.org/1" title="A talk"></iframe>'
    f"<table><thead><tr>{'<th>Month</th>' * 30}</tr></thead></table>"
    f"<pre><code>{'x' * 300}</code></pre>"
)
FEATURED: Final = POSTS[3]
PATHS: Final = (
    *(
        "/",
        "/?q=featured",
        "/about",
        "/feeds/all",
        "/feeds/all?category=tts&limit=1",
        f"/feeds/{NAMED.name}",
    ),
    f"/posts/{FEATURED.key}",
)


def fulfill_image(route: Route) -> None:
    """Respond to the request of an image of the site of the sources."""
    route.fulfill(body=IMAGE, content_type="image/svg+xml")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """Serve posts with images, iframes and wide tables; yield the URL."""
    image = Image(url="https://www.example.gov/a.png", alt="A desk")
    rich = samples.rendered_post(FEATURED, content=CONTENT, image=image)
    library = SampleReader(
        current=samples.edition(*POSTS, vocabulary=VOCABULARY, named=[NAMED]),
        items_by_id={FEATURED.id: rich},
    )
    ports: list[int] = []
    ready, stop = threading.Event(), asyncio.Event()

    def started(port: int) -> None:
        ports.append(port)
        ready.set()

    with uvloop_runner() as loop:
        service_info = replace(samples.SERVICE_INFO, public_url="http://feeds.example.gov")
        app = AppClient(reader=library, service_info=service_info).app
        server = threading.Thread(
            target=loop.run, args=(serve(app, "127.0.0.1", 0, stopping=stop, on_started=started),)
        )
        server.start()
        assert ready.wait(10)
        yield f"http://127.0.0.1:{ports[0]}"
        loop.get_loop().call_soon_threadsafe(stop.set)
        server.join(15)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium without its own network traffic."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium to look with")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_have_no_errors_and_fit_the_screen(
    base: str, browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    """On a phone and a desktop: no console message, no horizontal scrolling, no layout shift."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.route(SITE_IMAGES, fulfill_image)
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))

    for path in PATHS:
        page.goto(f"{base}{path}")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path
        styled = page.evaluate("getComputedStyle(document.querySelector('.band')).display")
        assert styled == "block", path
        assert page.evaluate(LAYOUT_SHIFT) == 0, path
    context.close()

    ours = [url for url in requests if url.startswith(base) and "favicon" not in url]
    assert ours == [base + path for path in PATHS]
    others = {url for url in requests if not url.startswith(base)}
    images = ("a.png", "chart.png", "assets/spring.svg")
    assert others == {f"https://www.example.gov/{image}" for image in images}
    assert complaints == []


@pytest.mark.slow
def test_filters_work_without_scripts(base: str, browser: Browser) -> None:
    """The form opens, submits, and shows what was selected."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}/feeds/all")

    page.get_by_text("Filter this feed").click()
    page.get_by_label("Technology Transformation Services").check()
    page.get_by_label("Example agency, updates").check()
    page.get_by_role("button", name="Apply filters").click()

    assert page.locator("article h2").all_inner_texts() == ["2024 02 10 una entrada"]
    assert page.get_by_label("Example agency, updates").is_checked()
    page.get_by_role("link", name="Clear filters").click()
    assert page.url == f"{base}/feeds/all"
    context.close()


def test_pages_are_complete_in_print_and_in_forced_colors(base: str, browser: Browser) -> None:
    """Print leaves out what cannot be used on paper; forced colors keep text and borders."""
    context = browser.new_context()
    context.route(SITE_IMAGES, fulfill_image)
    page = context.new_page()
    page.goto(f"{base}/")

    page.emulate_media(media="print")
    assert not page.get_by_role("search").is_visible()
    assert not page.get_by_role("navigation", name="Service").is_visible()
    assert page.locator("article h3").count() == 5
    assert page.locator("article h3").first.is_visible()
    page.emulate_media(media="screen", forced_colors="active")
    colors = page.evaluate(
        "(['.band', '.card'].map(name => getComputedStyle(document.querySelector(name)))"
        ".map(style => [style.color, style.backgroundColor, style.borderBottomWidth]))"
    )
    assert all(text != background and border != "0px" for text, background, border in colors)
    context.close()


def test_pages_are_used_with_the_keyboard(base: str, browser: Browser) -> None:
    """The skip link comes first; a search is typed and sent; a carousel can be scrolled."""
    context = browser.new_context(viewport={"width": 600, "height": 800})
    context.route(SITE_IMAGES, fulfill_image)
    page = context.new_page()
    page.goto(f"{base}/")

    page.keyboard.down("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.get_by_label("Search posts").focus()
    page.keyboard.type("entrada\n")
    page.wait_for_url("**/?q=entrada")
    assert page.locator("article h3 mark").all_inner_texts() == ["entrada"]
    page.goto(f"{base}/feeds/{NAMED.name}")
    page.get_by_role("region", name=NAMED.title).focus()
    assert page.evaluate("document.activeElement.className") == "cards carousel"
    context.close()
