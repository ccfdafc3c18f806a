"""Problems of a source as a whole: its site, its files and folders, and the times of commits."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from syndicate.content.file_classifier import FileTable
from syndicate.content.file_history import BranchHistory
from syndicate.content.site_source import SiteSource
from syndicate.git.history import UNREADABLE_TIMES
from syndicate.model.edition import Problem
from syndicate.model.post import CommitId, Path, Source

_MARKUP: Final = re.compile(
    r".*\.(?:adoc|asciidoc|asc|org|rst|rest|textile|pandoc|pdc|rmd|qmd|ipynb|wiki|mediawiki|creole"
    r"|rtf|docx?|odt)",
    re.IGNORECASE,
)
_DATED_TEXT: Final = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}-(?:[^.]+|.*\.(?:txt|text|njk|liquid|pug|ejs))", re.IGNORECASE
)
"""A name like that of a post, without an ending or with one that may also be another text."""


def unsupported_files(skipped: Iterable[Path], source: str) -> Iterator[Problem]:
    """Yield a problem for each of ``skipped`` files that looks like a post of another format."""
    for path in sorted(skipped):
        name = path.rpartition("/")[2]
        if _MARKUP.fullmatch(name) or _DATED_TEXT.fullmatch(name):
            yield Problem(
                level="warning",
                rule="unsupported-format",
                source=source,
                path=path,
                message=f"only Markdown and HTML are served, not {_ending(name)}",
                hint="Convert the post to Markdown or HTML, or move the file out of the folder.",
            )


def _ending(name: str) -> str:
    ending = name.rpartition(".")[2]
    return f".{ending}" if "." in name else "a file without an ending"


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
        *unsupported_files(table.skipped, source.name),
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
