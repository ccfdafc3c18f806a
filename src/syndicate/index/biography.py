"""The life of one file: when it was born, renamed, changed in words, broken, removed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syndicate.git import Commit, FileChange
from syndicate.index.reading import Reading, Wanted
from syndicate.model.post import BlobId, CommitId, Path

Read = Callable[[Iterable[Wanted]], Mapping[Wanted, Reading]]
"""Returns what files say, by path and blob."""

Step = tuple[Commit, FileChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """What one commit did to a file; ``blob`` is what it held from then on, None if removed."""

    at: datetime
    commit: CommitId
    path: Path
    blob: BlobId | None
    what: str


def biography(path: Path, history: Iterable[Commit], read: Read) -> tuple[Chapter, ...]:
    """Return what ``history``, oldest first, did to the file that is at ``path`` in the end."""
    steps = _steps(path, history)
    readings = read({(change.path, change.blob) for _, change in steps if change.blob})
    return tuple(_chapters(steps, readings))


def _steps(path: Path, history: Iterable[Commit]) -> list[Step]:
    """Follow the file back through its names."""
    steps: list[Step] = []
    for commit in reversed(list(history)):
        change = next((change for change in commit.changes if change.path == path), None)
        if change is not None:
            steps.append((commit, change))
            path = change.old_path
    return steps[::-1]


def _chapters(steps: Sequence[Step], readings: Mapping[Wanted, Reading]) -> Iterator[Chapter]:
    words = b""
    born = False
    for commit, change in steps:
        said = [_move(change, born=born)]
        if change.blob:
            reading = readings[change.path, change.blob]
            said.append(_content(reading, words, born=born))
            words = reading.fields.words if reading.fields else words
        born = True
        yield Chapter(
            at=commit.time,
            commit=commit.id,
            path=change.path,
            blob=change.blob,
            what=", ".join(filter(None, said)),
        )


def _move(change: FileChange, *, born: bool) -> str:
    if change.kind == "renamed":
        return f"renamed from {change.old_path}"
    if change.kind == "deleted":
        return "removed"
    if change.kind == "added":
        return "restored" if born else "first commit"
    return ""


def _content(reading: Reading, words: bytes, *, born: bool) -> str:
    if reading.fault:
        return f"cannot be read: {reading.fault.what}"
    if reading.fields is None:
        return "without front matter"
    if not born:
        return ""
    return "words changed" if reading.fields.words != words else "words unchanged"
