"""Accessibility checks of a page in a browser, with axe-core."""

from importlib.resources import files
from typing import Final, Literal, TypeAlias

from playwright.async_api import Frame, Page

SCRIPT: Final = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""The rules to check: WCAG 2.2 at level AA, and axe-core's best practices."""

COLOR_RULES: Final = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules whose result depends on the color scheme."""

Scheme: TypeAlias = Literal["light", "dark"]
SCHEMES: Final[tuple[tuple[Scheme, object], ...]] = (("light", TAGS), ("dark", COLOR_RULES))

RUN: Final = """async ([selector, rules]) => {
  const report = await axe.run(selector, {runOnly: rules, resultTypes: ["violations"]});
  const ids = list => list.map(rule => rule.id);
  return {
    checked: [report.violations, report.passes, report.incomplete].flatMap(ids),
    violations: report.violations.flatMap(rule => rule.nodes.map(
      node => `${rule.id}: ${node.html} (${node.failureSummary})`)),
  };
}"""


async def violations(
    page: Page, selector: str = "html", *, frame: Frame | None = None
) -> list[str]:
    """Return the violations below ``selector``, in both color schemes.

    They are those of ``page``, or of a ``frame`` in it.
    """
    document = frame or page.main_frame
    await document.evaluate(SCRIPT)
    messages: list[str] = []
    for scheme, rules in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        report = await document.evaluate(RUN, [selector, rules])
        assert "color-contrast" in report["checked"]  # else nothing was checked
        messages += [f"{scheme}: {violation}" for violation in report["violations"]]
    return messages
