"""The command `syndicate`: one file per noun, results on stdout, everything else on stderr.

Exit codes: 0 done, 1 findings or failure, 2 wrong usage or settings. Modules here import only
what every command needs; a command imports the rest when it runs, so that short ones are short.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from syndicate import __version__
from syndicate.cli import (
    check,
    config,
    db,
    deliver,
    deliveries,
    diff,
    doctor,
    explain,
    feeds,
    listen,
    refresh,
    serve,
    subscriptions,
    tokens,
)
from syndicate.cli.init.command import init
from syndicate.cli.options import ConfigFile
from syndicate.cli.output import print_error
from syndicate.errors import SyndicateError
from syndicate.telemetry import configure

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    *(serve.serve, feeds.show, explain.explain, check.check, feeds.build),
    *(refresh.refresh, diff.diff, init, doctor.doctor, deliver.deliver, listen.listen),
):
    app.command()(command)
for group in (db.app, config.app, subscriptions.app, deliveries.app, tokens.app):
    app.add_typer(group)


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
