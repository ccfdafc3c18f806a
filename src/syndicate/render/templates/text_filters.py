"""Filters of Liquid and Nunjucks that change a text without looking anything up.

https://shopify.github.io/liquid/filters/ and Nunjucks' builtin filters of the same names.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, quote_plus


def _argument(arguments: Sequence[str], number: int = 0) -> str:
    return arguments[number] if number < len(arguments) else ""


def _unchanged(text: str, _: Sequence[str]) -> str:
    return text


def _stripped(text: str, _: Sequence[str]) -> str:
    return text.strip()


def _lower(text: str, _: Sequence[str]) -> str:
    return text.lower()


def _upper(text: str, _: Sequence[str]) -> str:
    return text.upper()


def _form_encoded(text: str, _: Sequence[str]) -> str:
    return quote_plus(text)


def _encoded(text: str, _: Sequence[str]) -> str:
    return quote(text, safe="")


TEXT_FILTERS: Final[Mapping[str, Callable[[str, Sequence[str]], str]]] = {
    **dict.fromkeys(("escape", "escape_once", "xml_escape", "uri_escape", "safe"), _unchanged),
    **dict.fromkeys(("strip", "lstrip", "rstrip", "trim", "normalize_whitespace"), _stripped),
    **dict.fromkeys(("downcase", "lower"), _lower),
    **dict.fromkeys(("upcase", "upper"), _upper),
    **dict.fromkeys(("url_encode", "cgi_escape"), _form_encoded),
    "urlencode": _encoded,
    "append": lambda text, arguments: text + _argument(arguments),
    "capitalize": lambda text, _: text.capitalize(),
    "default": lambda text, arguments: text or _argument(arguments),
    "prepend": lambda text, arguments: _argument(arguments) + text,
    "remove": lambda text, arguments: text.replace(_argument(arguments), ""),
    "remove_first": lambda text, arguments: text.replace(_argument(arguments), "", 1),
    "replace": lambda text, arguments: text.replace(_argument(arguments), _argument(arguments, 1)),
    "replace_first": lambda text, arguments: text.replace(
        _argument(arguments), _argument(arguments, 1), 1
    ),
}
"""Filters by name: each takes the text and the arguments and returns the changed text."""
