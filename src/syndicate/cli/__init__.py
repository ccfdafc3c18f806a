"""The command `syndicate`; the module of a command is imported when the command runs.

Exit codes: 0 done, 1 findings or failure, 2 wrong usage or settings. The module of a command is
imported when the command runs, so `syndicate --help` imports none of them.
"""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

from syndicate import __version__
from syndicate.cli.options import ConfigFile
from syndicate.cli.output import print_error
from syndicate.errors import SyndicateError
from syndicate.telemetry import configure

COMMANDS: Final = {
    "serve": "Serve the feeds, watch the sources and deliver to subscribers.",
    "show": "Print a feed, byte for byte as served.",
    "explain": "Explain the fields, origin and feeds of a post.",
    "check": "Check posts and report problems.",
    "build": "Write all feeds in all formats to a folder.",
    "refresh": "Fetch all sources now and show their state.",
    "diff": "Show the events that publishing REV2 instead of REV1 would send.",
    "init": "Write a settings file for a repository.",
    "doctor": "Diagnose settings, git, sources and database.",
    "deliver": "Run delivery workers only: for a second process or host.",
    "verify": "Compare a copy of posts with those of a service.",
    "listen": "Receive, verify and print webhooks on this machine.",
    "db": "Check, upgrade, back up, restore and copy the database.",
    "keys": "Change the key that encrypts subscribers' secrets.",
    "config": "Inspect the settings.",
    "subscriptions": "Manage webhook subscriptions.",
    "posts": "Withdraw posts from every feed, and restore them.",
    "deliveries": "Inspect, replay, hold and release deliveries.",
    "tokens": "Manage access tokens.",
    "audit": "List and export the audit log.",
}
"""The first line of each command's help: shown by `syndicate --help`, which imports no command."""


class LazyCommand(TyperCommand):
    """Stands for the ``app`` of the module ``syndicate.cli.NAME`` until the command runs."""

    def load(self) -> TyperCommand | TyperGroup:
        """Import the module and return its command or group.

        Nothing that a module creates when it is imported is garbage, and looking for garbage takes
        an eighth of the time.
        """
        gc.disable()
        try:
            command = typer.main.get_command(import_module(f"syndicate.cli.{self.name}").app)
        finally:
            gc.enable()
        return cast("TyperCommand | TyperGroup", command)

    @override
    def make_context(self, *arguments: Any, **options: Any) -> Any:
        return self.load().make_context(*arguments, **options)


class LazyGroup(TyperGroup):
    """All commands, in the order of `COMMANDS`."""

    @override
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, help_text in COMMANDS.items():
            self.add_command(LazyCommand(name, help=help_text))


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
