"""Problems of a source as a whole: its site, its files and folders, and the times of commits."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from syndicate.content.file_classifier import FileTable
from syndicate.content.file_history import BranchHistory
from syndicate.content.site_source import SiteSource
from syndicate.git.parsers import UNREADABLE_TIMES
from syndicate.model.edition import Problem
from syndicate.model.post import CommitId, Path, Source


def find_problems(
    described: SiteSource,
    table: FileTable,
    branch: BranchHistory,
    served: tuple[CommitId, datetime],
) -> tuple[Problem, ...]:
    """Return all problems of a source; ``served`` is the commit that is served and its time."""
    commit, committed = served
    without_time = (commit,) if committed in UNREADABLE_TIMES else ()
    commits = dict.fromkeys((*branch.commits_without_time, *without_time))
    source = described.source
    return (
        *described.problems,
        *table.problems,
        *_folder_problems(source, table.classified),
        *(_commit_time_problem(source, each) for each in commits),
    )


def emptied_message(source: Source, folders: Sequence[Path]) -> str:
    """Return the error of a source whose ``folders`` a commit emptied."""
    return (
        f"source {source.name}: {', '.join(folders)} had posts and has none now; "
        "the last posts stay in service until the removal is accepted"
    )


def is_in_folder(path: Path, folder: Path) -> bool:
    """Return whether ``path`` is in ``folder``; the root is ``.``."""
    return folder in ("", ".") or path.startswith(f"{folder}/")


def _commit_time_problem(source: Source, commit: CommitId) -> Problem:
    return Problem(
        level="warning",
        rule="commit-time",
        source=source.name,
        message=f"the time of commit {commit} is invalid or after the year 9999",
        hint="Add a key date to each post that the commit added; 1970 or 9999 is used.",
    )


def _folder_problems(source: Source, paths: Iterable[Path]) -> Iterator[Problem]:
    classified = tuple(paths)
    for folder in source.folders:
        if not any(is_in_folder(path, folder) for path in classified):
            yield Problem(
                level="error",
                rule="no-posts",
                source=source.name,
                path=folder,
                message=f"the folder {folder} has no posts",
                hint="Set the path of the folder from the root of the repository.",
            )
