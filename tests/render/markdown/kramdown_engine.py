"""The real kramdown, and cases with what it writes.

`python -m tests.render.markdown.kramdown_engine` writes the output of the installed kramdown into
the files of cases. A case is a block between fences, the text and the HTML apart by a line with a
dot, as in the specification of CommonMark.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest

CASES: Final = Path(__file__).parents[2] / "data" / "render" / "kramdown"
FENCE: Final = "`" * 32

_CASE: Final = re.compile(
    rf"^{FENCE} (?P<name>[^\n]*)\n(?P<text>.*?)^\.\n(?P<html>.*?)^{FENCE}$",
    re.MULTILINE | re.DOTALL,
)
_PROGRAM: Final = """
require 'json'; require 'kramdown'; require 'kramdown-parser-gfm'
symbols = {hellip: '...', mdash: '---', ndash: '--', laquo: '<<', raquo: '>>',
           laquo_space: '<< ', raquo_space: ' >>'}
plain = {smart_quotes: 'apos,apos,quot,quot', typographic_symbols: symbols}
given = JSON.parse(STDIN.read)
options = {input: 'GFM', syntax_highlighter: nil, auto_ids: given['heading_ids'],
           hard_wrap: given['hard_breaks']}
options.merge!(plain) unless given['typographer']
puts JSON.generate(given['texts'].map { |text| Kramdown::Document.new(text, options).to_html })
"""


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


def kramdown(
    texts: Sequence[str],
    *,
    hard_breaks: bool = False,
    typographer: bool = False,
    heading_ids: bool = False,
) -> list[str]:
    """Return the HTML of ``texts`` as kramdown with the parser of GitHub's Markdown writes it."""
    given = {
        "texts": texts,
        "hard_breaks": hard_breaks,
        "typographer": typographer,
        "heading_ids": heading_ids,
    }
    result = subprocess.run(
        ["ruby", "-e", _PROGRAM],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    written: list[str] = json.loads(result.stdout)
    return written


def skip_without_kramdown() -> None:
    """Skip the test if kramdown is not installed."""
    probe = ["ruby", "-e", "require 'kramdown-parser-gfm'"]
    if (
        not shutil.which("ruby")
        or subprocess.run(probe, capture_output=True, check=False).returncode
    ):
        pytest.skip("kramdown is not installed (Debian: ruby-kramdown-parser-gfm)")


def options_of(path: Path) -> dict[str, bool]:
    """Return the options that the cases of a file are for: its name says which are on."""
    return {
        name: True for name in ("hard_breaks", "typographer", "heading_ids") if name == path.stem
    }


if __name__ == "__main__":
    for file in sorted(CASES.glob("*.md")):
        found = cases(file)
        outputs = kramdown([case.text for case in found], **options_of(file))
        file.write_text(
            "\n\n".join(
                f"{FENCE} {case.name}\n{case.text}.\n{html}{FENCE}"
                for case, html in zip(found, outputs, strict=True)
            )
            + "\n"
        )
