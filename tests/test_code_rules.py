"""Rules that no linter checks: size limits, names, docstrings, forbidden text, mirrored tests."""

import ast
import contextlib
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import yaml

pytestmark = [
    pytest.mark.unmeasured,
    pytest.mark.slow,
]  # reads the code of the project, and executes none

ROOT = Path(__file__).parents[1]
SOURCE_ROOT = ROOT / "src" / "syndicate"
TESTS = ROOT / "tests"

MAX_FILE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 40

VAGUE_NAMES: Final = {"utils", "util", "helpers", "common", "manager", "base", "core", "misc"}
"""Names that do not describe what a module contains."""

GENERATED_FILES: Final = re.compile(
    r"\.git|\.venv|var|dist|htmlcov|__pycache__|\.hypothesis|\.coverage.*|\.[a-z_]+_cache"
)
"""Names of files and folders that are not part of the project."""

FORBIDDEN_TEXT: Final = {
    "a registry's host name": r"py[p]i\.org|python[h]osted\.org|npm[j]s\.(org|com)|[d]eb\.debian",
    "a path of one machine": r"(?<![\w.])/([w]ork|[f]arm|[r]oot|home/\w+)/|/[t]mp/\w",
    "unfinished work": r"\b(TO[D]O|FIX[M]E|X{3}|HAC[K])\b|NotImplemented[E]rror",
    "a suppressed warning without a code": r"[p]ragma: no|type: ignor[e]($|[^\[])|noq[a]($|[^:])",
}
"""Patterns that no text of the project may match."""

LOOP_STARTERS: Final = {"anyio.run", "asyncio.run", "asyncio.new_event_loop", "asyncio.Runner"}

FILES_THAT_START_LOOPS: Final = {
    "tests/cli/conftest.py": "commands start a loop of their own, so their tests are synchronous",
    "tests/publisher/publish_once.py": "a program",
    "tests/stored_database.py": "a program",
    "tests/web/app_client.py": "a synchronous client, like Starlette's",
    "tests/web/http/test_response_cache_equality.py": "a state machine is synchronous",
}
"""Test files that start an event loop, with the reason; async tests have the one of anyio."""

FOLDERS_WITHOUT_PACKAGE: Final = {"tests/system", "tests/data"}
"""Folders of tests that mirror no package."""

LATE_IMPORTS: Final = {
    "cli/progress.py": {"_display"},
    "feeds/formats/feedgen_adapter.py": {"_libraries"},
    "render/pages/html_pages.py": {"_templates"},
    "render/pool/process_pool.py": {"_render_single"},
    "render/urls.py": {"_resolve_tags"},
    "service/runtime.py": {"_import_database_services"},
    "storage/database.py": {"upgrade"},
    "telemetry/__init__.py": {"_make_writer"},
}
"""The functions that import; each says why in place. The command line loads modules by name."""

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def text_files() -> Iterator[tuple[Path, str]]:
    """Yield the path and the content of every text file of the project."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not GENERATED_FILES.fullmatch(name))
        for path in (
            Path(folder, name) for name in sorted(files) if not GENERATED_FILES.fullmatch(name)
        ):
            with contextlib.suppress(UnicodeDecodeError):  # an image
                yield path, path.read_text()


@cache
def texts() -> dict[Path, str]:
    """Return the content of every text file of the project."""
    return dict(text_files())


@cache
def trees() -> dict[Path, ast.Module]:
    """Return the syntax tree of every Python file."""
    return {path: ast.parse(text) for path, text in texts().items() if path.suffix == ".py"}


@cache
def documented_nodes() -> tuple[tuple[str, Documented], ...]:
    """Return every module, class and function with its file and line."""
    return tuple(find_documented_nodes())


def find_documented_nodes() -> Iterator[tuple[str, Documented]]:
    """Yield every module, class and function with its file and line."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, Documented):
                line = 1 if isinstance(node, ast.Module) else node.lineno
                yield f"{path.relative_to(ROOT)}:{line}", node


def line_count(path: Path) -> int:
    """Return the number of lines in ``path``."""
    return len(texts()[path].splitlines())


def test_no_file_exceeds_the_line_limit() -> None:
    """A file has at most 400 lines; this is a limit, not a target."""
    assert {
        str(path): line_count(path) for path in trees() if line_count(path) > MAX_FILE_LINES
    } == {}


def test_no_function_exceeds_the_line_limit() -> None:
    """A function has at most 40 lines; this is a limit, not a target."""
    functions = [
        (location, node)
        for location, node in documented_nodes()
        if not isinstance(node, ast.Module)
    ]
    sizes = {
        location: (node.end_lineno or 0) - node.lineno + 1
        for location, node in functions
        if not isinstance(node, ast.ClassDef)
    }
    assert {location: size for location, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}


def test_no_module_has_a_vague_name() -> None:
    """No module or folder has a name that says nothing about its content."""
    assert [str(path) for path in trees() if VAGUE_NAMES & set(path.relative_to(ROOT).parts)] == []
    assert [str(path) for path in trees() if path.stem.removeprefix("test_") in VAGUE_NAMES] == []


