"""The pages for editors in a browser: found from a post, accessible, narrow enough for a phone."""

import pathlib
import shutil
from typing import Final

import pytest
from playwright.async_api import async_playwright

from tests.browser import CHROMIUM_ARGUMENTS
from tests.web.editor_client import BROKEN, FIRST, GONE, LATER, editor_of
from tests.web.test_portal_browser import check, served

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")

EXPLAIN: Final = "Where is my post?"
CHECK: Final = "Problems in posts"
PREVIEW: Final = "Preview"
SOURCE: Final = "news"
STATES: Final = (
    ("/check?source=news&rev=editorial", PREVIEW),
    ("/check?source=news&rev=nowhere", PREVIEW),
    ("/check?source=news&at=2024-03-01T09:00", PREVIEW),
    (f"/explain?post={BROKEN}", EXPLAIN),
    (f"/explain?post={GONE}", EXPLAIN),
    (f"/explain?post={LATER}&at=2024-03-01T09:00", EXPLAIN),
    (f"/explain?post={FIRST}&rev=editorial", EXPLAIN),
    ("/explain?post=nowhere.md", EXPLAIN),
    ("/sources/news", SOURCE),
)


async def test_every_state_is_accessible(tmp_path: pathlib.Path) -> None:
    """The way from the page of a post to its explanation, and every kind of result."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium to look with")
    async with (
        editor_of(tmp_path) as editor,
        served(editor.client.app_client.app) as base,
        async_playwright() as playwright,
    ):
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        context = await chromium.new_context(
            viewport={"width": 320, "height": 800},
            extra_http_headers={"authorization": f"Bearer {editor.client.token}"},
        )
        page = await context.new_page()
        key = next(post.key for post in editor.service.edition.posts if post.path == FIRST)
        await page.goto(f"{base}/posts/{key}")
        await page.get_by_role("link", name="Where each value is from").click()
        await check(page, EXPLAIN)
        assert "1 partner: wait for it" in await page.inner_text("main")
        await page.get_by_role("link", name=CHECK).click()
        await check(page, CHECK)
        await page.get_by_role("link", name="Last changes").click()
        await check(page, SOURCE)
        await page.get_by_role("contentinfo").get_by_role("link", name=EXPLAIN).click()
        await check(page, EXPLAIN)
        for path, heading in STATES:
            await page.goto(f"{base}{path}")
            await check(page, heading)
        stranger = await chromium.new_page(viewport={"width": 320, "height": 800})
        await stranger.goto(base)
        await stranger.get_by_role("link", name="Last changes of news").click()
        await check(stranger, SOURCE)
        await chromium.close()
