"""The Markdown engines of sites, and what readers see of the HTML that they and we write.

The bodies are those of the corpora. They and the comparison come from `render/truth.py` beside
the corpora.
"""

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

TRUTH: Final = (
    Path(os.environ.get("SYNDICATE_CORPORA", "../shared/corpora")).parent / "render" / "truth.py"
)

_KRAMDOWN: Final = """
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
_MARKDOWN_IT: Final = """
const reader = require('markdown-it')({html: true}).use(require('markdown-it-footnote'));
const texts = JSON.parse(require('fs').readFileSync(0));
process.stdout.write(JSON.stringify(texts.map((text) => reader.render(text))));
"""
_HUGO: Final = """
baseURL = "http://x/"
disableKinds = ["taxonomy", "term", "rss", "sitemap", "home", "section", "404"]
[markup.highlight]
codeFences = false
[markup.goldmark.renderer]
unsafe = true
[markup.goldmark.extensions.typographer]
disable = true
[markup.goldmark.parser]
autoHeadingID = false
"""


class Body(NamedTuple):
    """The body of a post of a corpus, without template tags."""

    corpus: str
    path: str
    text: str


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
    return _run(["ruby", "-e", _KRAMDOWN], given)


def markdown_it(texts: Sequence[str]) -> list[str]:
    """Return the HTML of ``texts`` as markdown-it with footnotes writes it (NODE_PATH has both)."""
    return _run(["node", "-e", _MARKDOWN_IT], texts)


def goldmark(texts: Sequence[str], folder: Path) -> list[str]:
    """Return the HTML of ``texts`` as Hugo writes it, which builds a site in ``folder``."""
    (folder / "content").mkdir(parents=True)
    (folder / "layouts").mkdir()
    (folder / "hugo.toml").write_text(_HUGO)
    (folder / "layouts" / "single.html").write_text("{{ .Content }}")
    for number, text in enumerate(texts):
        (folder / "content" / f"p{number}.md").write_text(f'---\ntitle: "x"\n---\n{text}')
    subprocess.run([_hugo(), "--quiet"], cwd=folder, check=True, capture_output=True)
    pages = [folder / "public" / f"p{number}" / "index.html" for number in range(len(texts))]
    return [page.read_text() if page.exists() else "" for page in pages]


def missing(engine: str) -> str:
    """Return what must be installed before ``engine`` can run, nothing if it can."""
    probes = {
        "kramdown": (["ruby", "-e", "require 'kramdown-parser-gfm'"], "ruby-kramdown-parser-gfm"),
        "markdown-it": (
            ["node", "-e", "require('markdown-it'); require('markdown-it-footnote')"],
            "markdown-it and markdown-it-footnote in a folder that NODE_PATH names",
        ),
        "goldmark": ([_hugo(), "version"], "the Python package hugo"),
    }
    command, package = probes[engine]
    if not shutil.which(command[0]):
        return package
    return package if subprocess.run(command, capture_output=True, check=False).returncode else ""


def _hugo() -> str:
    """Return the Hugo of the Python environment: that of a distribution may be years old."""
    return str(Path(sys.executable).with_name("hugo"))


def _run(command: Sequence[str], given: object) -> list[str]:
    result = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, check=True
    )
    written: list[str] = json.loads(result.stdout)
    return written


@dataclass(frozen=True)
class Truth:
    """The program beside the corpora that takes bodies from them and compares HTML."""

    names: Mapping[str, Any]

    def bodies(self, folder: Path) -> list[Body]:
        """Return the bodies of all corpora, which are cloned into ``folder``."""
        return [Body(*body) for body in self.names["bodies"](folder)]

    def seen(self, html: str) -> str:
        """Return what readers see of ``html``."""
        text: str = self.names["seen"](html)
        return text


def load_truth() -> Truth | None:
    """Return the comparison, None if it is not beside the corpora."""
    return Truth(runpy.run_path(str(TRUTH))) if TRUTH.exists() else None


def differing(
    truth: Truth, bodies: Sequence[Body], outputs: Sequence[str], convert: Callable[[str], str]
) -> list[tuple[Body, str, str]]:
    """Return the bodies of which readers see something else, with what they see of both."""
    pairs = [
        (body, truth.seen(convert(body.text)), truth.seen(output))
        for body, output in zip(bodies, outputs, strict=True)
    ]
    return [(body, ours, theirs) for body, ours, theirs in pairs if ours != theirs]


def shares(bodies: Sequence[Body], different: Sequence[Body]) -> Mapping[str, tuple[int, int]]:
    """Return for each corpus how many bodies come out the same, and how many it has."""
    corpora = dict.fromkeys(body.corpus for body in bodies)
    counts = {}
    for corpus in corpora:
        total = sum(body.corpus == corpus for body in bodies)
        counts[corpus] = (total - sum(body.corpus == corpus for body in different), total)
    return counts
