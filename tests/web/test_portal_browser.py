"""Every page and state of the portal in a browser: accessible, and narrow enough for a phone."""

import asyncio
import pathlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Page, async_playwright
from starlette.types import ASGIApp

from syndicate.web.http.server import serve
from tests.browser import CHROMIUM_ARGUMENTS
from tests.channels.receiver import respond, run_receiver
from tests.page_checks import WIDTH_BEYOND_SCREEN, page_faults
from tests.stepwise_service import sqlite_url
from tests.web.portal_client import answered, open_portal

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve ``app`` on loopback, and yield its URL."""
    port = asyncio.get_running_loop().create_future()
    stopping = asyncio.Event()
    task = asyncio.create_task(
        serve(app, "127.0.0.1", 0, stopping=stopping, on_started=port.set_result)
    )
    yield f"http://127.0.0.1:{await port}"
    stopping.set()
    await task


async def check(page: Page, heading: str) -> None:
    """Check that a page has a ``heading`` and no fault, on a phone and on a large screen."""
    assert await page.locator("h1").inner_text() == heading
    assert await page_faults(page) == [], f"{heading} at {page.url}"
    await page.set_viewport_size({"width": 1280, "height": 800})
    assert await page.evaluate(WIDTH_BEYOND_SCREEN) <= 0, f"{heading} at {page.url}"
    await page.set_viewport_size({"width": 320, "height": 800})


async def activate(page: Page, name: str) -> None:
    """Activate the first button with a name, by the keyboard."""
    await page.get_by_role("button", name=name, exact=True).first.press("Enter")
    await page.wait_for_load_state()


async def add_subscription(page: Page, endpoint_url: str) -> None:
    """Add a subscription after a mistake, send a test event, and open its rarer commands."""
    await page.get_by_role("link", name="Add a subscription").click()
    await check(page, "Add a subscription")
    await page.get_by_label("Categories", exact=True).fill("fish")
    await page.get_by_label("URL of your endpoint").fill(endpoint_url)
    await activate(page, "Add")
    await check(page, "Add a subscription")
    assert "fish" in await page.get_by_role("alert").inner_text()
    await page.get_by_label("Categories", exact=True).fill("")
    await page.get_by_label("begin with all posts").check()
    await activate(page, "Add")
    await check(page, "Subscription")
    await activate(page, "Send a test event")
    await check(page, "Subscription")
    await page.get_by_text("Send again, new secret, remove").click()
    await check(page, "Subscription")


async def test_every_page_is_accessible(tmp_path: pathlib.Path) -> None:
    """From the login with a wrong token to the removal of a subscription."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium to look with")
    async with (
        open_portal(sqlite_url(tmp_path), public_url="http://127.0.0.1:8000") as portal,
        served(portal.api_client.app_client.app) as base,
        run_receiver(respond(500, b"<b>broken</b>")) as endpoint,
        async_playwright() as playwright,
    ):
        admin = await portal.api_client.with_token("ops", "admin")
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        page = await (await chromium.new_context(viewport={"width": 320, "height": 800})).new_page()
        await page.goto(f"{base}/portal")
        await check(page, "Sign in")
        for text, heading in (("syn_x", "Sign in"), (admin.token, "Subscriptions")):
            await page.get_by_label("Token").fill(text)
            await activate(page, "Sign in")
            await check(page, heading)
        await add_subscription(page, endpoint.url())
        await answered(portal, 500)
        await page.get_by_role("button", name="Search").press("Enter")
        await page.get_by_role("link", name="Delivery 1", exact=True).click()
        await check(page, "Delivery 1")
        await page.get_by_role("link", name="Tokens").click()
        await check(page, "Tokens")
        for name in ("", "Web team"):
            await page.get_by_label("Owner").fill(name)
            await activate(page, "Create")
            await check(page, "Tokens")
        await page.get_by_role("link", name="Subscriptions").click()
        await check(page, "Subscriptions")
        await activate(page, "Sign out")
        await check(page, "Sign in")
        await chromium.close()
