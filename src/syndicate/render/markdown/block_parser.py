"""Reads the block structure of a Markdown text, line by line (CommonMark 0.31.2, appendix A).

Every line costs as much as blocks are open, and no more than `DEEPEST` can be: linear time.
"""

from collections.abc import Callable
from typing import Final, Literal

from syndicate.render.markdown import line_rules as lines
from syndicate.render.markdown.nodes import CONTAINERS, VERBATIM, Block, Kind

DEEPEST: Final = 64
"""Blocks inside each other; a marker that would open one more is text."""

_CODE: Final = 4
_ANYTHING: Final = CONTAINERS - {"list", "terms"}
_ENDLESS: Final[frozenset[Kind]] = frozenset({"root", "list", "terms", "fence"})
"""Kinds that no line ends by what it begins with."""

_HOLDERS: Final[dict[Kind, frozenset[Kind]]] = {
    "item": frozenset({"list"}),
    "term": frozenset({"terms"}),
    "meaning": frozenset({"terms"}),
}

Begun = Literal["container", "leaf"] | None


def parse(text: str) -> Block:
    """Return the tree of blocks that ``text``, whose lines end with a line feed, consists of."""
    reader = _Reader()
    for number, line in enumerate(text.split("\n")):
        reader.read(number, line)
    _finish(reader.root)
    return reader.root


