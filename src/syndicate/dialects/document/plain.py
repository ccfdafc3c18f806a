"""Plain values: what front matter of any notation holds once it is read, clean and bounded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self

from syndicate.errors import ContentError
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS

MOST: Final = 10_000
"""Values in one file; aliases count for what they stand for."""

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(slots=True, kw_only=True)
class Values:
    """The values of front matter by key.

    ``lines`` tells the line of each key, ``doubles`` which keys came again and where; lines
    count from 1 at the first line of what was read.
    """

    meta: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    doubles: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        meta: dict[str, object],
        lines: dict[str, int],
        doubles: Iterable[str] = (),
        *,
        levels: int = DEFAULT_CONTENT_LIMITS.front_matter_levels,
    ) -> Self:
        """Make plain values of ``meta`` as another reader built it.

        Raises `ContentError` for what is nested deeper than ``levels``, `ValueError` for a number
        too long.
        """
        return cls(
            meta={clean(key): plain(value, 1, levels) for key, value in meta.items()},
            lines=lines,
            doubles=[(key, lines.get(key, 1)) for key in doubles],
        )


def clean(text: str) -> str:
    """Return ``text`` without what XML 1.0 forbids or discourages (section 2.2)."""
    return _UNPRINTABLE.sub("", text)


def readable(path: str) -> str:
    """Return ``path`` with U+FFFD for its bytes that are not UTF-8."""
    return clean(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def plain(value: object, depth: int, levels: int) -> object:
    """Return ``value`` of str, bool, date, None, list and dict with clean text.

    Whatever else there is becomes text. Raises `ContentError` if ``depth``, of this value, is
    beyond ``levels``, `ValueError` for a number with thousands of digits.
    """
    if depth > levels:
        raise too_deep(levels, 1)
    if isinstance(value, dict):
        return {clean(str(key)): plain(each, depth + 1, levels) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each, depth + 1, levels) for each in value]
    if value is None or isinstance(value, bool | date):
        return value
    return clean(str(value))


def too_deep(levels: int, line: int) -> ContentError:
    """Return the error for front matter that is nested deeper than ``levels`` at ``line``."""
    return over_limit(
        f"the front matter is nested more than {levels} levels deep",
        line,
        hint="Flatten the values, or raise front_matter_levels in [limits].",
    )


def over_limit(what: str, line: int, *, hint: str) -> ContentError:
    """Return the error for front matter that is larger or deeper than a limit allows."""
    return ContentError(what, hint=hint, code="over-limit", line=line)


def refusal(what: str, line: int) -> ContentError:
    """Return the error for front matter that cannot be read because of ``line``."""
    return ContentError(
        what,
        hint="Correct the line, or restore the version before it.",
        code="front-matter",
        line=line,
    )
