"""`make setup` on machines that have everything, and on machines that lack something."""

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
"""Stands for a Python on the machine, because no test may install packages: it notes what it is
asked, and does as much as an answer needs."""


class Machine:
    """A machine with the tools that setup.sh uses, and a copy of the project in a folder."""

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
        for part in ("deploy", "requirements"):
            shutil.copytree(ROOT / part, self.project / part)
        shutil.copy(ROOT / "pyproject.toml", self.project)

    def setup(self, wanted: str = "run", **environment: str) -> tuple[int, str, list[str]]:
        """Run setup.sh; return its exit code, what it said, and what Python was asked."""
        self.log.write_text("")
        answer = subprocess.run(
            [self.bin / "sh", self.project / "deploy" / "local" / "setup.sh", wanted],
            env={"PATH": str(self.bin), "LOG": str(self.log), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return answer.returncode, answer.stdout, self.log.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine that has everything."""
    return Machine(tmp_path)


def installs(asked: list[str]) -> list[str]:
    """Return what pip was asked to install."""
    return [line.partition(" install ")[2] for line in asked if " install " in line]


PINS = "-qq --no-deps --require-hashes -r requirements/run.txt"
PROJECT = "-qq --no-deps --no-build-isolation -e ."


def test_a_first_setup_installs_the_pins_and_the_project(machine: Machine) -> None:
    """Everything is checked against its hash, and the project brings nothing of its own."""
    code, said, asked = machine.setup()
    assert code == 0, said
    assert "Python 3.13.1" in said
    assert installs(asked) == [PINS, PROJECT]
    assert asked[-1].endswith(" check")


def test_a_second_setup_does_nothing(machine: Machine) -> None:
    """It is silent and asks Python nothing, so that serving starts at once."""
    machine.setup()
    assert machine.setup() == (0, "", [])


def test_what_tests_need_holds_what_serving_needs(machine: Machine) -> None:
    """Serving after testing installs nothing; testing after serving installs the rest."""
    machine.setup()
    assert installs(machine.setup("test")[2])[0].endswith("requirements/test.txt")
    assert machine.setup("test") == machine.setup("run") == (0, "", [])


def test_new_pins_are_installed_into_the_same_environment(machine: Machine) -> None:
    """A changed requirement is noticed by its content."""
    machine.setup()
    with (machine.project / "requirements" / "run.txt").open("a") as file:
        file.write("# another pin\n")
    code, _, asked = machine.setup()
    assert code == 0
    assert len(installs(asked)) == 2
    assert not [line for line in asked if "venv" in line]
    assert machine.setup() == (0, "", [])


def test_a_moved_project_is_set_up_anew(machine: Machine) -> None:
    """An environment knows its own path and would run the code of the old one."""
    machine.setup()
    machine.project = machine.project.rename(machine.project.with_name("elsewhere"))
    _, _, asked = machine.setup()
    assert "python3.13 -m venv --clear .venv" in asked


def test_an_environment_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    """An upgrade of the system may take it away."""
    machine.setup()
    (machine.project / ".venv" / "bin" / "python").unlink()
    _, _, asked = machine.setup()
    assert "python3.13 -m venv --clear .venv" in asked


def test_the_newest_python_that_runs_is_taken(tmp_path: Path) -> None:
    """A command that is there but fails, as a shim does, is passed over."""
    machine = Machine(tmp_path, pythons=("python3.11", "python3.12"))
    shim = machine.bin / "python3.14"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    _, _, asked = machine.setup()
    assert "python3.12 -m venv --clear .venv" in asked


def test_a_python_of_ones_choice_is_taken(tmp_path: Path) -> None:
    """Whatever else there is."""
    machine = Machine(tmp_path, pythons=("python3.13", "python3.11"))
    _, _, asked = machine.setup(PYTHON="python3.11")
    assert "python3.11 -m venv --clear .venv" in asked


def test_without_python_it_says_what_to_type(tmp_path: Path) -> None:
    """For the common systems, and for a Python in an uncommon place."""
    code, said, _ = Machine(tmp_path, pythons=()).setup()
    assert code == 1
    assert "Python 3.11 or newer is needed" in said
    assert "apt install python3 python3-venv" in said
    assert "make setup PYTHON=" in said


def test_without_venv_it_says_what_to_type(machine: Machine) -> None:
    """Debian keeps that part in a package of its own, which is named."""
    code, said, _ = machine.setup(WITHOUT_VENV="1")
    assert code == 1
    assert "apt install python3.13-venv" in said


def test_without_git_it_says_what_to_type(machine: Machine) -> None:
    """Before anything is made."""
    (machine.bin / "git").unlink()
    code, said, asked = machine.setup()
    assert (code, asked) == (1, [])
    assert "apt install git" in said


def test_an_installation_that_fails_is_tried_again_the_next_time(machine: Machine) -> None:
    """What pip says is shown, with a hint, and nothing is taken for done."""
    code, said, _ = machine.setup(WITHOUT_NETWORK="1")
    assert code == 1
    assert "could not be installed" in said
    assert "HTTPS_PROXY" in said
    assert installs(machine.setup()[2])


@pytest.mark.parametrize(
    "target", ["setup", "serve", "test", "test-fast", "check", "bench", "soak"]
)
def test_make_alone_lists_every_command(target: str) -> None:
    """Each with what it does."""
    answer = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"  make {target}\t" in answer.stdout
