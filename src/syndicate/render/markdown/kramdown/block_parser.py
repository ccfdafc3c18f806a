"""Python-Markdown's block parser with what kramdown's blocks need to know about each other."""

import re
from collections import deque
from typing import ClassVar, Final, SupportsIndex, cast
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.blockprocessors import BlockProcessor
from typing_extensions import override

from syndicate.render.markdown.kramdown.attributes import CONTENTS, FOOTNOTES, Attributes

MAX_DEPTH: Final = 64
"""Levels of nested blocks; deeper ones are text, so that neither time nor stack run out."""

GROUP: Final = "group"
"""Name of an element whose tags are removed at the end: it only holds its children together."""

PLACE: Final = "place"
"""Attribute of a group that names what will stand there."""

RAW: Final = "raw"
"""Name of an element whose text is a placeholder of raw HTML; its tags are removed too."""


class Continuation(str):
    """The rest of a block after an element was made of its beginning: no blank line is between."""

    __slots__ = ()


class _Blocks(deque[str]):
    """Blocks that are taken from and put back to the front as from a list, in constant time."""

    @override
    def pop(self, index: SupportsIndex = -1) -> str:
        return self.popleft() if index == 0 else super().pop()


class _Context:
    """What is known about the blocks of one container while they are parsed."""

    def __init__(self, blocks: _Blocks) -> None:
        self.blocks: Final = blocks
        self.attributes = Attributes()
        self.unclosed: Final[dict[str, int]] = {}


class KramdownBlockParser(BlockParser):
    """Parses blocks with the processors that are registered, as Python-Markdown does.

    An attribute list before a block belongs to that block. Containers may be `MAX_DEPTH` deep.
    """

    def __init__(self, md: Markdown, *, parses_html: bool = False) -> None:
        super().__init__(md)
        self.definitions: Final[dict[str, Attributes]] = {}
        self.parses_html = parses_html
        self._always_parses_html: Final = parses_html
        self._contexts: Final[list[_Context]] = []

    @property
    def context(self) -> _Context:
        """What is known about the innermost container."""
        return self._contexts[-1]

    @property
    def is_too_deep(self) -> bool:
        """Whether no container may begin."""
        return len(self._contexts) >= MAX_DEPTH

    def forget(self) -> None:
        """Forget what the last text defined, also if it was not parsed to its end."""
        self._contexts.clear()
        self.definitions.clear()
        self.parses_html = self._always_parses_html

    @override
    def parseBlocks(self, parent: Element, blocks: list[str]) -> None:
        context = _Context(_Blocks(blocks))
        self._contexts.append(context)
        while context.blocks:
            attributes, before = context.attributes, len(parent)
            self._process(parent, context)
            if len(parent) > before:
                context.attributes = Attributes()
                self.set_attributes(parent, parent[before], attributes)
        self._contexts.pop()

    def set_attributes(self, parent: Element, element: Element, attributes: Attributes) -> None:
        """Set ``attributes`` on the child ``element`` of ``parent``.

        A list that is to become a table of contents is removed: a feed item has no use for it.
        One that is the place of the footnotes becomes an empty group.
        """
        attributes.apply(element, self.definitions)
        if element.tag not in ("ol", "ul"):
            return
        if CONTENTS in attributes.references:
            parent.remove(element)
        elif FOOTNOTES in attributes.references:
            element.clear()
            element.tag = GROUP
            element.set(PLACE, FOOTNOTES)

    def _process(self, parent: Element, context: _Context) -> None:
        blocks = cast("list[str]", context.blocks)
        any(
            processor.test(parent, blocks[0]) and processor.run(parent, blocks) is not False
            for processor in self.blockprocessors
        )


class KramdownProcessor(BlockProcessor):
    """A block of kramdown's syntax, which begins where ``start`` matches the beginning of a block.

    A container holds blocks. One that ``needs_blank_line`` does not follow another block directly.
    """

    start: ClassVar[re.Pattern[str]]
    is_container: ClassVar[bool] = False
    needs_blank_line: ClassVar[bool] = False

    def __init__(self, parser: KramdownBlockParser) -> None:
        super().__init__(parser)
        self.kramdown: Final = parser

    @override
    def test(self, parent: Element, block: str) -> bool:
        return (
            self.start.match(block) is not None
            and not (self.is_container and self.kramdown.is_too_deep)
            and not (self.needs_blank_line and isinstance(block, Continuation))
        )

    def opening(self, block: str) -> re.Match[str]:
        """Return the match of ``start`` that `test` found in ``block``."""
        return cast("re.Match[str]", self.start.match(block))


def add_boundary(parent: Element) -> None:
    """Append an element that nothing is shown of, which later blocks do not continue or change."""
    SubElement(parent, RAW)


def put_back(blocks: list[str], rest: str) -> None:
    """Put ``rest``, the text after an element, in front of ``blocks``."""
    rest = rest.removeprefix("\n")
    if rest:
        blocks.insert(0, Continuation(rest))


def take_block(blocks: list[str], end: re.Pattern[str]) -> str:
    """Take the first of ``blocks`` up to a line after its first one where ``end`` matches."""
    block = blocks.pop(0)
    first_line = block.find("\n")
    match = end.search(block, first_line + 1) if first_line >= 0 else None
    if match is None:
        return block
    put_back(blocks, block[match.start() :])
    return block[: match.start() - 1]


def take_until(blocks: list[str], start: int, number: int, end: re.Match[str]) -> str:
    """Take the text from ``start`` up to ``end`` in the block ``number``; put back what follows."""
    taken = [blocks.pop(0) for _ in range(number + 1)]
    put_back(blocks, taken[-1][end.end() :])
    taken[-1] = taken[-1][: end.start()]
    return "\n\n".join(taken)[start:]
