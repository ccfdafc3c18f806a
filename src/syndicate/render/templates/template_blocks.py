"""Finds the ends and the branches of template blocks such as ``{% if %}``; decides conditions.

Conditions of Liquid and Nunjucks are decided where their values are plain data. A comparison of
unknown values is unknown; so is everything that needs an engine to run.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syndicate.render.templates.template_context import TemplateContext
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


_TOKEN: Final = re.compile(
    r"""\s*(?:"([^"]*)"|'([^']*)'|(==|!=|<>|<=|>=|<|>)|([\w.\-]+)|(\S))""", re.DOTALL
)
_CONSTANTS: Final[dict[str, str | None]] = {
    "true": "true",
    "false": "false",
    "nil": None,
    "null": None,
    "none": None,
    "empty": "",
    "blank": "",
    "jekyll.environment": "production",
}
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_MAX_TOKENS: Final = 50


class _UnknownError(Exception):
    """The value or the syntax of a condition is unknown."""


def decide(condition: str, context: TemplateContext) -> bool | None:
    """Return whether ``condition`` holds, None if that is unknown.

    Words joined by ``and`` and ``or`` are read from the right, as in Liquid.
    """
    tokens = _TOKEN.findall(condition.rstrip())  # trailing spaces take quadratic time
    if not tokens or len(tokens) > _MAX_TOKENS:
        return None
    parts: list[tuple[str, list[tuple[str, ...]]]] = [("", [])]
    for token in tokens:
        if token[3] in ("and", "or"):
            parts.append((token[3], []))
        else:
            parts[-1][1].append(token)
    try:
        return _joined(parts, context)
    except _UnknownError:
        return None


def _joined(parts: list[tuple[str, list[tuple[str, ...]]]], context: TemplateContext) -> bool:
    operator, last = parts[-1]
    result = _comparison(last, context)
    for before_operator, tokens in reversed(parts[:-1]):
        value = _comparison(tokens, context)
        result = value and result if operator == "and" else value or result
        operator = before_operator
    return result


def _comparison(tokens: list[tuple[str, ...]], context: TemplateContext) -> bool:
    is_negated = bool(tokens) and tokens[0][3] == "not"
    tokens = tokens[is_negated:]
    match tokens:
        case [value]:
            result = _value(value, context) not in (None, "false")
        case [left, operator, right]:
            result = _compare(
                _value(left, context), operator[2] or operator[3], _value(right, context)
            )
        case _:
            raise _UnknownError
    return result is not is_negated


def _value(token: tuple[str, ...], context: TemplateContext) -> str | None:
    double, single, _, word, other = token
    if other:
        raise _UnknownError
    if not word:
        return double or single
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    found = context.find(word)
    if found is None and not context.is_nil(word):
        raise _UnknownError
    return found


def _compare(left: str | None, operator: str, right: str | None) -> bool:
    if operator == "contains":
        return left is not None and right is not None and right in left
    if operator in ("==", "!=", "<>"):
        return (_is_equal(left, right)) is (operator == "==")
    numbers = [float(each) for each in (left, right) if each and _NUMBER.fullmatch(each)]
    if operator not in ("<", ">", "<=", ">=") or len(numbers) < len(("left", "right")):
        raise _UnknownError
    small, large = numbers if operator[0] == "<" else reversed(numbers)
    return small < large or (operator[1:] == "=" and small == large)


def _is_equal(left: str | None, right: str | None) -> bool:
    """Compare two values; ``empty`` and ``blank``, which are empty texts here, equal nil too."""
    return (left or "") == (right or "")
