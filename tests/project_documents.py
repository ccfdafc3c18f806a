"""The documents of the project, and the programs and commands in them."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from syndicate.cli import app

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
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def commands() -> set[tuple[str, ...]]:
    """Return the words of every command of `syndicate`."""
    names = set[tuple[str, ...]]()
    for command in app.registered_commands:
        assert command.callback is not None
        names.add((command.name or command.callback.__name__,))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            assert command.callback is not None
            name = group.typer_instance.info.name
            names.add((str(name), command.name or command.callback.__name__))
    return names


def is_command(words: Sequence[str]) -> bool:
    """Return whether ``words``, as typed after `syndicate`, begin with a command."""
    return any(tuple(words[: len(command)]) == command for command in commands())
