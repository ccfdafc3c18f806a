"""Builds the elements that Python-Markdown's inline patterns then work on."""

import re
from collections.abc import Callable
from textwrap import dedent
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from markdown.util import AtomicString, HtmlStash, code_escape

from syndicate.render.markdown import line_rules as lines
from syndicate.render.markdown.block_parser import parse
from syndicate.render.markdown.link_definitions import Definitions
from syndicate.render.markdown.nodes import Block, Kind

TIGHT: Final = "tight"
"""Name of an element around text that is no paragraph of its own, until inlines are done."""

RAW: Final = "raw"
"""Name of an element whose text is a placeholder of raw HTML."""

_MARKDOWN: Final = re.compile(r"""\smarkdown=(["']?)(?:1|block|span)\1""")
_MARKUP: Final = re.compile(r"\]\(|`|\*\S|(?<!\w)_\S|^[ ]*(?:[-+#>]|\d+[.)]) ", re.MULTILINE)
_TAG_LINE: Final = re.compile(r"^([ ]*<.*>)[ ]*$", re.MULTILINE)
_ATTRIBUTES: Final = re.compile(r"(?:\{:[^{}\n]*\}\s*)+")
_ID: Final = re.compile(r"#([\w:.\-]+)")
_CONTENTS: Final = re.compile(r"^\{:\s*toc\b", re.MULTILINE)
_SPACES: Final = re.compile(r" {3,}")
_LONGEST: Final = 16_000
_PART: Final = re.compile(r".{1,16000}(?:\s|\Z)|.{16000}", re.DOTALL)
_LANGUAGE: Final = re.compile(r"[\w.+#\-]+")


class Tree:
    """Turns blocks into elements; collects what inline patterns need to know on the way."""

    def __init__(self, stash: HtmlStash) -> None:
        self.definitions: Final = Definitions()
        self.footnotes: Final[dict[str, str]] = {}
        self._stash: Final = stash
        self._inside = False
        self._makers: Final[dict[Kind, Callable[[Element, Block], None]]] = {
            "fence": _code,
            "footnote": self._footnote,
            "heading": _heading,
            "html": self._html,
            "indented": _code,
            "list": self._list,
            "meaning": self._meaning,
            "quote": self._quote,
            "rule": _rule,
            "table": _table,
            "term": _term,
            "terms": self._terms,
        }

    def build(self, parent: Element, block: Block, *, tight: bool = False) -> None:
        """Append the children of ``block`` to ``parent``."""
        for child in block.children:
            if child.kind == "paragraph":
                self._paragraph(parent, child, name=TIGHT if tight else "p")
            else:
                self._makers[child.kind](parent, child)

    def _paragraph(self, parent: Element, block: Block, *, name: str) -> None:
        text = self.definitions.take(block.text).strip(" \t")
        if _ATTRIBUTES.fullmatch(text):
            own = _ID.search(text)
            if own and len(parent):
                parent[-1].set("id", own[1])
        elif text:
            _fill(SubElement(parent, name), text)

    def _html(self, parent: Element, block: Block) -> None:
        """Take HTML as it is; read Markdown in it where an attribute asks kramdown to."""
        written = [line for _, line in block.lines]
        first_line = next(
            (n for n, line in enumerate(written) if _MARKDOWN.search(line)), len(written)
        )
        inside = dedent("\n".join(written[first_line + 1 :]))
        if _MARKUP.search(inside) and not self._inside:
            self._raw(parent, "\n".join(written[: first_line + 1]))
            self._inside = True
            self.build(parent, parse(_TAG_LINE.sub(r"\n\1\n", inside)))
            self._inside = False
        else:
            self._raw(parent, "\n".join(written))

    def _quote(self, parent: Element, block: Block) -> None:
        self.build(SubElement(parent, "blockquote"), block)

    def _footnote(self, _: Element, block: Block) -> None:
        self.footnotes.setdefault(block.marker, block.text)

    def _raw(self, parent: Element, html: str) -> None:
        SubElement(parent, RAW).text = AtomicString(self._stash.store(html))

    def _terms(self, parent: Element, block: Block) -> None:
        self.build(SubElement(parent, "dl"), block)

    def _meaning(self, parent: Element, block: Block) -> None:
        self.build(SubElement(parent, "dd"), block, tight=len(block.children) == 1)

    def _list(self, parent: Element, block: Block) -> None:
        first = block.children[0].children[:1]
        if any(_CONTENTS.search(inside.text) for inside in first):
            return  # kramdown writes a table of contents instead, of a page and not of a post
        element = SubElement(parent, "ul" if block.level < 0 else "ol")
        if block.level >= 0 and block.level != 1:
            element.set("start", str(block.level))
        tight = not block.loose
        for item in block.children:
            self.build(SubElement(element, "li"), item, tight=tight)


def _fill(leaf: Element, text: str) -> None:
    """Put ``text`` into ``leaf``, in parts if it is so long that inlines would take forever."""
    if "   " in text:
        text = _SPACES.sub("  ", text)
    if len(text) <= _LONGEST:
        leaf.text = text
        return
    for part in _PART.findall(text):
        SubElement(leaf, TIGHT).text = part


def _heading(parent: Element, block: Block) -> None:
    _fill(SubElement(parent, f"h{block.level}"), block.text.strip(" \t"))


def _term(parent: Element, block: Block) -> None:
    _fill(SubElement(parent, "dt"), block.text)


def _rule(parent: Element, _: Block) -> None:
    SubElement(parent, "hr")


def _code(parent: Element, block: Block) -> None:
    code = SubElement(SubElement(parent, "pre"), "code")
    language = _LANGUAGE.match(block.info)
    if language:
        code.set("class", f"language-{language[0]}")
    code.text = AtomicString(code_escape(f"{block.text}\n"))


def _table(parent: Element, block: Block) -> None:
    table = SubElement(parent, "table")
    (_, head), *rows = block.lines
    _row(SubElement(SubElement(table, "thead"), "tr"), "th", head, block.columns)
    body = SubElement(table, "tbody") if rows else table
    for _, row in rows:
        if _ATTRIBUTES.fullmatch(row):
            continue
        _row(SubElement(body, "tr"), "td", row, block.columns)


def _row(parent: Element, name: str, row: str, columns: tuple[str, ...]) -> None:
    written = lines.cells(row)[: len(columns)]
    written += [""] * (len(columns) - len(written))
    for text, alignment in zip(written, columns, strict=True):
        cell = SubElement(parent, name)
        _fill(cell, text)
        if alignment:
            cell.set("align", alignment)
