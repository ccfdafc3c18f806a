"""The problems of an edition: which to report, and how they are written."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from syndicate.errors import UnknownName
from syndicate.model.edition import Edition, Level, Problem


def problems(edition: Edition, paths: Sequence[str] = ()) -> Iterator[Problem]:
    """Yield what is wrong, source by source, in the order of files and lines.

    ``paths`` are files and folders to look at, all if none is given; `UnknownName` if one of them
    holds no file of any source.
    """
    _refuse_unknown(edition, paths)
    for name, reason in failing(edition):
        yield Problem(level="error", rule="source-failing", source=name, what=reason)
    for part in edition.parts:
        for problem in sorted(part.problems, key=lambda p: (p.path, p.line, p.column)):
            if not paths or any(_is_within(problem.path, path) for path in paths):
                yield problem


def failing(edition: Edition) -> Iterator[tuple[str, str]]:
    """Yield the sources that are older than their branch, or could not be read, and why."""
    reasons = [
        *((part.source.name, part.failing) for part in edition.parts),
        *((unread.source.name, unread.failing) for unread in edition.unread),
    ]
    return ((name, reason) for name, reason in reasons if reason)


def lines(problem: Problem) -> list[str]:
    """Return ``problem`` as people and editors read it, with its hint below."""
    numbers = [str(number) for number in (problem.line, problem.column) if number]
    place = ":".join([problem.path or problem.source, *numbers])
    what = problem.what.removeprefix(f"{problem.path}: ")
    said = f"{place}: {problem.level}: {what} [{problem.rule}]"
    return [said, f"    {problem.hint}"] if problem.hint else [said]


def total(found: Sequence[Problem]) -> str:
    """Return how many of each level there are, in one sentence."""
    counts = Counter(problem.level for problem in found)
    said = [
        f"{counts[level]} {level}{'s' if counts[level] > 1 else ''}"
        for level in get_args(Level)
        if counts[level]
    ]
    return f"{', '.join(said)}." if said else "Nothing is wrong."


def _refuse_unknown(edition: Edition, paths: Sequence[str]) -> None:
    files = {
        one.path
        for part in edition.parts
        for several in (part.posts, part.hidden, part.problems)
        for one in several
    }
    for path in paths:
        if not any(_is_within(file, path) for file in files):
            raise UnknownName(
                f"no source has a file at {path}",
                code="unknown-path",
                hint="Write paths from the root of the repository.",
                known=tuple(folder for s in edition.sources for folder in s.folders),
            )


def _is_within(file: str, path: str) -> bool:
    return file == path or file.startswith(f"{path}/")
