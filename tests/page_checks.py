"""What holds for every page in a browser: accessible, small, without layout shift, not too wide."""

from typing import Final

from playwright.async_api import Page

from tests.axe import violations
from tests.browser import LAYOUT_SHIFT

MAX_BYTES: Final = 100_000
"""Bytes of a page that are transferred, without its images."""

TRANSFERRED_BYTES: Final = """() => [
  ...performance.getEntriesByType("navigation"),
  ...performance.getEntriesByType("resource"),
].filter(entry => entry.initiatorType !== "img")
 .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""

WIDTH_BEYOND_SCREEN: Final = "document.documentElement.scrollWidth - window.innerWidth"


async def page_faults(page: Page) -> list[str]:
    """Return what is wrong with a page as it is now, in the width that it has."""
    return await layout_faults(page) + await violations(page)


async def layout_faults(page: Page) -> list[str]:
    """Return what is wrong with the size of a page, and whether anything in it moved."""
    faults: list[str] = []
    if shift := await page.evaluate(LAYOUT_SHIFT):
        faults.append(f"the layout shifts by {shift}")
    if (size := await page.evaluate(TRANSFERRED_BYTES)) > MAX_BYTES:
        faults.append(f"{size:,} bytes are transferred")
    if (pixels := await page.evaluate(WIDTH_BEYOND_SCREEN)) > 0:
        faults.append(f"the page is {pixels} pixels wider than the screen")
    return faults
