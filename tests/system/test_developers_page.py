"""A partner who knows nothing but the URL of a service embeds a feed and verifies a webhook.

Everything that the partner types is copied from pages by a selector. Replaced are only the values
that are the partner's own: the URL of the endpoint, its port, and the secret.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Page, async_playwright

from syndicate.model.access_token import NewToken
from syndicate.model.audit import SERVICE
from syndicate.service.subscription_service import open_subscription_service
from syndicate.settings import Settings, load
from tests.browser import CHROMIUM_ARGUMENTS, LAYOUT_SHIFT, static_site
from tests.content_repository import ContentRepository
from tests.project_documents import find_program
from tests.running_service import free_port, get_rendered, running_service, wait_for_response

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SETTINGS: Final = """
[service]
title = "Example agency feeds"
public_url = "http://127.0.0.1:{port}"
port = {port}
contact = "feeds@example.gov"

[delivery]
allow_http = true
allow_networks = ["127.0.0.0/8"]

[[sources]]
name = "news"
title = "Example agency"
repository = "content"
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
"""
POST: Final = "---\ntitle: {}\n---\nWords.\n"
ENDPOINT: Final = "https://partner.example.gov/webhook"
"""The partner's endpoint in the commands of the pages."""

OWN_PAGE: Final = '<!doctype html><html lang="en"><title>Ours</title><main>{}</main>'
LANGUAGES: Final = {"python": "py", "php": "php", "node": "mjs"}


@pytest.fixture
def content(tmp_path: Path) -> ContentRepository:
    """Return the repository of the source, with two posts."""
    content = ContentRepository.create(tmp_path / "content")
    content.commit({f"news/2024-01-0{n}-post.md": POST.format(f"Post {n}") for n in (1, 2)})
    return content


@pytest.fixture
def settings(tmp_path: Path, content: ContentRepository) -> Settings:
    """Return settings of a service of ``content`` that may send to this host."""
    assert content.path == tmp_path / "content"
    (tmp_path / "syndicate.toml").write_text(SETTINGS.format(port=free_port()))
    return load(tmp_path / "syndicate.toml", {})


