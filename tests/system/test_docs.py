"""The documentation as `make docs` builds it and /docs serves it, in a browser."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import async_playwright

from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.axe import RUN, SCRIPT, TAGS, Scheme
from tests.browser import CHROMIUM_ARGUMENTS, LAYOUT_SHIFT
from tests.page_checks import WIDTH_BEYOND_SCREEN
from tests.project_documents import ROOT, find_program
from tests.web.app_client import AppClient, app_client
from tests.web.test_portal_browser import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAGES: Final = (
    *("index", "tutorial", "how-to/my-post-is-missing", "how-to/run-in-production"),
    *("how-to/verify-webhooks", "reference/commands", "reference/settings", "reference/sites"),
)
"""Pages with every kind of content: prose, code in each language, tables, and links in all."""

SCREENS: Final[tuple[tuple[Scheme, int], ...]] = (("light", 320), ("dark", 1280))


@pytest.fixture(scope="module")
def docs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the documentation."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = ["sh", "deploy/docs/build.sh", str(folder)]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return folder


@pytest.mark.parametrize(("scheme", "width"), SCREENS)
async def test_documentation_is_accessible(docs_folder: Path, scheme: Scheme, width: int) -> None:
    """Without a fault of WCAG 2.2 AA, a layout shift, or a message of the policy in the console."""
    client = AppClient(
        reader=app_client().reader,
        policy=HttpPolicy(docs_folder=str(docs_folder)),
        service_info=replace(samples.SERVICE_INFO, has_docs=True),
    )
    faults: list[str] = []
    async with (
        served(client.app) as base,
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=find_program("chromium"), args=CHROMIUM_ARGUMENTS
        ) as browser,
    ):
        page = await browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
        page.on("console", lambda message: faults.append(message.text))
        for path in PAGES:
            await page.goto(f"{base}/docs/{path}.html")
            await page.evaluate(SCRIPT)
            report = await page.evaluate(RUN, ["html", TAGS])
            faults += [f"{path}: {violation}" for violation in report["violations"]]
            for measure in (LAYOUT_SHIFT, WIDTH_BEYOND_SCREEN):
                if await page.evaluate(measure) > 0:
                    faults.append(f"{path}: {measure}")
    assert faults == []
