"""Tells where a Markdown text holds code, by CommonMark's rules."""

from bisect import bisect_right
from itertools import accumulate

from syndicate.render.markdown.block_parser import parse
from syndicate.render.markdown.code_spans import code_spans
from syndicate.render.markdown.nodes import Block


def code_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of each fence, indented block and code span in ``text``, in order."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return tuple(sorted(_ranges(parse(text), starts)))


def _ranges(block: Block, starts: list[int]) -> list[tuple[int, int]]:
    if block.kind in ("fence", "indented"):
        return [(starts[block.start], starts[block.end + 1] - 1)]
    found = [each for child in block.children for each in _ranges(child, starts)]
    if block.kind != "html":
        found += _spans(block, starts)
    return found


def _spans(block: Block, starts: list[int]) -> list[tuple[int, int]]:
    """Return the code spans in the text of ``block``, which may begin and end in other lines."""
    if not any("`" in line for _, line in block.lines):
        return []
    begins = [starts[number + 1] - 1 - len(line) for number, line in block.lines]
    lengths = [len(line) + 1 for _, line in block.lines]
    ends = list(accumulate(lengths))

    def place(offset: int) -> int:
        row = bisect_right(ends, offset)
        return begins[row] + offset - (ends[row] - lengths[row])

    return [(place(start), place(end - 1) + 1) for start, end in code_spans(block.text)]