class _Reader:
    """The blocks that are open while a text is read, the outermost first.

    Of the line being read, ``_rest`` is what the blocks it belongs to have left of it, and
    ``_kept`` tells how many blocks it belongs to.
    """

    def __init__(self) -> None:
        self.root: Final = Block(kind="root", start=0, end=0)
        self._open: Final = [self.root]
        self._number = 0
        self._rest = ""
        self._kept = 1
        self._empty = False
        self._blank = False
        self._starts: Final[dict[str, tuple[Callable[[str], Begun], ...]]] = {
            ">": (self._quote,),
            "#": (self._heading,),
            "`": (self._fence,),
            "~": (self._fence,),
            "<": (self._html,),
            "=": (self._underline,),
            "-": (self._table, self._underline, self._rule, self._item),
            "*": (self._rule, self._item),
            "_": (self._rule,),
            "+": (self._item,),
            "|": (self._table,),
            ":": (self._table, self._meaning),
            "[": (self._footnote,),
            **dict.fromkeys("0123456789", (self._item,)),
        }

        self._signs: Final = frozenset({"", " ", "\t", *self._starts})

    def read(self, number: int, line: str) -> None:
        """Take the next line."""
        if line[:1] not in self._signs and len(self._open) == 1 + self._in_paragraph:
            self._plain(number, line)
            return
        self._number, self._rest = number, lines.expanded(line)
        before, self._empty = self._empty, not line.strip(" \t")
        if not (before and self._empty):  # a second empty line says what the first one said
            self._kept = self._match()
            self._blank = not self._rest.strip(" ")
        if self._kept == len(self._open) and self._open[-1].kind in VERBATIM:
            self._verbatim(self._open[-1], line)
        elif self._blank:
            self._cut()
        else:
            begun = self._begin()
            while begun == "container" and self._rest.strip(" "):
                begun = self._begin()
            if begun is None:
                self._text()

    def _plain(self, number: int, line: str) -> None:
        """Take a line in which nothing can begin, where at most a paragraph is open."""
        self._number, self._kept = number, len(self._open)
        self._empty = self._blank = False
        self._take(self._open[-1] if self._kept > 1 else self._add("paragraph"), line)

    @property
    def _in_paragraph(self) -> bool:
        return self._open[-1].kind == "paragraph"

    def _match(self) -> int:
        """Return how many of the open blocks go on in this line, and let them take their part."""
        for kept, block in enumerate(self._open):
            if not self._continues(block):
                return kept
        return len(self._open)

    def _continues(self, block: Block) -> bool:
        if block.kind in _ENDLESS:
            return True
        indent = _indent(self._rest)
        blank = indent == len(self._rest)
        match block.kind:
            case "quote":
                goes_on = indent < _CODE and self._rest[indent : indent + 1] == ">"
                self._rest = self._rest[indent + 1 :].removeprefix(" ") if goes_on else self._rest
            case "item" | "meaning":
                goes_on = bool(block.children) if blank else indent >= block.level
                self._rest = self._rest[block.level :] if goes_on else self._rest
            case "indented" | "footnote":
                goes_on = blank or indent >= _CODE
            case "paragraph" | "table":
                goes_on = not blank
            case _:
                goes_on = not (blank and block.marker == lines.BLANK_LINE)
        return goes_on

    def _verbatim(self, block: Block, line: str) -> None:
        rest = self._rest
        if block.kind in ("indented", "footnote"):
            self._take(block, rest[_CODE:])
        elif block.kind == "html":
            self._take(block, rest)
            self._end_html(block, rest)
        else:
            indent = _indent(rest)
            if indent < _CODE and lines.closes(rest[indent:], block.marker):
                block.end = self._number
                self._open.pop()
            elif not block.level and len(self._open) == 2:  # noqa: PLR2004 — root and the fence
                self._take(block, line)  # with its tabs
            else:
                self._take(block, rest[min(indent, block.level) :])

    def _end_html(self, block: Block, line: str) -> None:
        if block.marker != lines.BLANK_LINE and block.marker in line.lower():
            self._open.pop()

    def _take(self, block: Block, text: str) -> None:
        block.lines.append((self._number, text))
        if not self._blank:
            block.end = self._number

    def _text(self) -> None:
        tip = self._open[-1]
        lazy = self._kept < len(self._open)
        if lazy and tip.kind == "footnote" and tip.end == self._number - 1:
            self._take(tip, self._rest.strip(" "))
            return
        if not lazy or tip.kind != "paragraph":
            self._cut()
            tip = self._open[-1]
        if tip.kind not in ("paragraph", "table"):
            tip = self._add("paragraph")
        self._take(tip, self._rest.lstrip(" \t"))

    def _cut(self) -> None:
        del self._open[self._kept :]

    def _add(self, kind: Kind) -> Block:
        """Open a block where the line stands; what cannot hold it is closed."""
        self._cut()
        holders = _HOLDERS.get(kind, _ANYTHING)
        while self._open[-1].kind not in holders:
            self._open.pop()
        block = Block(kind=kind, start=self._number, end=self._number)
        self._open[-1].children.append(block)
        self._open.append(block)
        self._kept = len(self._open)
        return block

    def _begin(self) -> Begun:
        indent = _indent(self._rest)
        if indent >= _CODE:
            return self._indented()
        line = self._rest[indent:]
        for start in self._starts.get(line[0], ()):
            begun = start(line)
            if begun:
                return begun
        return None

    def _continued_paragraph(self) -> Block | None:
        """Return the paragraph that goes on in this line if nothing begins in it."""
        tip = self._open[-1]
        return tip if tip.kind == "paragraph" and self._kept == len(self._open) else None

    def _indented(self) -> Begun:
        if self._in_paragraph:
            return None
        self._take(self._add("indented"), self._rest[_CODE:])
        return "leaf"

    def _quote(self, line: str) -> Begun:
        if self._kept >= DEEPEST:
            return None
        self._add("quote")
        self._rest = line[1:].removeprefix(" ")
        return "container"

    def _heading(self, line: str) -> Begun:
        found = lines.heading(line)
        if found is None:
            return None
        block = self._add("heading")
        block.level = found[0]
        self._take(block, found[1])
        self._open.pop()
        return "leaf"

    def _fence(self, line: str) -> Begun:
        found = lines.fence(line)
        if found is None:
            return None
        block = self._add("fence")
        block.marker, block.info = found
        block.level = _indent(self._rest)
        return "leaf"

    def _html(self, line: str) -> Begun:
        end = lines.html_end(line, in_paragraph=self._in_paragraph)
        if end is None:
            return None
        block = self._add("html")
        block.marker = end
        self._take(block, self._rest)
        self._end_html(block, line)
        return "leaf"

    def _underline(self, line: str) -> Begun:
        paragraph = self._continued_paragraph()
        level = lines.underline(line) if paragraph else 0
        if paragraph is None or not level:
            return None
        paragraph.kind, paragraph.level, paragraph.end = "heading", level, self._number
        self._open.pop()
        return "leaf"

    def _table(self, line: str) -> Begun:
        paragraph = self._continued_paragraph()
        columns = lines.delimiters(line) if paragraph else None
        if paragraph is None or columns is None:
            return None
        number, head = paragraph.lines[-1]
        if "|" not in head or len(lines.cells(head)) != len(columns):
            return None
        paragraph.lines.pop()
        paragraph.end = number - 1
        block = self._add("table")
        block.start, block.columns = number, columns
        block.lines.append((number, head))
        return "leaf"

    def _rule(self, line: str) -> Begun:
        if not lines.is_rule(line):
            return None
        self._add("rule")
        self._open.pop()
        return "leaf"

    def _item(self, line: str) -> Begun:
        found = lines.marker(line)
        if found is None or self._kept >= DEEPEST:
            return None
        if self._continued_paragraph() and (found.blank or found.number not in (-1, 1)):
            return None
        indent = _indent(self._rest)
        self._cut()
        while self._open[-1].kind not in CONTAINERS:
            self._open.pop()
        self._kept = len(self._open)
        here = self._open[-1]
        if here.kind != "list" or here.marker != found.delimiter:
            here = self._add("list")
            here.marker, here.level = found.delimiter, found.number
        self._add("item").level = indent + found.width
        self._rest = line[found.width :]
        return "container"

    def _meaning(self, line: str) -> Begun:
        """Begin a definition; the paragraph before it holds the terms (PHP Markdown Extra)."""
        width = lines.meaning(line)
        around = [block for block in self._open[: self._kept] if block.kind in CONTAINERS]
        holder = around[-1]
        is_known = holder.kind == "terms" or [b.kind for b in holder.children[-1:]] == ["paragraph"]
        if not width or self._kept >= DEEPEST or not is_known:
            return None
        del self._open[len(around) :]
        self._kept = len(around)
        if holder.kind != "terms":
            self._terms(holder)
        self._add("meaning").level = _indent(self._rest) + width
        self._rest = line[width:]
        return "container"

    def _terms(self, holder: Block) -> None:
        """Make terms of the paragraph that ``holder`` ends with, after those before it if any."""
        paragraph = holder.children.pop()
        if holder.children and holder.children[-1].kind == "terms":
            self._open.append(holder.children[-1])
            self._kept += 1
        else:
            self._add("terms").start = paragraph.start
        for number, text in paragraph.lines:
            term = self._add("term")
            term.start = term.end = number
            term.lines.append((number, text))
            self._open.pop()
            self._kept -= 1

    def _footnote(self, line: str) -> Begun:
        found = lines.footnote(line)
        if found is None:
            return None
        block = self._add("footnote")
        block.marker = found[0]
        self._take(block, line[found[1] :])
        return "leaf"


def _finish(block: Block) -> None:
    """Close ``block`` and what is in it: know where each one ends, drop blank lines there."""
    for child in block.children:
        _finish(child)
        block.end = max(block.end, child.end)
    if block.kind in ("indented", "footnote"):
        while block.lines and block.lines[-1][0] > block.end:
            block.lines.pop()
    block.children = [c for c in block.children if c.lines or c.kind != "paragraph"]


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
