"""The command `syndicate`: one file a command, results on stdout, everything else on stderr.

Exit codes: 0 done, 1 findings or failure, 2 wrong usage or settings. The module of a command is
imported when the command runs, so `syndicate --help` imports none of them.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from syndicate import __version__
from syndicate.cli.lazy_group import LazyGroup
from syndicate.cli.options import ConfigFile
from syndicate.cli.output import print_error
from syndicate.errors import SyndicateError
from syndicate.telemetry import configure

app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(requested: bool) -> None:
    if requested:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _syndicate(
    config: ConfigFile = None,  # noqa: ARG001 — its callback keeps it for the command
    version: Annotated[  # noqa: ARG001 — its callback answers
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    """Syndicate posts from git repositories as feeds, webhooks and WebSub."""
    configure("console", "warning")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that ``arguments`` name, else those of the process; always exits."""
    try:
        app(arguments, prog_name="syndicate")
    except SyndicateError as error:
        print_error(error)
        sys.exit(error.exit_code)
