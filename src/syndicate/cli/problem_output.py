"""The problems of an edition: which files to look at, and how they are written for people."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from syndicate.errors import UnknownName
from syndicate.model.edition import Edition, Problem, ProblemLevel


def failing_sources(edition: Edition) -> Iterator[tuple[str, str]]:
    """Yield the sources that are older than their branch, or could not be read, and why."""
    reasons = [
        *((part.source.name, part.error) for part in edition.snapshots),
        *((unread.source.name, unread.error) for unread in edition.unavailable),
    ]
    return ((name, reason) for name, reason in reasons if reason)


def problem_lines(problem: Problem) -> list[str]:
    """Return ``problem`` as people and editors read it, with its hint below."""
    numbers = (problem.line, problem.column) if problem.line else ()
    place = ":".join([problem.path or problem.source, *(str(n) for n in numbers if n)])
    what = problem.message.removeprefix(f"{problem.path}: ")
    said = f"{place}: {problem.level}: {what} [{problem.rule}]"
    return [said, f"    {problem.hint}"] if problem.hint else [said]


def summarize(found: Sequence[Problem]) -> str:
    """Return how many of each level there are, in one sentence."""
    counts = Counter(problem.level for problem in found)
    said = [
        f"{counts[level]} {level}{'s' if counts[level] > 1 else ''}"
        for level in get_args(ProblemLevel)
        if counts[level]
    ]
    return f"{', '.join(said)}." if said else "No problems found."


def check_paths_exist(paths: Sequence[str], *editions: Edition) -> None:
    """Raise `UnknownName` if one of ``paths`` holds no file of any source, a slip of the pen."""
    parts = [part for edition in editions for part in edition.snapshots]
    files = {
        one.path
        for part in parts
        for several in (part.posts, part.hidden, part.problems)
        for one in several
    }
    for path in paths:
        if not any(is_within(file, path) for file in files):
            folders = [folder for s in editions[0].sources for folder in s.folders]
            raise UnknownName(
                f"no source has a file at {path}",
                code="unknown-path",
                hint="Use a path relative to the root of the repository.",
                choices=tuple(folders),
            )


def is_within(file: str, path: str) -> bool:
    """Tell whether ``file`` is at ``path`` or below it."""
    return file == path or file.startswith(f"{path}/")
