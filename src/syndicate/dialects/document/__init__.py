"""A post file taken apart: front matter as plain values, body as clean text, lines counted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from syndicate.dialects.document.front_matter import NOTATIONS, Header, lost_fence
from syndicate.dialects.document.plain import clean, readable
from syndicate.dialects.fields import FieldNote
from syndicate.errors import ContentError
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.post import Path

_LINE_ENDS: Final = re.compile("\r\n?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file with front matter.

    ``meta`` has keys as written; values are str, bool, date, None, list and dict. Numbers are
    text, and so is everything in YAML but null. ``body`` ends its lines with LF and
    holds no character that XML forbids. ``body_line`` is the line in the file of the body's
    first, ``lines`` the line of each key, both counted from 1.
    """

    path: Path
    meta: Mapping[str, object]
    body: str
    body_line: int
    lines: Mapping[str, int]
    notes: tuple[FieldNote, ...] = ()


def read(
    path: Path, data: bytes, limits: ContentLimits = DEFAULT_CONTENT_LIMITS
) -> Document | None:
    """Take the file ``data`` at ``path`` apart; None if it has no front matter.

    Front matter is YAML between ``---``, TOML between ``+++``, or a JSON object; blank lines
    may stand before it. Raises `ContentError`, with the line in the file, for front matter that
    cannot be read or that lost a fence.
    """
    whole, notes = _text(data)
    text = whole.lstrip()
    before = whole.count("\n", 0, len(whole) - len(text))
    try:
        header = _header(text, limits)
    except ContentError as error:
        raise ContentError(
            f"{readable(path)}: {error.what}",
            hint=error.hint,
            code=error.code,
            line=before + error.line,
        ) from None
    return None if header is None else _document(path, header, before, notes)


def _header(text: str, limits: ContentLimits) -> Header | None:
    for notation in NOTATIONS:
        if notation.detect(text):
            return notation.header(text, limits)
    if text.startswith("<<<<<<< "):
        raise ContentError(
            "the file begins with the marker of a merge conflict",
            hint="Choose one of the two versions and take the markers out.",
            code="merge-conflict",
            line=1,
        )
    if lost_fence(text):
        raise ContentError(
            "the file holds front matter but does not begin with its fence",
            hint="Write --- alone on the first line, and again after the last key.",
            code="lost-fence",
            line=1,
        )
    return None


def _text(data: bytes) -> tuple[str, tuple[FieldNote, ...]]:
    """Decode ``data`` as UTF-8, without byte order mark, CR and control characters."""
    notes: tuple[FieldNote, ...] = ()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        notes = (
            FieldNote(
                level="warning",
                rule="invalid-utf8",
                line=1 + data.count(b"\n", 0, error.start),
                what=f"the byte {data[error.start]:#04x} is not UTF-8 and shows as \ufffd",
                hint="Save the file as UTF-8.",
            ),
        )
    return clean(_LINE_ENDS.sub("\n", text.removeprefix("\ufeff"))), notes


def _document(path: Path, header: Header, before: int, notes: tuple[FieldNote, ...]) -> Document:
    doubles = tuple(
        FieldNote(
            level="warning",
            rule="duplicate-key",
            line=before + line,
            what=f"the key {key} is given again; the last one counts",
            hint=f"Keep one {key}.",
        )
        for key, line in header.values.doubles
    )
    return Document(
        path=path,
        meta=header.values.meta,
        body=header.body,
        body_line=before + header.body_line,
        lines={key: before + line for key, line in header.values.lines.items()},
        notes=notes + doubles,
    )
