"""Plain values: what front matter of any notation holds once it is read, clean and bounded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self

from syndicate.errors import ContentError
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS

MAX_VALUES: Final = 10_000
"""Values in one file; aliases count for what they stand for."""

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(slots=True, kw_only=True)
class FrontMatterValues:
    """The values of front matter by key.

    ``lines`` tells the line of each key, ``doubles`` which keys came again and where; lines
    count from 1 at the first line of what was read.
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
        """Make plain values of ``meta`` as another reader built it.

        Raises `ContentError` for what is nested deeper than ``levels``, `ValueError` for a number
        too long.
        """
        return cls(
            meta={xml_safe(key): plain_value(value, 1, levels) for key, value in meta.items()},
            key_lines=key_lines,
            duplicate_keys=[(key, key_lines.get(key, 1)) for key in duplicate_keys],
        )


def xml_safe(text: str) -> str:
    """Return ``text`` without what XML 1.0 forbids or discourages (section 2.2)."""
    return _UNPRINTABLE.sub("", text)


def displayable_path(path: str) -> str:
    """Return ``path`` with U+FFFD for its bytes that are not UTF-8."""
    return xml_safe(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def plain_value(value: object, depth: int, levels: int) -> object:
    """Return ``value`` of str, bool, date, None, list and dict with clean text.

    Whatever else there is becomes text. Raises `ContentError` if ``depth``, of this value, is
    beyond ``levels``, `ValueError` for a number with thousands of digits.
    """
    if depth > levels:
        raise nesting_error(levels, 1)
    if isinstance(value, dict):
        return {
            xml_safe(str(key)): plain_value(each, depth + 1, levels) for key, each in value.items()
        }
    if isinstance(value, list):
        return [plain_value(each, depth + 1, levels) for each in value]
    if value is None or isinstance(value, bool | date):
        return value
    return xml_safe(str(value))


def nesting_error(levels: int, line: int) -> ContentError:
    """Return the error for front matter that is nested deeper than ``levels`` at ``line``."""
    return limit_error(
        f"the front matter is nested more than {levels} levels deep",
        line,
        hint="Flatten the values, or raise front_matter_levels in [limits].",
    )


def limit_error(message: str, line: int, *, hint: str) -> ContentError:
    """Return the error for front matter that is larger or deeper than a limit allows."""
    return ContentError(message, hint=hint, code="over-limit", line=line)


def front_matter_error(message: str, line: int) -> ContentError:
    """Return the error for front matter that cannot be read because of ``line``."""
    return ContentError(
        message,
        hint="Correct the line, or restore the version before it.",
        code="front-matter",
        line=line,
    )
