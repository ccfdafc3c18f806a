"""The group of all commands, which imports the module of a command when the command runs."""

import gc
from importlib import import_module
from typing import Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

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
    "db": "Check and upgrade the database.",
    "config": "Inspect the settings.",
    "subscriptions": "Manage webhook subscriptions.",
    "deliveries": "Inspect and replay deliveries.",
    "tokens": "Manage API tokens.",
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
