"""Commits, and the first-parent history of page files, oldest first, with renames.

Parsed from git's NUL-separated output.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from os import fsdecode
from typing import Final, Literal

from syndicate.model.post import PAGE_EXTENSIONS, BlobId, CommitId, Path

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


PAGE_PATHSPECS: Final = tuple(f":(icase)*{ending}" for ending in PAGE_EXTENSIONS)
"""Pathspecs of page files (gitglossary(7)), in the whole repository, so that moves are detected."""

StreamLog = Callable[..., Iterator[bytes]]
"""Runs git with the given arguments, and yields its output in chunks."""

ReadCommit = Callable[[CommitId], Commit | None]
"""Returns a commit with its changes against its first parent; None if it is missing."""

_FIRST_PARENT_LOG: Final = ("log", "--first-parent", "--reverse", "--no-renames", *COMMIT_FORMAT)
"""``git log`` of each commit against its first parent, in the format of `parse_commits`.

There is no pathspec: to match nine patterns with every entry of every tree takes git three times
as long as to write all changes (50,000 commits, 20,000 posts: 4.6 and 1.6 s of CPU).
"""

_MAX_SINGLE_READS: Final = 8
"""Up to this many commits, reading each is faster than starting ``git log``."""


def is_page(path: str) -> bool:
    """Return whether the file at ``path`` is a page."""
    return path.lower().endswith(PAGE_EXTENSIONS)


def changes_in(
    stream_log: StreamLog, *revisions: str, is_wanted: Callable[[str], bool]
) -> Iterator[Commit]:
    """Yield the commits in ``revisions`` (gitrevisions(7)) with changes of wanted paths.

    Renames are not detected, and no blob is read.
    """
    output = split_tokens(stream_log(*_FIRST_PARENT_LOG, *revisions))
    return (commit for commit in parse_commits(output, is_wanted) if commit.changes)


def history(
    stream_log: StreamLog,
    detect_renames: ReadCommit,
    commit: str,
    also: Callable[[str], bool] | None = None,
) -> Iterator[Commit]:
    """Yield the commits up to ``commit`` that change pages, or files ``also`` wanted."""
    is_wanted = is_page if also is None else lambda path: is_page(path) or also(path)
    for found in changes_in(stream_log, commit, is_wanted=is_wanted):
        yield _with_renames(found, detect_renames)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitDelta:
    """The difference between a commit and one of its ancestors.

    ``commits`` are as returned by `history`, ``all_commits`` have the changes of all files without
    renames. ``files`` maps each changed file, page or not, to its blob in the newer commit, None if
    it was deleted.
    """

    commits: tuple[Commit, ...] = ()
    all_commits: tuple[Commit, ...] = ()
    files: Mapping[Path, BlobId | None]


def commits_since(
    read_commit: ReadCommit,
    detect_renames: ReadCommit,
    stream_log: StreamLog,
    commit: CommitId,
    since: CommitId,
) -> CommitDelta | None:
    """Return the commits after ``since`` up to ``commit``, None if ``since`` is no ancestor.

    Only the first-parent line counts. A few commits are read without starting a process.
    """
    commits = read_line(read_commit, stream_log, commit, since)
    if commits is None:
        return None
    files = {change.path: change.blob for new in commits for change in new.changes}
    page_commits = (_with_page_changes_only(new) for new in commits)
    return CommitDelta(
        commits=tuple(_with_renames(new, detect_renames) for new in page_commits if new.changes),
        all_commits=tuple(commits),
        files=files,
    )


def read_line(
    read_commit: ReadCommit, stream_log: StreamLog, commit: CommitId, since: CommitId
) -> list[Commit] | None:
    """Return the commits after ``since`` up to ``commit`` with all changes, without renames.

    None if ``since`` is not on the first-parent line of ``commit``.
    """
    commits = _read_one_by_one(read_commit, commit, since)
    if not commits:
        log = parse_commits(split_tokens(stream_log(*_FIRST_PARENT_LOG, commit, f"^{since}")))
        first = next(log, None)
        commits = [first, *log] if first is not None and first.parent == since else []
    return commits or None


def _read_one_by_one(read_commit: ReadCommit, commit: CommitId, since: CommitId) -> list[Commit]:
    """Return the commits after ``since`` up to ``commit``; empty if there are too many."""
    line = list[Commit]()
    name: CommitId | None = commit
    while name is not None and name != since and len(line) < _MAX_SINGLE_READS:
        found = read_commit(name)
        if found is None:
            return []
        line.append(found)
        name = found.parent
    return line[::-1] if name == since else []


def _with_page_changes_only(commit: Commit) -> Commit:
    return replace(commit, changes=tuple(filter(lambda each: is_page(each.path), commit.changes)))


def _with_renames(commit: Commit, detect_renames: ReadCommit) -> Commit:
    """Return ``commit`` with renames, which it has only if it both adds and deletes pages."""
    pages = {change.kind for change in commit.changes if is_page(change.path)}
    if not {"added", "deleted"} <= pages:
        return commit
    detected = detect_renames(commit.id)
    others = tuple(change for change in commit.changes if not is_page(change.path))
    return replace(detected, changes=(*detected.changes, *others)) if detected else commit


def folder_pathspecs(folders: Iterable[Path]) -> tuple[str, ...]:
    """Return the pathspecs for files below ``folders``; empty means all files.

    The trailing slash excludes a file of that name.
    """
    normal = [posixpath.normpath(folder.strip("/") or ".") for folder in folders]
    return () if "." in normal else tuple(f"{folder}/" for folder in normal)