@pytest.fixture
def partner_site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the folder and the URL of the partner's own site."""
    folder = tmp_path / "site"
    folder.mkdir()
    with static_site(folder) as port:
        yield folder, f"http://localhost:{port}"


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Open a browser."""
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=find_program("chromium"), args=CHROMIUM_ARGUMENTS
        ) as browser,
    ):
        yield browser


async def copy(page: Page, element_id: str) -> str:
    """Return the code in the element with an id, as a person would select and copy it."""
    text = await page.locator(f"#{element_id}").text_content()
    assert text
    return text


async def open_developers_page(browser: Browser, url: str) -> Page:
    """Follow the link for developers on the first page of the service."""
    page = await browser.new_page()
    await page.goto(url)
    await page.get_by_role("contentinfo").get_by_role("link", name="For developers").click()
    return page


async def test_copied_embeds_show_the_list(
    settings: Settings, partner_site: tuple[Path, str]
) -> None:
    """The element and the iframe, with the feed and the number that were chosen in the form."""
    folder, site = partner_site
    async with running_service(settings, seconds=90) as client, open_browser() as browser:
        await get_rendered(client, "/feeds/news.json")
        page = await open_developers_page(browser, str(client.base_url))
        await page.get_by_role("combobox", name="Feed", exact=True).select_option("Example agency")
        await page.get_by_label("Number of posts").fill("1")
        await page.get_by_role("button", name="Show URLs and code").click()
        preview = page.frame_locator("iframe.preview").get_by_role("heading", level=3)
        embeds = [await copy(page, "embed-element"), await copy(page, "embed-iframe")]
        assert await preview.all_inner_texts() == ["Post 2"]

        (folder / "index.html").write_text(OWN_PAGE.format("".join(embeds)))
        await page.goto(site)
        await page.wait_for_selector("syndicate-feed li")
        assert await page.locator("syndicate-feed h3").all_inner_texts() == ["Post 2"]
        framed = page.frame_locator("main > iframe").get_by_role("heading", level=3)
        assert await framed.all_inner_texts() == ["Post 2"]


async def test_buttons_copy_code(settings: Settings) -> None:
    """By click and keyboard, where browsers have a clipboard and where not; nothing moves."""
    async with running_service(settings, seconds=90) as client, open_browser() as browser:
        for has_clipboard in (True, False):
            page = await browser.new_page()
            await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
            if not has_clipboard:
                await page.add_init_script("delete Navigator.prototype.clipboard")
            await page.clock.install()
            await page.goto(f"{client.base_url}/developers")
            await page.get_by_role("button", name="Copy: Code of the iframe").press("Enter")
            await page.get_by_text("Copied: Code of the iframe").wait_for(state="attached")
            copied = page.get_by_role("button", name="Copied: Code of the iframe")
            assert await copied.inner_text() == "Copied"
            assert await page.evaluate(LAYOUT_SHIFT) == 0
            await page.clock.fast_forward(5_000)
            await copied.wait_for(state="detached")
            again = page.get_by_role("button", name="Copy: Code of the iframe")
            assert await again.inner_text() == "Copy"
            expected = await copy(page, "embed-iframe")
            await page.goto(str(client.base_url))
            await page.get_by_label("Search posts").press("Control+v")
            assert (await page.input_value("#q")).split() == expected.split()


async def test_page_is_the_same_without_scripts(settings: Settings) -> None:
    """But for the buttons."""
    async with running_service(settings, seconds=90) as client, open_browser() as browser:
        found = []
        for has_script in (True, False):
            context = await browser.new_context(java_script_enabled=has_script)
            page = await context.new_page()
            await page.goto(f"{client.base_url}/developers")
            found.append((await page.inner_text("main")).replace("Copy\n", "").split())
        assert found[0] == found[1]


async def test_copied_programs_verify_a_webhook(
    settings: Settings, content: ContentRepository, tmp_path: Path
) -> None:
    """In each language: the files, the command that runs them, and the one that subscribes."""
    async with running_service(settings, seconds=150) as client, open_browser() as browser:
        await wait_for_response(client, "/v1/changes", lambda response: response.is_success)
        page = await open_developers_page(browser, str(client.base_url))
        assert await page.locator("main ol").get_by_text("feeds@example.gov").count() == 1
        token = await token_from_the_operator(settings)
        receivers = [await start_receiver(page, tmp_path, name, token) for name in LANGUAGES]
        try:
            content.commit({"news/2024-01-03-post.md": POST.format("Post 3")})
            await asyncio.gather(
                *(wait_until_written(log, "post.published") for _, log in receivers)
            )
        finally:
            for process, _ in receivers:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


async def token_from_the_operator(settings: Settings) -> str:
    """Return the token that the contact of the service sends to a partner."""
    async with open_subscription_service(settings) as service:
        new = NewToken(role="partner", name="partner")
        return (await service.access.tokens.create(new, service.clock(), SERVICE))[1]


async def start_receiver(
    page: Page, folder: Path, language: str, token: str
) -> tuple[asyncio.subprocess.Process, Path]:
    """Subscribe, and start the receiver in a language; return its process and its output."""
    find_program({"python": "python3"}.get(language, language))
    suffix, port, own = LANGUAGES[language], free_port(), folder / language
    own.mkdir()
    (own / f"webhook.{suffix}").write_text(await copy(page, f"verify-{language}"))
    (own / f"receiver.{suffix}").write_text(await copy(page, f"receiver-{language}"))
    subscribe = (await copy(page, "subscribe")).replace(ENDPOINT, f"http://127.0.0.1:{port}/")
    secret = json.loads(await run_command(subscribe, own, {"SYNDICATE_TOKEN": token}))["secret"]
    command = (await copy(page, f"run-{language}")).replace("whsec_…", secret)
    log = own / "output"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_shell(
            command.replace("8080", str(port)),
            cwd=own,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    await wait_until_accepted(port)
    return process, log


async def run_command(command: str, folder: Path, variables: Mapping[str, str]) -> bytes:
    """Return what a command of the shell prints."""
    process = await asyncio.create_subprocess_shell(
        command, cwd=folder, env={**os.environ, **variables}, stdout=-1, stderr=-1
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors
    return output


async def wait_until_accepted(port: int) -> None:
    """Wait until something accepts connections at ``port``."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def wait_until_written(log: Path, text: str) -> None:
    """Wait until ``text`` is in a file."""
    while text not in log.read_text():  # noqa: ASYNC110 — a file has no event
        await asyncio.sleep(0.05)
