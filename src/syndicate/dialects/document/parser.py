"""A post file taken apart: front matter as plain values, body as clean text, lines counted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from syndicate.dialects.document.front_matter_syntax import SYNTAXES, FrontMatter, has_lost_fence
from syndicate.dialects.document.plain_values import displayable_path, xml_safe
from syndicate.dialects.fields import FieldProblem
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
    key_lines: Mapping[str, int]
    problems: tuple[FieldProblem, ...] = ()


def parse_document(
    path: Path, data: bytes, limits: ContentLimits = DEFAULT_CONTENT_LIMITS
) -> Document | None:
    """Take the file ``data`` at ``path`` apart; None if it has no front matter.

    Front matter is YAML between ``---``, TOML between ``+++``, or a JSON object; blank lines
    may stand before it. Raises `ContentError`, with the line in the file, for front matter that
    cannot be read or that lost a fence.
    """
    decoded, problems = _decode(data)
    text = decoded.lstrip()
    before = decoded.count("\n", 0, len(decoded) - len(text))
    try:
        header = _read_front_matter(text, limits)
    except ContentError as error:
        raise ContentError(
            f"{displayable_path(path)}: {error.message}",
            hint=error.hint,
            code=error.code,
            line=before + error.line,
        ) from None
    return None if header is None else _build_document(path, header, before, problems)


def _read_front_matter(text: str, limits: ContentLimits) -> FrontMatter | None:
    for notation in SYNTAXES:
        if notation.detect(text):
            return notation.parse(text, limits)
    if text.startswith("<<<<<<< "):
        raise ContentError(
            "the file begins with the marker of a merge conflict",
            hint="Choose one of the two versions and take the markers out.",
            code="merge-conflict",
            line=1,
        )
    if has_lost_fence(text):
        raise ContentError(
            "the file holds front matter but does not begin with its fence",
            hint="Write --- alone on the first line, and again after the last key.",
            code="lost-fence",
            line=1,
        )
    return None


def _decode(data: bytes) -> tuple[str, tuple[FieldProblem, ...]]:
    """Decode ``data`` as UTF-8, without byte order mark, CR and control characters."""
    problems: tuple[FieldProblem, ...] = ()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        problems = (
            FieldProblem(
                level="warning",
                rule="invalid-utf8",
                line=1 + data.count(b"\n", 0, error.start),
                message=f"the byte {data[error.start]:#04x} is not UTF-8 and shows as \ufffd",
                hint="Save the file as UTF-8.",
            ),
        )
    return xml_safe(_LINE_ENDS.sub("\n", text.removeprefix("\ufeff"))), problems


def _build_document(
    path: Path, header: FrontMatter, before: int, problems: tuple[FieldProblem, ...]
) -> Document:
    duplicates = tuple(
        FieldProblem(
            level="warning",
            rule="duplicate-key",
            line=before + line,
            message=f"the key {key} is given again; the last one counts",
            hint=f"Keep one {key}.",
        )
        for key, line in header.values.duplicate_keys
    )
    return Document(
        path=path,
        meta=header.values.meta,
        body=header.body,
        body_line=before + header.body_line,
        key_lines={key: before + line for key, line in header.values.key_lines.items()},
        problems=problems + duplicates,
    )
