"""`syndicate check`: what an editor should mend, with file and line."""

from dataclasses import asdict
from typing import Annotated, Final, Literal

import typer

from syndicate.cli.options import At, ConfigFile, Rev
from syndicate.cli.terminal import say, say_json, talk

_COLOURS: Final = {"error": "red", "warning": "yellow", "notice": "blue"}


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Only these files and folders of the repository."),
    ] = None,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", metavar="FORMAT", help="text or json.")
    ] = "text",
    rev: Rev = "",
    at: At = None,
    config: ConfigFile = None,
) -> None:
    """Report what is wrong with posts.

    Exits 1 if there are errors or warnings.
    """
    from syndicate.cli.problems import lines, problems, total
    from syndicate.cli.still import still

    with still(config, rev=rev, at=at) as reader:
        found = list(problems(reader.edition, [path.strip("/") for path in paths or ()]))
    if form == "json":
        say_json([asdict(problem) for problem in found])
    else:
        for problem in found:
            first, *rest = lines(problem)
            say(first, colour=_COLOURS[problem.level])
            for line in rest:
                say(line)
        talk(total(found))
    if any(problem.level != "notice" for problem in found):
        raise typer.Exit(1)
