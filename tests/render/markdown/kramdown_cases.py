"""Cases with what kramdown writes.

`PYTHONPATH=src:.:benchmarks python -m tests.render.markdown.kramdown_cases` writes the output of
the installed kramdown into the files. A case is a block between fences, the text and the HTML
apart by a line with a dot, as in the specification of CommonMark.
"""

import re
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from harness.markdown_engines import kramdown, missing

CASES: Final = Path(__file__).parents[2] / "data" / "render" / "kramdown"
DIFFERENCES: Final = CASES.with_name("kramdown_differences.md")
"""Cases that are known to come out in another way."""

FENCE: Final = "`" * 32

_CASE: Final = re.compile(
    rf"^{FENCE} (?P<name>[^\n]*)\n(?P<text>.*?)^\.\n(?P<html>.*?)^{FENCE}$",
    re.MULTILINE | re.DOTALL,
)


class Case(NamedTuple):
    """A text, and the HTML that kramdown makes of it."""

    name: str
    text: str
    html: str


def cases(path: Path) -> list[Case]:
    """Return the cases of a file; a text ends before its last line feed."""
    return [
        Case(match["name"], match["text"], match["html"])
        for match in _CASE.finditer(path.read_text())
    ]


def skip_without_kramdown() -> None:
    """Skip the test if kramdown is not installed."""
    if package := missing("kramdown"):
        pytest.skip(f"kramdown is not installed: {package}")


def options_of(path: Path) -> dict[str, bool]:
    """Return the options that the cases of a file are for: its name says which are on."""
    return {
        name: True for name in ("hard_breaks", "typographer", "heading_ids") if name == path.stem
    }


if __name__ == "__main__":
    for file in (*sorted(CASES.glob("*.md")), DIFFERENCES):
        found = cases(file)
        outputs = kramdown([case.text for case in found], **options_of(file))
        file.write_text(
            "\n\n".join(
                f"{FENCE} {case.name}\n{case.text}.\n{html}{FENCE}"
                for case, html in zip(found, outputs, strict=True)
            )
            + "\n"
        )
