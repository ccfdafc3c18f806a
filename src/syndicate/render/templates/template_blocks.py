"""Finds the ends and the branches of template blocks such as ``{% if %}``."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syndicate.render.templates.template_tags import TemplateTag

_BLOCKS: Final = frozenset(
    {
        *("if", "unless", "case", "switch", "for", "tablerow", "capture", "set", "macro"),
        *("ifAsync", "asyncEach", "asyncAll", "ifversion", "ifchanged"),
    }
)
"""Tags whose content depends on values, or is not shown where it stands."""
_ELSE: Final = frozenset({"else", "elsif", "elseif", "elif"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A part of an ``if``: its condition, empty for ``else``, and the numbers of its tags.

    ``first`` is the number of the tag after the one that begins the branch, ``last`` that of the
    tag that ends it.
    """

    condition: str
    first: int
    last: int
    is_negated: bool = False


def matching_ends(tags: Sequence[TemplateTag]) -> Mapping[int, int]:
    """Return the number of the end tag of each block, by the number of its start tag."""
    opened: list[tuple[str, int]] = []
    counts: Counter[str] = Counter()
    found: dict[int, int] = {}
    for number, tag in enumerate(tags):
        if tag.kind != "tag":
            continue
        if tag.name in _BLOCKS and not (tag.name == "set" and "=" in tag.expression):
            opened.append((tag.name, number))
            counts[tag.name] += 1
        elif counts[tag.closes]:
            while opened[-1][0] != tag.closes:
                counts[opened.pop()[0]] -= 1
            found[opened.pop()[1]] = number
            counts[tag.closes] -= 1
    return found


def branches(
    tags: Sequence[TemplateTag], ends: Mapping[int, int], number: int, closing: int
) -> Iterator[Branch]:
    """Yield the branches of the block of the tags ``number`` to ``closing``, in their order."""
    opening = number
    number += 1
    while number <= closing:
        tag = tags[number]
        if number == closing or tag.name in _ELSE:
            start = tags[opening]
            yield Branch(
                condition=start.expression,
                first=opening + 1,
                last=number,
                is_negated=start.name == "unless",
            )
            opening = number
        number = ends.get(number, number) + 1
