"""What git tells about files and commits, as values; parsers of its NUL-separated output."""

import re
from collections.abc import Iterator
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
"""The options of ``git log`` and ``git diff-tree`` with which they say what `commits` reads."""

MAX_TIMESTAMP: Final = 253402214399
"""The last second that is in the year 9999 in every time zone, in seconds since 1970.

A commit may claim to be later, a datetime cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """A regular file in a commit."""

    path: Path
    blob: BlobId


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """What happened to one regular file between two commits.

    ``old_path`` equals ``path`` unless renamed. ``blob`` is None if the file was deleted,
    ``old_blob`` if it was added. A file that becomes a link was deleted; a changed mode is none.
    """

    kind: ChangeKind
    path: Path
    old_path: Path
    blob: BlobId | None
    old_blob: BlobId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit on the first-parent line: when it got there, and what it changed."""

    id: CommitId
    parent: CommitId | None
    """The commit before it on that line, None for the first."""
    time: datetime
    """The committer's time, in UTC."""
    changes: tuple[FileChange, ...]


UNREADABLE_TIMES: Final = frozenset(datetime.fromtimestamp(at, UTC) for at in (0, MAX_TIMESTAMP))
"""What `instant` makes of a time that cannot be read, or that no calendar has."""


def parse_timestamp(seconds: bytes) -> datetime:
    """Return the time that git writes as seconds since 1970; one it cannot read is 1970, as there.

    Git writes nothing where the committer's line has no time, a negative one or none at all.
    """
    return datetime.fromtimestamp(min(int(seconds or 0), MAX_TIMESTAMP), UTC)


def parse_tree(output: bytes) -> tuple[TreeEntry, ...]:
    """Read the regular files of ``ls-tree -r -z``."""
    found: list[tuple[BlobId, Path]] = _REGULAR_FILE.findall(fsdecode(output))
    return tuple([TreeEntry(path=path, blob=blob) for blob, path in found])


def parse_commits(output: bytes) -> Iterator[Commit]:
    """Read the commits of ``log`` or ``diff-tree`` with the options `COMMIT`, in their order.

    After a commit's own token come its changes, the first of them on a new line.
    """
    tokens = iter(output.split(b"\0")[:-1])
    header, changes = b"", list[FileChange]()
    for token in tokens:
        text = token.lstrip(b"\n")
        if text.startswith(b":"):
            changes.extend(_parse_change(text, tokens))
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


def _parse_change(header: bytes, tokens: Iterator[bytes]) -> Iterator[FileChange]:
    """Read ``:old-mode new-mode old-id new-id status`` and the one or two paths that follow."""
    old_mode, new_mode, old, new, status = header[1:].split(b" ")
    old_path = Path(fsdecode(next(tokens)))
    path = Path(fsdecode(next(tokens))) if status.startswith(b"R") else old_path
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
