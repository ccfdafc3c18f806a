"""The values of front matter in any syntax, as plain, bounded Python values, and its errors."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self

from syndicate.errors import ContentError
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS

MAX_VALUES: Final = 10_000
"""Maximum number of values in one file; an alias counts as the values it refers to."""

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(slots=True, kw_only=True)
class FrontMatterValues:
    """The values of front matter by key.

    ``key_lines`` has the line of each key, ``duplicate_keys`` the repeated keys with their lines;
    lines count from 1 at the first line of the front matter.
    """

    meta: dict[str, object] = field(default_factory=dict)
    key_lines: dict[str, int] = field(default_factory=dict)
    duplicate_keys: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    def from_parsed(
        cls,
        meta: dict[str, object],
        key_lines: dict[str, int],
        duplicate_keys: Iterable[str] = (),
        *,
        levels: int = DEFAULT_CONTENT_LIMITS.front_matter_levels,
    ) -> Self:
        """Return plain values of ``meta``, the result of a TOML or JSON parser.

        Raises `ContentError` if the nesting is deeper than ``levels``, and `ValueError` for a
        number with thousands of digits.
        """
        return cls(
            meta={xml_safe(key): plain_value(value, 1, levels) for key, value in meta.items()},
            key_lines=key_lines,
            duplicate_keys=[(key, key_lines.get(key, 1)) for key in duplicate_keys],
        )


def xml_safe(text: str) -> str:
    """Return ``text`` without the characters that XML 1.0 forbids or discourages (section 2.2)."""
    return _UNPRINTABLE.sub("", text)


def displayable_path(path: str) -> str:
    """Return ``path`` with U+FFFD in place of bytes that are not UTF-8."""
    return xml_safe(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def plain_value(value: object, depth: int, levels: int) -> object:
    """Return ``value`` as str, bool, date, None, list or dict, with XML-safe text.

    Other types become text. Raises `ContentError` if ``depth``, that of the value, is greater
    than ``levels``, and `ValueError` for a number with thousands of digits.
    """
    if depth > levels:
        raise nesting_error(levels, 1)
    if isinstance(value, dict):
        return {
            xml_safe(str(key)): plain_value(inner, depth + 1, levels)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [plain_value(entry, depth + 1, levels) for entry in value]
    if value is None or isinstance(value, bool | date):
        return value
    return xml_safe(str(value))


def nesting_error(levels: int, line: int) -> ContentError:
    """Return the error for front matter nested deeper than ``levels`` at ``line``."""
    return limit_error(
        f"the front matter is nested more than {levels} levels deep",
        line,
        hint="Flatten the values, or raise front_matter_levels in [limits].",
    )


def limit_error(message: str, line: int, *, hint: str) -> ContentError:
    """Return the error for front matter that exceeds a limit."""
    return ContentError(message, hint=hint, code="over-limit", line=line)


def front_matter_error(message: str, line: int) -> ContentError:
    """Return the error for front matter with a syntax error in ``line``."""
    return ContentError(
        message,
        hint="Correct the line, or restore the version before it.",
        code="front-matter",
        line=line,
    )
