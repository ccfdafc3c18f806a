"""`syndicate check`: what an editor should mend, with file and line."""

import pathlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final, Literal

import typer

from syndicate import __version__
from syndicate.cli.options import At, ConfigFile
from syndicate.cli.output import print_json, print_result, print_status
from syndicate.errors import UsageError
from syndicate.model.edition import Edition, Problem

_COLOURS: Final = {"error": "red", "warning": "yellow", "notice": "blue"}

ReportFormat = Literal["text", "json", "github", "sarif"]


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Only check these files and folders of the repository."
        ),
    ] = None,
    report_format: Annotated[
        ReportFormat,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text; json; github (workflow annotations); or sarif (version 2.1.0).",
        ),
    ] = "text",
    rev: Annotated[
        str,
        typer.Option(
            "--rev",
            metavar="REV",
            help="See this branch, tag or commit instead of what is published; "
            "of REV1..REV2, only what the second has and the first had not.",
        ),
    ] = "",
    at: At = None,
    config: ConfigFile = None,
) -> None:
    """Check posts and report problems.

    Exits 1 if there are errors or warnings.
    """
    found = _check_revisions(
        config, [path.removeprefix("./").strip("/") for path in paths or ()], rev, at
    )
    _report(found, report_format)
    if any(problem.level != "notice" for problem in found):
        raise typer.Exit(1)


def _check_revisions(
    config: pathlib.Path | None, paths: Sequence[str], rev: str, at: datetime | None
) -> list[Problem]:
    """Return what is to be reported of ``rev``, which may be two with dots between."""
    from syndicate.cli.edition_snapshot import open_snapshot
    from syndicate.cli.problem_output import check_paths_exist, is_within
    from syndicate.content.checks.new_problems import new_problems
    from syndicate.service.content_check import check_edition

    first, dots, second = rev.rpartition("..")
    if dots and (not first or not second or first.endswith(".")):
        raise UsageError(
            f"invalid revision range {rev}",
            hint="Write two branches, tags or commits separated by two dots: main..HEAD.",
        )

    def is_selected(path: str) -> bool:
        return not paths or any(is_within(path, each) for each in paths)

    with open_snapshot(config, rev=first or second, at=at) as reader:
        newsroom, old = reader.content, reader.edition
        new: Edition = newsroom.edition(rev=second, at=old.at) if dots else old
        check_paths_exist(paths, old, new)
        before = list(check_edition(newsroom, old, lambda _: True)) if dots else []
        return list(
            new_problems(
                before, check_edition(newsroom, new, is_selected), old_edition=old, new_edition=new
            )
        )


def _report(found: Sequence[Problem], report_format: ReportFormat) -> None:
    from syndicate.cli.problem_output import problem_lines, summarize
    from syndicate.content.checks.report_formats import sarif, workflow_command

    match report_format:
        case "json":
            print_json([asdict(problem) for problem in found])
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
