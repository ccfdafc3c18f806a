"""`syndicate doctor`: is everything there that is needed, and what to do where it is not."""

from dataclasses import asdict
from typing import Final

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.output import print_json, print_result

_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "red"}


def doctor(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Diagnose settings, git, sources and database.

    Exits 1 if an error prevents the service from working.
    """
    from syndicate.cli.doctor_checks import run_checks

    found = list(run_checks(config))
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            print_result(f"{finding.level:7}  {finding.what}", colour=_COLOURS[finding.level])
            if finding.hint:
                print_result(f"         {finding.hint}")
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(1)
