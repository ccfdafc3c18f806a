"""`syndicate doctor`: is everything there that is needed, and what to do where it is not."""

from dataclasses import asdict
from typing import Final

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.terminal import say, say_json

_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "red"}


def doctor(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Diagnose settings, git, sources and database.

    Exits 1 if an error prevents the service from working.
    """
    from syndicate.cli.examination import examine

    found = list(examine(config))
    if as_json:
        say_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            say(f"{finding.level:7}  {finding.what}", colour=_COLOURS[finding.level])
            if finding.hint:
                say(f"         {finding.hint}")
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(1)
