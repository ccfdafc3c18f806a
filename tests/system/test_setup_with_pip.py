"""`setup.sh` with a real pip, with packages and a project made for the test.

The package index is a folder of wheels, so that a release newer than a pin can be published.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 110
"""Time for creating a virtual environment on a busy machine."""

BACKEND = """
import zipfile

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "project-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        for file, lines in (
            ("METADATA", ["Metadata-Version: 2.1", "Name: project", "Version: 1"]),
            ("WHEEL", ["Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"]),
            ("RECORD", []),
        ):
            wheel.writestr(f"project-1.dist-info/{file}", "\\n".join([*lines, ""]))
    return name
"""
"""A build backend without dependencies, in place of hatchling."""

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


class Project:
    """A project with `setup.sh`, its pins, and the folder of wheels they are installed from."""

    def __init__(self, folder: Path, environment: Path) -> None:
        self.folder = folder / "project"
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        self.script = self.folder / "deploy" / "local" / "setup.sh"
        self.script.parent.mkdir(parents=True)
        shutil.copy(ROOT / "deploy" / "local" / "setup.sh", self.script)
        (self.folder / "requirements").mkdir()
        (self.folder / "pyproject.toml").write_text(PYPROJECT)
        (self.folder / "backend.py").write_text(BACKEND)
        shutil.copytree(environment, self.folder / ".venv", symlinks=True)
        (self.folder / ".venv" / "made-in").write_text(f"{self.folder}\n")

    def publish(self, name: str, version: str, *metadata: str) -> str:
        """Publish a release with additional ``metadata`` and return the line that pins it."""
        file = self.wheels / f"{name}-{version}-py3-none-any.whl"
        about = f"{name}-{version}.dist-info"
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
        with zipfile.ZipFile(file, "w") as wheel:
            wheel.writestr(f"{name}.py", "")
            wheel.writestr(f"{about}/METADATA", "\n".join(lines) + "\n")
            wheel.writestr(
                f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{about}/RECORD", "")
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"

    def pin(self, kind: str, *pins: str) -> None:
        """Write the pins of ``kind`` (run or test)."""
        (self.folder / "requirements" / f"{kind}.txt").write_text("\n".join(pins) + "\n")

    def setup(self, kind: str) -> tuple[int, str]:
        """Run `setup.sh` and return its exit code and output."""
        environ = {name: text for name, text in os.environ.items() if not name.startswith("PIP_")}
        completed = subprocess.run(
            ["sh", self.script, kind],
            env={
                **environ,
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(self.wheels),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        return completed.returncode, completed.stdout

    def pip(self, *arguments: str) -> str:
        """Run the pip of the environment and return its output."""
        python = self.folder / ".venv" / "bin" / "python"
        command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
        return subprocess.check_output(command, text=True)

    def installed(self) -> set[str]:
        """Return the installed packages as NAME==VERSION."""
        return set(self.pip("list", "--format=freeze").split())

    @property
    def pip_version(self) -> tuple[int, ...]:
        """The version of pip as numbers."""
        return tuple(int(number) for number in self.pip("--version").split()[1].split("."))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment with the bundled pip, made once."""
    folder = tmp_path_factory.mktemp("environment") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=TIMEOUT_SECONDS)
    return folder


@pytest.fixture
def project(tmp_path: Path, environment: Path) -> Project:
    """Return a project without pins, with an environment without packages."""
    return Project(tmp_path, environment)


def pins_with_extra(project: Project) -> list[str]:
    """Publish a package that requires another one with an extra, and return all three pins."""
    return [
        project.publish(
            "measure", "1.0", "Provides-Extra: toml", 'Requires-Dist: toml; extra == "toml"'
        ),
        project.publish("plugin", "1.0", "Requires-Dist: measure[toml]>=1"),
        project.publish("toml", "1.0"),
    ]


@pytest.mark.parametrize("kind", ["run", "test"])
def test_later_release_of_a_package_with_an_extra_changes_nothing(
    project: Project, kind: str
) -> None:
    """Pins can be installed after a newer version was published."""
    project.pin("run")
    project.pin(kind, *pins_with_extra(project))
    project.publish("measure", "2.0", "Provides-Extra: toml")
    project.publish("toml", "2.0")

    code, output = project.setup(kind)

    assert code == 0, output
    assert {"measure==1.0", "plugin==1.0", "toml==1.0"} <= project.installed()


def test_resolving_dependencies_refuses_the_same_pins(project: Project) -> None:
    """Without `--no-deps`, this pip requires a hash of the new release."""
    project.pin("run", *pins_with_extra(project))
    project.publish("measure", "2.0", "Provides-Extra: toml")
    text = project.script.read_text()
    assert "--no-deps" in text
    project.script.write_text(text.replace("--no-deps", ""))

    code, output = project.setup("run")

    if project.pip_version < (24,):  # later versions of pip use the pin instead
        assert code == 1
        assert "measure[toml]>=1" in output
        assert "could not be installed" in output


def test_pins_that_lack_a_dependency_are_reported_as_such(project: Project) -> None:
    """The message names the package, and not the network."""
    project.pin("run", project.publish("plugin", "1.0", "Requires-Dist: measure"))

    code, output = project.setup("run")

    assert code == 1
    assert "plugin 1.0 requires measure, which is not installed" in output
    assert "requirements/run.txt do not fit together" in output
    assert "HTTPS_PROXY" not in output


def test_pins_that_contradict_each_other_are_reported_as_such(project: Project) -> None:
    """A package requires another version than the pinned one."""
    pins = [project.publish("plugin", "1.0", "Requires-Dist: measure>=2")]
    project.pin("run", *pins, project.publish("measure", "1.0"))

    code, output = project.setup("run")

    assert code == 1
    assert "plugin 1.0 has requirement measure>=2, but you have measure 1.0" in output
    assert "requirements/run.txt do not fit together" in output


def test_package_with_another_hash_is_not_installed(project: Project) -> None:
    """A file whose hash differs from the pin is rejected."""
    pin = project.publish("measure", "1.0")
    project.publish("measure", "1.0", "Summary: another file")
    project.pin("run", pin)

    code, output = project.setup("run")

    assert code == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in output
    assert "could not be installed" in output
