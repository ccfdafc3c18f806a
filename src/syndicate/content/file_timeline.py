"""The life of one file: when it was born, renamed, changed in words, broken, removed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syndicate.content.parsed_file import FileVersion, ParsedFile
from syndicate.git import Commit, FileChange
from syndicate.model.post import BlobId, CommitId, Path

ReadFiles = Callable[[Iterable[FileVersion]], Mapping[FileVersion, ParsedFile]]
"""Returns what files say, by path and blob."""

CommitChange = tuple[Commit, FileChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """What one commit did to a file; ``blob`` is what it held from then on, None if removed."""

    time: datetime
    commit: CommitId
    path: Path
    blob: BlobId | None
    description: str


def build_timeline(
    path: Path, history: Iterable[Commit], read: ReadFiles
) -> tuple[TimelineEntry, ...]:
    """Return what ``history``, oldest first, did to the file that is at ``path`` in the end."""
    steps = _follow_renames(path, history)
    files = read({(change.path, change.blob) for _, change in steps if change.blob})
    return tuple(_timeline_entries(steps, files))


def _follow_renames(path: Path, history: Iterable[Commit]) -> list[CommitChange]:
    """Follow the file back through its names."""
    steps: list[CommitChange] = []
    for commit in reversed(list(history)):
        change = next((change for change in commit.changes if change.path == path), None)
        if change is not None:
            steps.append((commit, change))
            path = change.old_path
    return steps[::-1]


def _timeline_entries(
    steps: Sequence[CommitChange], files: Mapping[FileVersion, ParsedFile]
) -> Iterator[TimelineEntry]:
    words = b""
    is_created = False
    for commit, change in steps:
        descriptions = [_describe_path_change(change, is_created=is_created)]
        if change.blob:
            file = files[change.path, change.blob]
            descriptions.append(_describe_content(file, words, is_created=is_created))
            words = file.fields.word_digest if file.fields else words
        is_created = True
        yield TimelineEntry(
            time=commit.time,
            commit=commit.id,
            path=change.path,
            blob=change.blob,
            description=", ".join(filter(None, descriptions)),
        )


def _describe_path_change(change: FileChange, *, is_created: bool) -> str:
    if change.kind == "renamed":
        return f"renamed from {change.old_path}"
    if change.kind == "deleted":
        return "removed"
    if change.kind == "added":
        return "restored" if is_created else "first commit"
    return ""


def _describe_content(file: ParsedFile, words: bytes, *, is_created: bool) -> str:
    if file.error:
        return f"cannot be read: {file.error.message}"
    if file.fields is None:
        return "without front matter"
    if not is_created:
        return ""
    return "words changed" if file.fields.word_digest != words else "words unchanged"
