"""Python-Markdown's block parser with what kramdown's blocks need to know about each other."""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.util import AtomicString
from typing_extensions import override

from syndicate.render.markdown.kramdown.attributes import Attribute, apply_attributes, references

_MAX_DEPTH: Final = 20
"""Levels of nested blocks; deeper ones are text, so that neither time nor stack run out."""

_MAX_FILLED_CELLS: Final = 20_000
"""Cells that are added to short rows of all tables of a document: 8 kB could make millions."""

GROUP: Final = "group"
"""Name of an element whose tags are removed at the end: it only holds its children together."""

PLACE: Final = "place"
"""Attribute of a group that names what will stand there."""

RAW: Final = "raw"
"""Name of an element whose text is a placeholder of raw HTML; its tags are removed too."""

_CONTENTS: Final = "toc"
"""Reference that makes a table of contents of a list."""
_FOOTNOTES: Final = "footnotes"
"""Reference that puts the footnotes in the place of a list."""


class Continuation(str):
    """The rest of a block after an element was made of its beginning: no blank line is between."""

    __slots__ = ()


class BlockRule(NamedTuple):
    """A kind of block, which begins where ``start`` matches the beginning of a text.

    ``run`` takes the block, unless it returns False. A container holds blocks. One that
    ``needs_blank_line`` does not follow another block directly.
    """

    start: re.Pattern[str]
    run: Callable[["BlockState"], bool | None]
    is_container: bool
    needs_blank_line: bool


def block_rule(
    start: str, *, is_container: bool = False, needs_blank_line: bool = False
) -> Callable[[Callable[["BlockState"], bool | None]], BlockRule]:
    """Return a decorator that makes a rule of a function."""
    return lambda run: BlockRule(re.compile(start), run, is_container, needs_blank_line)


class KramdownBlockParser(BlockParser):
    """Parses blocks by ``rules``, of which the first one that takes a block counts.

    An attribute list before a block belongs to that block. Containers may be `_MAX_DEPTH` deep.
    """

    def __init__(
        self, md: Markdown, rules: Sequence[BlockRule], *, parses_html: bool = False
    ) -> None:
        super().__init__(md)
        self.attributes: Final[dict[str, list[Attribute]]] = {}
        self.abbreviations: Final[dict[str, str]] = {}
        self.footnotes: Final[dict[str, str]] = {}
        self._rules: Final = rules
        self._always_parses_html: Final = parses_html
        self.reset()

    def reset(self) -> None:
        """Forget what the last text defined, also if it was not parsed to its end."""
        self.parses_html = self._always_parses_html
        self._depth = 0
        self._cells_left = _MAX_FILLED_CELLS
        for definitions in (self.attributes, self.abbreviations, self.footnotes):
            definitions.clear()

    def filled(self, row: Sequence[str], width: int) -> Sequence[str]:
        """Return ``row`` with empty cells up to ``width``, or to the limit of the document."""
        missing = min(width - len(row), self._cells_left)
        self._cells_left -= missing
        return [*row, *[""] * missing]

    @property
    def is_too_deep(self) -> bool:
        """Whether no container may begin."""
        return self._depth >= _MAX_DEPTH

    @override
    def parseBlocks(self, parent: Element, blocks: list[str]) -> None:
        state = BlockState(self, parent, blocks)
        self._depth += 1
        while state.blocks:
            attributes, before = state.attributes, len(parent)
            any(self._takes(rule, state) for rule in self._rules)
            if len(parent) > before:
                state.attributes = ""
                self.set_attributes(parent, parent[before], attributes)
        self._depth -= 1

    def _takes(self, rule: BlockRule, state: "BlockState") -> bool:
        """Return whether ``rule`` took the block that is first."""
        start = rule.start.match(state.blocks[0])
        if start is None or (rule.is_container and self.is_too_deep):
            return False
        if rule.needs_blank_line and isinstance(state.blocks[0], Continuation):
            return False
        state.start = start
        return rule.run(state) is not False

    def set_attributes(self, parent: Element, element: Element, text: str) -> None:
        """Set the attributes in ``text`` on the child ``element`` of ``parent``.

        A list that is to become a table of contents is removed: a feed item has no use for it.
        One that is the place of the footnotes becomes an empty group.
        """
        apply_attributes(text, element, self.attributes)
        names = references(text) if element.tag in ("ol", "ul") else ()
        if _CONTENTS in names:
            parent.remove(element)
        elif _FOOTNOTES in names:
            element.clear()
            element.tag = GROUP
            element.set(PLACE, _FOOTNOTES)


class BlockState:
    """The blocks of one container while they are parsed.

    ``start`` is the match of the rule that runs, ``attributes`` are those for the next block.
    """

    start: re.Match[str]

    def __init__(self, parser: KramdownBlockParser, parent: Element, blocks: list[str]) -> None:
        self.parser: Final = parser
        self.parent: Final = parent
        self.blocks: Final = deque(blocks)
        self.attributes = ""
        self._unclosed: Final[set[str]] = set()

    def put_back(self, rest: str) -> None:
        """Put ``rest``, the text after an element, in front of the blocks."""
        rest = rest.removeprefix("\n")
        if rest:
            self.blocks.appendleft(Continuation(rest))

    def begin_with(self, rest: str) -> None:
        """Put ``rest`` in front of the blocks as one that a blank line is before."""
        if rest:
            self.blocks.appendleft(rest)

    def take_rest(self) -> str:
        """Take the first block; return what is after the text where it starts."""
        return self.blocks.popleft()[self.start.end() :]

    def take_block(self, end: re.Pattern[str]) -> str:
        """Take the first block up to a line after its first one where ``end`` matches."""
        block = self.blocks.popleft()
        first_line = block.find("\n")
        match = end.search(block, first_line + 1) if first_line >= 0 else None
        if match is None:
            return block
        self.put_back(block[match.start() :])
        return block[: match.start() - 1]

    def find(self, end: str, kind: str, number: int = 0, start: int = -1) -> "Place | None":
        """Return where ``end`` matches from ``start`` in the block ``number`` on.

        By default, from where the first block starts. Nothing is looked for again that begins
        with a ``kind`` without an end.
        """
        position = self.start.end() if start < 0 else start
        if kind.startswith(tuple(self._unclosed)):
            return None
        pattern = re.compile(end, re.MULTILINE)
        for later in range(number, len(self.blocks)):
            match = pattern.search(self.blocks[later], position)
            if match is not None:
                return Place(later, match.start(), match.end())
            position = 0
        self._unclosed.add(kind)
        return None

    def take(self, place: "Place") -> str:
        """Take what is before ``place``; put back what is after it."""
        taken = [self.blocks.popleft() for _ in range(place.number + 1)]
        self.put_back(taken[-1][place.end :].lstrip(" "))
        taken[-1] = taken[-1][: place.start]
        return "\n\n".join(taken)

    def take_matches(self) -> Iterator[re.Match[str]]:
        """Take as many matches of the rule as follow each other."""
        block, match = self.blocks.popleft(), self.start
        yield match
        while (following := match.re.match(block, match.end())) is not None:
            match = following
            yield match
        self.put_back(block[match.end() :])

    def add_raw(self, html: str = "") -> None:
        """Append raw ``html``; without any, a boundary: later blocks do not change earlier ones."""
        raw = SubElement(self.parent, RAW)
        if html:
            raw.text = AtomicString(self.parser.md.htmlStash.store(html))


class Place(NamedTuple):
    """Where something is in the block ``number``."""

    number: int
    start: int
    end: int
