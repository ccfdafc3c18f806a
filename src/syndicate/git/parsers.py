"""Parsers of git's NUL-separated output, and the values they return."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from os import fsdecode
from typing import Final, Literal

from syndicate.model.post import BlobId, CommitId, Path

ChangeKind = Literal["added", "modified", "deleted", "renamed"]

REGULAR_FILE_MODES: Final = frozenset({b"100644", b"100755"})
"""Regular files. Symbolic links (120000) and submodules (160000) are not followed."""

_REGULAR_FILE: Final = re.compile(r"(?<![^\0])100(?:644|755) blob ([0-9a-f]+)\t([^\0]+)\0")
"""A regular file in the output of ls-tree: ``mode type id TAB path NUL``."""

COMMIT_FORMAT: Final = (
    *("--root", "--diff-merges=first-parent"),
    *("--raw", "-z", "--no-abbrev", "--format=%H %ct %P"),
)
"""Options of ``git log`` and ``git diff-tree`` for the format of `parse_commits`."""

MAX_TIMESTAMP: Final = 253402214399
"""The last second of the year 9999 in every time zone, in seconds since 1970.

A commit can have a later time, a datetime cannot.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """A regular file in a commit."""

    path: Path
    blob: BlobId


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """The change of one regular file between two commits.

    ``old_path`` equals ``path`` unless renamed. ``blob`` is None if the file was deleted,
    ``old_blob`` if it was added. A file that becomes a link counts as deleted; a change of
    the mode alone is ignored.
    """

    kind: ChangeKind
    path: Path
    old_path: Path
    blob: BlobId | None
    old_blob: BlobId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit on the first-parent line, with its time and its changes."""

    id: CommitId
    parent: CommitId | None
    """The first parent, None for the root commit."""
    time: datetime
    """The committer's time, in UTC."""
    changes: tuple[FileChange, ...]


UNREADABLE_TIMES: Final = frozenset(datetime.fromtimestamp(at, UTC) for at in (0, MAX_TIMESTAMP))
"""Results of `parse_timestamp` for times that are missing or out of range."""


def parse_timestamp(seconds: bytes) -> datetime:
    """Return the time for git's seconds since 1970; 1970 if empty, as git itself does.

    Git prints nothing for a committer line without a time or with a negative one.
    """
    return datetime.fromtimestamp(min(int(seconds or 0), MAX_TIMESTAMP), UTC)


def parse_tree(output: bytes) -> tuple[TreeEntry, ...]:
    """Parse the regular files in the output of ``ls-tree -r -z``."""
    found: list[tuple[BlobId, Path]] = _REGULAR_FILE.findall(fsdecode(output))
    return tuple([TreeEntry(path=path, blob=blob) for blob, path in found])


def split_tokens(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the NUL-terminated tokens of output that arrives in ``chunks`` of any size."""
    rest = b""
    for chunk in chunks:
        tokens = (rest + chunk).split(b"\0")
        rest = tokens.pop()
        yield from tokens


def _is_any(_: str) -> bool:
    return True


def parse_commits(
    tokens: Iterable[bytes], is_wanted: Callable[[str], bool] = _is_any
) -> Iterator[Commit]:
    """Parse the tokens that ``log`` or ``diff-tree`` write with the options `COMMIT_FORMAT`.

    The token of a commit is followed by its changes; the first one begins with a line feed.
    Changes of paths that are not wanted are left out.
    """
    tokens = iter(tokens)
    header, changes = b"", list[FileChange]()
    for token in tokens:
        text = token.lstrip(b"\n")
        if text.startswith(b":"):
            changes.extend(_parse_change(text, tokens, is_wanted))
        elif text:
            if header:
                yield _make_commit(header, changes)
            header, changes = text, []
    if header:
        yield _make_commit(header, changes)


def _make_commit(header: bytes, changes: list[FileChange]) -> Commit:
    name, seconds, parent = header.split(b" ")[:3]
    return Commit(
        id=CommitId(name.decode()),
        parent=CommitId(parent.decode()) if parent else None,
        time=parse_timestamp(seconds),
        changes=tuple(changes),
    )


def _parse_change(
    header: bytes, tokens: Iterator[bytes], is_wanted: Callable[[str], bool]
) -> Iterator[FileChange]:
    """Parse ``:old-mode new-mode old-id new-id status`` and the one or two paths that follow."""
    old_mode, new_mode, old, new, status = header[1:].split(b" ")
    old_path = Path(fsdecode(next(tokens)))
    path = Path(fsdecode(next(tokens))) if status.startswith(b"R") else old_path
    if not is_wanted(path):
        return
    old_blob = BlobId(old.decode()) if old_mode in REGULAR_FILE_MODES else None
    blob = BlobId(new.decode()) if new_mode in REGULAR_FILE_MODES else None
    kind = _change_kind(old_blob, blob, renamed=path != old_path)
    if kind:
        yield FileChange(kind=kind, path=path, old_path=old_path, blob=blob, old_blob=old_blob)


def _change_kind(old: BlobId | None, new: BlobId | None, *, renamed: bool) -> ChangeKind | None:
    if old is None:
        return None if new is None else "added"
    if new is None:
        return "deleted"
    if renamed:
        return "renamed"
    return None if old == new else "modified"
