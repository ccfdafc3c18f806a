"""`make setup` on machines with all required programs, and on machines without some."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "basename", "cat", "cksum", "tr", "rm", "mkdir", "chmod", "git")

PYTHON = """#!/bin/sh
echo "$(basename "$0") $*" >>"$LOG"
case "$*" in
--version) echo Python 3.13.1 ;;
"-c import ensurepip, venv") exit "${WITHOUT_VENV:-0}" ;;
"-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cat "$0" >.venv/bin/python &&
    chmod +x .venv/bin/python ;;
"-m pip"*) exit "${WITHOUT_NETWORK:-0}" ;;
esac
"""
"""A fake Python, because tests install no packages: it logs its arguments and
prints the expected output.
"""


class Machine:
    """A machine with the programs that setup.sh needs, and a copy of the project."""

    def __init__(self, folder: Path, *, pythons: tuple[str, ...] = ("python3.13",)) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "log"
        self.project = folder / "a folder with spaces"
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        for name in pythons:
            (self.bin / name).write_text(PYTHON)
            (self.bin / name).chmod(0o755)
        for directory in ("deploy", "requirements"):
            shutil.copytree(ROOT / directory, self.project / directory)
        shutil.copy(ROOT / "pyproject.toml", self.project)

    def setup(self, kind: str = "run", **environment: str) -> tuple[int, str, list[str]]:
        """Run setup.sh; return its exit code, its output, and the commands of Python."""
        self.log.write_text("")
        completed = subprocess.run(
            [self.bin / "sh", self.project / "deploy" / "local" / "setup.sh", kind],
            env={"PATH": str(self.bin), "LOG": str(self.log), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return completed.returncode, completed.stdout, self.log.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with every required program."""
    return Machine(tmp_path)


def installs(commands: list[str]) -> list[str]:
    """Return the install commands of pip."""
    return [line.partition(" install ")[2] for line in commands if " install " in line]


PINS = "-qq --no-deps --require-hashes -r requirements/run.txt"
PROJECT = "-qq --no-deps --no-build-isolation -e ."


def test_first_setup_installs_pins_and_project(machine: Machine) -> None:
    """All packages are checked against hashes; the project adds none."""
    code, output, commands = machine.setup()
    assert code == 0, output
    assert "Python 3.13.1" in output
    assert installs(commands) == [PINS, PROJECT]
    assert commands[-1].endswith(" check")


def test_second_setup_does_nothing(machine: Machine) -> None:
    """It prints nothing and does not run Python, so serving starts at once."""
    machine.setup()
    assert machine.setup() == (0, "", [])


def test_test_environment_includes_the_runtime_environment(machine: Machine) -> None:
    """After a test setup, serving installs nothing; the reverse installs the rest."""
    machine.setup()
    assert installs(machine.setup("test")[2])[0].endswith("requirements/test.txt")
    assert machine.setup("test") == machine.setup("run") == (0, "", [])


def test_new_pins_are_installed_into_the_same_environment(machine: Machine) -> None:
    """A changed requirements file is noticed by its content."""
    machine.setup()
    with (machine.project / "requirements" / "run.txt").open("a") as file:
        file.write("# another pin\n")
    code, _, commands = machine.setup()
    assert code == 0
    assert len(installs(commands)) == 2
    assert not [line for line in commands if "venv" in line]
    assert machine.setup() == (0, "", [])


def test_moved_project_is_set_up_again(machine: Machine) -> None:
    """An environment has absolute paths and would run the old code."""
    machine.setup()
    machine.project = machine.project.rename(machine.project.with_name("elsewhere"))
    _, _, commands = machine.setup()
    assert "python3.13 -m venv --clear .venv" in commands


def test_environment_without_its_python_is_rebuilt(machine: Machine) -> None:
    """A system upgrade may remove a Python."""
    machine.setup()
    (machine.project / ".venv" / "bin" / "python").unlink()
    _, _, commands = machine.setup()
    assert "python3.13 -m venv --clear .venv" in commands


def test_newest_working_python_is_used(tmp_path: Path) -> None:
    """A command that exists but fails, such as a shim, is skipped."""
    machine = Machine(tmp_path, pythons=("python3.11", "python3.12"))
    shim = machine.bin / "python3.14"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    _, _, commands = machine.setup()
    assert "python3.12 -m venv --clear .venv" in commands


def test_python_can_be_chosen(tmp_path: Path) -> None:
    """The variable `PYTHON` names it."""
    machine = Machine(tmp_path, pythons=("python3.13", "python3.11"))
    _, _, commands = machine.setup(PYTHON="python3.11")
    assert "python3.11 -m venv --clear .venv" in commands


def test_missing_python_is_reported_with_a_command(tmp_path: Path) -> None:
    """For common systems, and for a Python in another place."""
    code, output, _ = Machine(tmp_path, pythons=()).setup()
    assert code == 1
    assert "Python 3.11 or newer is needed" in output
    assert "apt install python3 python3-venv" in output
    assert "make setup PYTHON=" in output


def test_missing_venv_is_reported_with_a_command(machine: Machine) -> None:
    """Debian has a package for it, which is named."""
    code, output, _ = machine.setup(WITHOUT_VENV="1")
    assert code == 1
    assert "apt install python3.13-venv" in output


def test_missing_git_is_reported_with_a_command(machine: Machine) -> None:
    """Nothing is created."""
    (machine.bin / "git").unlink()
    code, output, commands = machine.setup()
    assert (code, commands) == (1, [])
    assert "apt install git" in output


def test_failed_installation_is_retried(machine: Machine) -> None:
    """The output of pip is shown with a hint, and the next setup runs again."""
    code, output, _ = machine.setup(WITHOUT_NETWORK="1")
    assert code == 1
    assert "could not be installed" in output
    assert "HTTPS_PROXY" in output
    assert installs(machine.setup()[2])


@pytest.mark.parametrize(
    "target", ["setup", "serve", "test", "test-fast", "check", "bench", "soak"]
)
def test_make_lists_every_command(target: str) -> None:
    """Each command has a description."""
    completed = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"  make {target}\t" in completed.stdout
