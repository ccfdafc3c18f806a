"""What every command has in common."""

import runpy
import subprocess
import sys

import pytest

from syndicate import __version__
from syndicate.cli.output import print_error
from syndicate.errors import UnknownName
from tests.cli.conftest import Run


def test_version_is_printed_on_stdout(run: Run) -> None:
    """Alone."""
    outcome = run("--version")

    assert (outcome.code, outcome.out, outcome.err) == (0, f"{__version__}\n", "")


@pytest.mark.parametrize("arguments", [["confi"], ["config", "sho"], ["--nonsense"], []])
def test_usage_errors_go_to_stderr_and_exit_2(run: Run, arguments: list[str]) -> None:
    """With the usage of the command."""
    outcome = run(*arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert "Usage: syndicate" in outcome.err


def test_error_is_printed_with_valid_values_and_hint(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a traceback."""
    print_error(
        UnknownName("there is no feed x", choices=("all", "tts"), hint="Choose a known one.")
    )

    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        captured.err == "Error: there is no feed x\nValid values: all, tts\nChoose a known one.\n"
    )

    print_error(UnknownName("there is no feed x"))

    assert capsys.readouterr().err == "Error: there is no feed x\n"


@pytest.mark.parametrize("character", ["\x1b", "\r", "\x9b", "\udcff"])
def test_control_characters_are_replaced(
    capsys: pytest.CaptureFixture[str], character: str
) -> None:
    """File names may be any bytes, and titles any characters."""
    print_error(UnknownName(f"there is no x{character}y"))
    assert capsys.readouterr().err == "Error: there is no x\N{REPLACEMENT CHARACTER}y\n"


def test_help_imports_no_command() -> None:
    """Version and help respond at once."""
    code = (
        "import sys\n"
        "from syndicate.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pydantic', 'rich', 'starlette', 'structlog', 'yaml', 'lxml', 'sqlalchemy'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr.strip() == ""
    assert "Commands:" in done.stdout


def test_package_runs_as_a_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `python -m syndicate`, where the command is not on the path."""
    monkeypatch.setattr(sys, "argv", ["syndicate", "--version"])

    with pytest.raises(SystemExit):
        runpy.run_module("syndicate", run_name="__main__")

    assert capsys.readouterr().out == f"{__version__}\n"
