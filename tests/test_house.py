"""The rules of the house that no linter knows: sizes, names, docstrings, words, mirrored tests."""

import ast
import contextlib
import os
import re
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "src" / "syndicate"
TESTS = ROOT / "tests"

LONGEST_FILE: Final = 400
LONGEST_FUNCTION: Final = 40
LONGEST_MEDIAN: Final = 150

SHAPELESS: Final = {"utils", "util", "helpers", "common", "manager", "base", "core", "misc"}
"""Names that say nothing about what is inside."""

GENERATED: Final = re.compile(
    r"\.git|\.venv|var|dist|htmlcov|__pycache__|\.hypothesis|\.coverage.*|\.[a-z_]+_cache"
)
"""Names of files and folders that are not part of the project."""

UNFIT: Final = {
    "a registry's host name": r"py[p]i\.org|python[h]osted\.org|npm[j]s\.(org|com)|[d]eb\.debian",
    "a path of one machine": r"(?<![\w.])/([w]ork|[f]arm|[r]oot|home/\w+)/|/[t]mp/\w",
    "unfinished work": r"\b(TO[D]O|FIX[M]E|X{3}|HAC[K])\b|NotImplemented[E]rror",
    "a finding waved through": r"[p]ragma: no|type: ignor[e]($|[^\[])|noq[a]($|[^:])",
}
"""What must not stand in any text of the project."""

EVERYWHERE: Final = {"tests/system", "tests/data"}
"""Folders of tests that belong to no single room."""

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def texts() -> Iterator[tuple[Path, str]]:
    """Yield every text of the project, checked out or unpacked, with its file."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not GENERATED.fullmatch(name))
        for path in (Path(folder, name) for name in sorted(files) if not GENERATED.fullmatch(name)):
            with contextlib.suppress(UnicodeDecodeError):  # a picture
                yield path, path.read_text()


TEXTS = dict(texts())
PYTHON = [path for path in TEXTS if path.suffix == ".py"]
TREES = {path: ast.parse(TEXTS[path]) for path in PYTHON}


def nodes() -> Iterator[tuple[str, Documented]]:
    """Yield every module, class and function, with where it stands."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, Documented):
                line = 1 if isinstance(node, ast.Module) else node.lineno
                yield f"{path.relative_to(ROOT)}:{line}", node


def lines(path: Path) -> int:
    """Return how many lines ``path`` has."""
    return len(TEXTS[path].splitlines())


def test_no_file_is_too_long() -> None:
    """A file over 400 lines holds a noun that wants a room of its own."""
    assert {str(path): lines(path) for path in PYTHON if lines(path) > LONGEST_FILE} == {}


def test_half_of_the_files_are_short() -> None:
    """The median file of the house has at most 150 lines."""
    assert statistics.median(lines(path) for path in HOUSE.rglob("*.py")) <= LONGEST_MEDIAN


def test_no_function_is_too_long() -> None:
    """A function over 40 lines does more than one thing."""
    functions = [(where, node) for where, node in nodes() if not isinstance(node, ast.Module)]
    sizes = {
        where: (node.end_lineno or 0) - node.lineno + 1
        for where, node in functions
        if not isinstance(node, ast.ClassDef)
    }
    assert {where: size for where, size in sizes.items() if size > LONGEST_FUNCTION} == {}


def test_every_name_says_what_is_inside() -> None:
    """No module or folder has a name that fits everything."""
    assert [str(path) for path in PYTHON if SHAPELESS & set(path.relative_to(ROOT).parts)] == []
    assert [str(path) for path in PYTHON if path.stem.removeprefix("test_") in SHAPELESS] == []


def test_every_docstring_begins_with_a_sentence() -> None:
    """Where there is a docstring (ruff says where one must be), its first line is a sentence."""
    wrong = {}
    for where, node in nodes():
        said = (ast.get_docstring(node) or "").partition("\n")[0]
        if said and not re.fullmatch(r"[^a-z\s].*\w+.*[.?!]", said):
            wrong[where] = said
    assert wrong == {}


@pytest.mark.parametrize("what", UNFIT)
def test_nothing_unfit_stands_in_the_project(what: str) -> None:
    """The project speaks of itself alone, and nothing is left half done or waved through."""
    pattern = re.compile(UNFIT[what], re.MULTILINE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line}"
        for path, text in TEXTS.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_room_has_its_tests() -> None:
    """Those of the room a are tests/test_a….py or stand in tests/a; the coverage does the rest."""
    rooms = {path.relative_to(HOUSE).parts[0].removesuffix(".py") for path in HOUSE.rglob("*.py")}
    untested = [
        room
        for room in rooms
        if not room.startswith("__")
        and not [*TESTS.glob(f"test_{room}*.py"), *(TESTS / room).rglob("test_*.py")]
    ]
    assert untested == []


def test_every_folder_of_tests_has_its_room() -> None:
    """A folder tests/a exists because there is a room a."""
    folders = {path.parent.relative_to(ROOT).as_posix() for path in TESTS.rglob("test_*.py")}
    rooms = {f"tests/{path.relative_to(HOUSE).with_suffix('')}" for path in HOUSE.rglob("*.py")}
    packages = {room.removesuffix("/__init__") for room in rooms} | EVERYWHERE | {"tests"}
    assert {folder for folder in folders if folder not in packages} == set()


def test_every_error_stands_in_the_one_tree() -> None:
    """Exceptions are defined in errors.py; elsewhere only those that never leave their room."""
    strays = [
        where
        for where, node in nodes()
        if where.startswith("src/") and isinstance(node, ast.ClassDef)
        if not node.name.startswith("_")
        for parent in node.bases
        if re.search(r"(Error|Exception|UnknownName|Refused|NotReady)$", ast.unparse(parent))
        if not where.startswith("src/syndicate/errors.py")
    ]
    assert strays == []


def test_commands_are_run_by_git_alone() -> None:
    """The ways to run a command that no import betrays are closed as well."""
    ways = re.compile(r"create_subprocess_|os\.(system|popen|exec|spawn|fork)")
    rooms = [path for path in HOUSE.rglob("*.py") if "git" not in path.relative_to(HOUSE).parts[0]]
    assert [str(path) for path in rooms if ways.search(path.read_text())] == []


def pins(name: str) -> set[str]:
    """Return the pinned versions in requirements/``name``."""
    return set(re.findall(r"^\S+==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


def test_the_service_is_tested_with_the_packages_it_runs_with() -> None:
    """Every pin of run.txt stands in test.txt, with the same version."""
    assert pins("run.txt") - pins("test.txt") == set()


def test_every_dependency_is_pinned() -> None:
    """What the project declares and what is pinned for it is the same list."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[\[><=]", line)[0] for line in project["dependencies"]}
    pinned = {line.partition("==")[0].partition("[")[0] for line in pins("run.txt")}
    assert declared - pinned == set()
