"""`syndicate check`: what an editor should mend, with file and line."""

import pathlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final, Literal

import typer

from syndicate import __version__
from syndicate.cli.options import At, ConfigFile
from syndicate.cli.terminal import say, say_json, talk
from syndicate.errors import UsageError
from syndicate.model.edition import Edition, Problem

_COLOURS: Final = {"error": "red", "warning": "yellow", "notice": "blue"}

Form = Literal["text", "json", "github", "sarif"]


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Only check these files and folders of the repository."
        ),
    ] = None,
    form: Annotated[
        Form,
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
    found = _found(config, [path.removeprefix("./").strip("/") for path in paths or ()], rev, at)
    _report(found, form)
    if any(problem.level != "notice" for problem in found):
        raise typer.Exit(1)


def _found(
    config: pathlib.Path | None, paths: Sequence[str], rev: str, at: datetime | None
) -> list[Problem]:
    """Return what is to be reported of ``rev``, which may be two with dots between."""
    from syndicate.check.change import brought_in
    from syndicate.cli.problems import is_within, refuse_unknown
    from syndicate.cli.still import still
    from syndicate.service.proofreading import problems

    earlier, dots, later = rev.rpartition("..")
    if dots and (not earlier or not later or earlier.endswith(".")):
        raise UsageError(
            f"invalid revision range {rev}",
            hint="Write two branches, tags or commits separated by two dots: main..HEAD.",
        )

    def wanted(path: str) -> bool:
        return not paths or any(is_within(path, each) for each in paths)

    with still(config, rev=earlier or later, at=at) as reader:
        newsroom, old = reader.newsroom, reader.edition
        new: Edition = newsroom.edition(rev=later, at=old.at) if dots else old
        refuse_unknown(paths, old, new)
        before = list(problems(newsroom, old, lambda _: True)) if dots else []
        return list(brought_in(before, problems(newsroom, new, wanted), old=old, new=new))


def _report(found: Sequence[Problem], form: Form) -> None:
    from syndicate.check.report import sarif, workflow_command
    from syndicate.cli.problems import lines, total

    match form:
        case "json":
            say_json([asdict(problem) for problem in found])
        case "sarif":
            say_json(sarif(found, version=__version__))
        case "github":
            for problem in found:
                say(workflow_command(problem))
        case _:
            for problem in found:
                first, *rest = lines(problem)
                say(first, colour=_COLOURS[problem.level])
                for line in rest:
                    say(line)
            talk(total(found))
