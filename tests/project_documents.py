"""The documents of the project, and the programs and commands in them."""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import typer
from typer.core import TyperGroup

from syndicate.cli import LazyCommand, app

ROOT: Final = Path(__file__).parents[1]
DOCUMENTS: Final = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]
)


def code_blocks(document: str, language: str) -> list[str]:
    """Return the fenced blocks of ``document`` in ``language``."""
    text = (ROOT / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def find_program(name: str) -> str:
    """Return the path of the program ``name``; skip the test if it is not installed."""
    folders = (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    path = shutil.which(name, path=os.pathsep.join(folders))
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def commands(group: TyperGroup, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command in ``group``, which has itself the name ``words``."""
    for name, registered in group.commands.items():
        command = registered.load() if isinstance(registered, LazyCommand) else registered
        if isinstance(command, TyperGroup):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name)


@cache
def all_commands() -> frozenset[tuple[str, ...]]:
    """Return the words of every command of `syndicate`."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return frozenset(commands(group))


def is_command(words: Sequence[str]) -> bool:
    """Return whether ``words``, as typed after `syndicate`, begin with a command."""
    return any(tuple(words[: len(command)]) == command for command in all_commands())
