"""Decides conditions of Liquid and Nunjucks whose values are plain data.

A comparison of unknown values is unknown; so is everything that needs an engine to run.
"""

import re
from typing import Final

from syndicate.render.templates.template_context import TemplateContext

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
    tokens = _TOKEN.findall(condition)
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
    if found is None and not (context.is_nil(word) or _NUMBER.fullmatch(word)):
        raise _UnknownError
    return word if _NUMBER.fullmatch(word) else found


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
