"""Commands are imported when they run."""

import gc

import pytest
from typer.core import TyperGroup

from syndicate.cli import COMMANDS, LazyCommand


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_shows_the_first_line_of_each_help(name: str) -> None:
    """It is written twice, so that the list needs no command's module."""
    command = LazyCommand(name).load()
    help_text = (command.help or "").partition("\n")[0]
    assert help_text == COMMANDS[name]


def test_only_groups_take_subcommands() -> None:
    """A module with one command is that command."""
    groups = {name for name in COMMANDS if isinstance(LazyCommand(name).load(), TyperGroup)}
    names = {"db", "keys", "config", "subscriptions", "posts", "deliveries", "tokens", "audit"}
    assert groups == names


def test_garbage_is_collected_after_an_import() -> None:
    """Also where there is nothing to import."""
    with pytest.raises(ModuleNotFoundError):
        LazyCommand("nothing").load()
    assert gc.isenabled()
