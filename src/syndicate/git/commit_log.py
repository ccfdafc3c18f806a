"""The last commits that changed files, with times and subjects, and where branches begin."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syndicate.git.history import parse_timestamp
from syndicate.git.repository import Repository
from syndicate.model.post import CommitId

_MAX_SUBJECT_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCommit:
    """A commit with the first line of its message.

    ``parent`` is the first parent, None for a commit without one.
    """

    id: CommitId
    parent: CommitId | None
    time: datetime
    """The committer's time, in UTC."""
    subject: str


def recent_commits(
    repository: Repository, commit: CommitId, paths: Iterable[str], limit: int
) -> tuple[LoggedCommit, ...]:
    """Return the last ``limit`` first-parent commits that changed one of ``paths``, newest first.

    A path may be a folder. Raises `RepositoryError`.
    """
    options = ("-z", f"-{limit}", "--format=%H %ct %P%n%s")
    return tuple(_parse_log(_log(repository, commit, paths, *options)))


def last_change(
    repository: Repository,
    commit: CommitId,
    paths: Iterable[str],
    *,
    since: CommitId | None = None,
) -> datetime | None:
    """Return when a first-parent commit, after ``since``, last changed one of ``paths``."""
    revisions = f"{since}..{commit}" if since else commit
    found = _log(repository, revisions, paths, "-1", "--format=%ct").strip()
    return parse_timestamp(found) if found else None


def merge_base(repository: Repository, commit: CommitId, other: CommitId) -> CommitId | None:
    """Return the last commit that two branches have in common, None if there is none.

    Raises `RepositoryError`.
    """
    names = repository.run("rev-parse", f"{commit}...{other}").decode().split()
    return next((CommitId(name[1:]) for name in names if name.startswith("^")), None)


def _log(repository: Repository, revisions: str, paths: Iterable[str], *options: str) -> bytes:
    """Return what ``git log`` says of first-parent commits on ``paths``."""
    return repository.run("log", "--first-parent", *options, revisions, "--", *paths)


def _parse_log(output: bytes) -> Iterator[LoggedCommit]:
    for entry in output.split(b"\0"):
        header, _, subject = entry.partition(b"\n")
        if not header:
            continue
        name, seconds, *parents = header.decode().split(" ")
        yield LoggedCommit(
            id=CommitId(name),
            parent=CommitId(parents[0]) if parents and parents[0] else None,
            time=parse_timestamp(seconds.encode()),
            subject=subject.decode(errors="replace")[:_MAX_SUBJECT_CHARACTERS].strip(),
        )
