"""The reference of the commands says what the commands do."""

from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from syndicate.cli import LazyCommand, app

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "commands.md").read_text()


def sections(group: TyperGroup, name: str = "syndicate") -> Iterator[str]:
    """Yield the heading of each command and the lines that describe what it takes."""
    for word, registered in group.commands.items():
        command = registered.load() if isinstance(registered, LazyCommand) else registered
        whole = f"{name} {word}"
        if isinstance(command, TyperGroup):
            yield from sections(command, whole)
            continue
        yield f"## `{whole}`"
        for parameter in command.params:
            if isinstance(parameter, TyperArgument):
                yield f"| `{(parameter.name or '').upper()}` | {parameter.help} |"
            if isinstance(parameter, TyperOption) and parameter.name != "config":
                metavar = f" {parameter.metavar}" if parameter.metavar else ""
                yield f"| `{parameter.opts[0]}{metavar}` | {parameter.help} |"


def test_reference_documents_every_command() -> None:
    """A section each, with a line for every argument and option but the common `--config`."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)

    described = [line for line in PAGE.splitlines() if line.startswith(("## `", "| `"))]

    assert described == list(sections(group))