def test_every_docstring_begins_with_a_sentence() -> None:
    """The first line of a docstring is a sentence; ruff checks where docstrings are required."""
    violations = {}
    for location, node in documented_nodes():
        first_line = (ast.get_docstring(node) or "").partition("\n")[0]
        if first_line and not re.fullmatch(r"[^a-z\s].*\w+.*[.?!]", first_line):
            violations[location] = first_line
    assert violations == {}


@pytest.mark.parametrize("kind", FORBIDDEN_TEXT)
def test_project_holds_no_forbidden_text(kind: str) -> None:
    """No file names a machine or a registry, holds unfinished work or suppresses all warnings."""
    pattern = re.compile(FORBIDDEN_TEXT[kind], re.MULTILINE)
    matches = [
        f"{path.relative_to(ROOT)}:{number}: {line}"
        for path, text in texts().items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert matches == []


def test_every_package_has_tests() -> None:
    """The tests of package `a` are `tests/test_a….py` or in `tests/a/`."""
    packages = {
        path.relative_to(SOURCE_ROOT).parts[0].removesuffix(".py")
        for path in SOURCE_ROOT.rglob("*.py")
    }
    untested = [
        package
        for package in packages
        if not package.startswith("__")
        and not [*TESTS.glob(f"test_{package}*.py"), *(TESTS / package).rglob("test_*.py")]
    ]
    assert untested == []


def test_every_test_folder_mirrors_a_package() -> None:
    """A folder `tests/a` exists only if there is a package `a`."""
    folders = {path.parent.relative_to(ROOT).as_posix() for path in TESTS.rglob("test_*.py")}
    modules = {
        f"tests/{path.relative_to(SOURCE_ROOT).with_suffix('')}"
        for path in SOURCE_ROOT.rglob("*.py")
    }
    packages = (
        {module.removesuffix("/__init__") for module in modules}
        | FOLDERS_WITHOUT_PACKAGE
        | {"tests"}
    )
    assert {folder for folder in folders if folder not in packages} == set()


def test_public_errors_are_defined_in_errors_module() -> None:
    """Public exceptions are defined in `errors.py`; other modules define only private ones."""
    violations = [
        location
        for location, node in documented_nodes()
        if location.startswith("src/") and isinstance(node, ast.ClassDef)
        if not node.name.startswith("_")
        for parent in node.bases
        if re.search(r"(Error|Exception|UnknownName|Refused|NotReady)$", ast.unparse(parent))
        if not location.startswith("src/syndicate/errors.py")
    ]
    assert violations == []


def test_only_git_runs_commands() -> None:
    """Only the package `git` uses functions of `os` and `asyncio` that run commands."""
    pattern = re.compile(r"create_subprocess_|os\.(system|popen|exec|spawn|fork)")
    other_files = [
        path
        for path in SOURCE_ROOT.rglob("*.py")
        if "git" not in path.relative_to(SOURCE_ROOT).parts[0]
    ]
    assert [str(path) for path in other_files if pattern.search(path.read_text())] == []


def pins(name: str) -> set[str]:
    """Return the pinned versions in requirements/``name``."""
    return set(re.findall(r"^\S+==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


def test_async_tests_start_no_event_loop() -> None:
    """Anyio runs them; the files with another reason are listed, and no others."""
    found = {
        path.relative_to(ROOT).as_posix()
        for path, tree in trees().items()
        if TESTS in path.parents
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in LOOP_STARTERS
    }
    assert found == set(FILES_THAT_START_LOOPS)


def test_tests_use_the_pinned_runtime_versions() -> None:
    """Every pin of `run.txt` is in `test.txt`, with the same version."""
    assert pins("run.txt") - pins("test.txt") == set()


def test_every_dependency_is_pinned() -> None:
    """Every dependency in `pyproject.toml` is pinned in `run.txt`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[\[><=]", line)[0] for line in project["dependencies"]}
    pinned = {line.partition("==")[0].partition("[")[0] for line in pins("run.txt")}
    assert declared - pinned == set()


def test_no_line_ends_with_white_space() -> None:
    """Only test data and the text of the license may have it."""
    unchecked = (TESTS / "data", ROOT / "LICENSE")
    lines = [
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in texts().items()
        if re.search(r"[ \t]$", text, re.MULTILINE)
        for number, line in enumerate(text.splitlines(), start=1)
        if line != line.rstrip() and not any(path.is_relative_to(other) for other in unchecked)
    ]
    assert lines == []


def test_pre_commit_hooks_download_nothing() -> None:
    """Every hook runs a program of `.venv`, or a pattern that pre-commit checks itself."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert all(
        hook["language"] == "pygrep" or hook["entry"].startswith(".venv/bin/") for hook in hooks
    )


def functions_that_import(path: Path) -> set[str]:
    """Return the names of the functions in a file that have import statements."""
    functions = (
        node
        for node in ast.walk(trees()[path])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {
        function.name
        for function in functions
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    }


def test_imports_stand_at_the_top() -> None:
    """A module imports late only where the table allows it, which has no other entries."""
    found = {
        path.relative_to(SOURCE_ROOT).as_posix(): functions
        for path in trees()
        if path.is_relative_to(SOURCE_ROOT) and (functions := functions_that_import(path))
    }
    assert found == LATE_IMPORTS
