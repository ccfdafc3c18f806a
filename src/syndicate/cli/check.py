"""`syndicate check`: report problems in posts, with file and line."""

import os
import pathlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final, Literal, get_args

import typer

from syndicate import __version__
from syndicate.cli.options import At, ConfigFile, command_app
from syndicate.cli.output import print_json, print_result, print_status
from syndicate.cli.progress import progress
from syndicate.cli.snapshot import open_snapshot
from syndicate.content.checks.new_problems import new_problems
from syndicate.content.checks.report_formats import (
    gitlab_code_quality,
    sarif,
    workflow_command,
)
from syndicate.errors import UnknownName, UsageError
from syndicate.model.edition import Edition, Problem, ProblemLevel
from syndicate.service.content_check import check_edition
from syndicate.service.worktree_sources import uncommitted_files, with_worktrees
from syndicate.settings import Settings, load

app = command_app()


_COLOURS: Final = {"error": "red", "warning": "yellow", "notice": "blue"}

_MAX_NAMED_FILES: Final = 5

ReportFormat = Literal["text", "json", "github", "gitlab", "sarif"]


_Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...", help="Only check these files and folders of the repository."
    ),
]
_Format = Annotated[
    ReportFormat,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text; json; github (workflow annotations); gitlab (Code Quality); "
        "or sarif (version 2.1.0).",
    ),
]
_Revision = Annotated[
    str,
    typer.Option(
        "--rev",
        metavar="REV",
        help="See this branch, tag or commit instead of what is published; "
        "of REV1..REV2, only what the second has and the first had not.",
    ),
]
_WorktreeFlag = Annotated[
    bool, typer.Option("--worktree", help="Check the files as they are now, also uncommitted ones.")
]


@app.command()
def check(  # noqa: PLR0913, PLR0917 — every choice is an option
    paths: _Paths = None,
    report_format: _Format = "text",
    rev: _Revision = "",
    worktree: _WorktreeFlag = False,
    at: At = None,
    config: ConfigFile = None,
) -> None:
    """Check posts and report problems.

    Exits 1 if there are errors or warnings.
    """
    if worktree and rev:
        raise UsageError("--worktree and --rev exclude each other", hint="Leave one of them out.")
    settings = load(config, os.environ)
    selected = [path.removeprefix("./").strip("/") for path in paths or ()]
    if worktree:
        with TemporaryDirectory(prefix="syndicate-") as folder:
            checked = with_worktrees(settings, pathlib.Path(folder))
            found, edition = _check_revisions(checked, selected, "", at)
    else:
        found, edition = _check_revisions(settings, selected, rev, at)
    _report(found, report_format, edition)
    if not worktree and not rev:
        _print_uncommitted(settings)
    if any(problem.level != "notice" for problem in found):
        raise typer.Exit(1)


def _print_uncommitted(settings: Settings) -> None:
    """Say which files were not checked because they are not committed."""
    files = list(dict.fromkeys(uncommitted_files(settings.sources)))
    if files:
        others = len(files) - _MAX_NAMED_FILES
        names = ", ".join(files[:_MAX_NAMED_FILES])
        names += f" and {others} others" if others > 0 else ""
        verbs = ("is", "was") if len(files) == 1 else ("are", "were")
        print_status(
            f"{names} {verbs[0]} not committed and {verbs[1]} not checked: "
            "add --worktree to check all files as they are now.",
            colour="yellow",
        )


def _check_revisions(
    settings: Settings, paths: Sequence[str], rev: str, at: datetime | None
) -> tuple[list[Problem], Edition]:
    """Return the problems of ``rev``: of a revision, or those that REV1..REV2 adds.

    And the edition that has them.
    """
    first, dots, second = rev.rpartition("..")
    if dots and (not first or not second or first.endswith(".")):
        raise UsageError(
            f"invalid revision range {rev}",
            hint="Write two branches, tags or commits separated by two dots: main..HEAD.",
        )

    def is_selected(path: str) -> bool:
        return not paths or any(is_within(path, each) for each in paths)

    with open_snapshot(settings, rev=first or second, at=at) as reader, progress():
        content, old = reader.content, reader.edition
        new: Edition = content.edition(rev=second, at=old.at) if dots else old
        check_paths_exist(paths, old, new)
        before = list(check_edition(content, old, lambda _: True)) if dots else []
        after = check_edition(content, new, is_selected)
        return list(new_problems(before, after, old_edition=old, new_edition=new)), new


def _report(found: Sequence[Problem], report_format: ReportFormat, edition: Edition) -> None:
    match report_format:
        case "json":
            commits = {each.source.name: each.commit for each in edition.snapshots}
            print_json(
                [
                    {**problem_json(problem), "commit": commits.get(problem.source)}
                    for problem in found
                ]
            )
        case "gitlab":
            print_json(gitlab_code_quality(found))
        case "sarif":
            print_json(sarif(found, version=__version__))
        case "github":
            for problem in found:
                print_result(workflow_command(problem))
        case _:
            for problem in found:
                first, *rest = problem_lines(problem)
                print_result(first, colour=_COLOURS[problem.level])
                for line in rest:
                    print_result(line)
            print_status(summarize(found))


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return ``problem`` as JSON, in which the message is called ``what``."""
    return {
        ("what" if name == "message" else name): value for name, value in asdict(problem).items()
    }


def problem_lines(problem: Problem) -> list[str]:
    """Return ``problem`` in the form that editors parse, with its hint on a second line."""
    numbers = (problem.line, problem.column) if problem.line else ()
    location = ":".join([problem.path or problem.source, *(str(n) for n in numbers if n)])
    message = problem.message.removeprefix(f"{problem.path}: ")
    line = f"{location}: {problem.level}: {message} [{problem.rule}]"
    return [line, f"    {problem.hint}"] if problem.hint else [line]


def summarize(found: Sequence[Problem]) -> str:
    """Return the number of problems of each level."""
    counts = Counter(problem.level for problem in found)
    parts = [
        f"{counts[level]} {level}{'s' if counts[level] > 1 else ''}"
        for level in get_args(ProblemLevel)
        if counts[level]
    ]
    return f"{', '.join(parts)}." if parts else "No problems found."


def check_paths_exist(paths: Sequence[str], *editions: Edition) -> None:
    """Raise `UnknownName` if one of ``paths`` has no file of any source: probably mistyped."""
    snapshots = [snapshot for edition in editions for snapshot in edition.snapshots]
    files = {
        item.path
        for snapshot in snapshots
        for items in (snapshot.posts, snapshot.hidden, snapshot.problems)
        for item in items
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
    """Return whether ``file`` is at ``path`` or below it."""
    return file == path or file.startswith(f"{path}/")
