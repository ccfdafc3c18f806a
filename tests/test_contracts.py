"""Every import contract of pyproject.toml refuses what it forbids.

The violations are made from the contracts themselves: one appears as soon as its rooms exist.
"""

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "src" / "syndicate"
WITHOUT_A_DOOR: Final = {"msgspec", "typing_extensions"}
"""Third-party packages that every room may use."""

Contract = dict[str, object]
CONTRACTS = cast(
    "list[Contract]",
    tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Imports that, added to ``module``, must break ``contract``; with none, a stray module."""

    contract: str
    module: str
    imports: tuple[str, ...]


def file_of(module: str, src: Path = ROOT / "src") -> Path:
    """Return the file of ``module`` below ``src``; it need not exist."""
    path = src.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def texts(contract: Contract, key: str) -> list[str]:
    """Return the list of texts that ``contract`` has under ``key``."""
    return cast("list[str]", contract.get(key, []))


def violations(contract: Contract) -> Iterator[Violation]:
    """Yield what must break ``contract``, as far as the rooms it speaks of exist."""
    name = str(contract["name"])
    for module, imported in {
        "layers": upwards,
        "independence": sideways,
        "acyclic_siblings": in_a_circle,
        "forbidden": outside_the_door,
    }[str(contract["type"])](contract):
        yield Violation(contract=name, module=module, imports=tuple(imported))


def upwards(contract: Contract) -> Iterator[tuple[str, list[str]]]:
    """Yield an import from each layer to the one above it, and one within each layer."""
    above: list[str] = []
    for layer in texts(contract, "layers"):
        rooms = [f"syndicate.{room.strip(' ()')}" for room in layer.replace(":", "|").split("|")]
        rooms = [room for room in rooms if file_of(room).exists()]
        for room in rooms[:1]:
            yield from ((room, [upper]) for upper in above)
        if "|" in layer and len(rooms) > 1:
            yield rooms[0], [rooms[1]]
        above = rooms or above
    if contract.get("exhaustive"):
        yield "syndicate.stray", []


def sideways(contract: Contract) -> Iterator[tuple[str, list[str]]]:
    """Yield an import between two modules of a folder that are not shared by the folder."""
    shared = {line.rpartition(" ")[2] for line in texts(contract, "ignore_imports")}
    for folder in (pattern.removesuffix(".*") for pattern in texts(contract, "modules")):
        files = sorted(file_of(folder).parent.glob("*.py")) if file_of(folder).exists() else []
        modules = [f"{folder}.{file.stem}" for file in files if file.stem != "__init__"]
        own = [module for module in modules if module not in shared]
        if file_of(folder).name == "__init__.py" and len(own) > 1:
            yield own[0], [own[1]]


def in_a_circle(contract: Contract) -> Iterator[tuple[str, list[str]]]:
    """Yield an import of a module by one that it imports."""
    yield from (
        (f"{name}.model.post", [f"{name}.model.edition"]) for name in texts(contract, "ancestors")
    )


def outside_the_door(contract: Contract) -> Iterator[tuple[str, list[str]]]:
    """Yield the imports of everything forbidden by a module that is nobody's door."""
    for source in texts(contract, "source_modules"):
        module = "syndicate.errors" if source == "syndicate" else source
        yield module, texts(contract, "forbidden_modules")


VIOLATIONS = [violation for contract in CONTRACTS for violation in violations(contract)]
TYPES: Final = {str(contract["name"]): str(contract["type"]) for contract in CONTRACTS}


def group(violation: Violation) -> str:
    """Return with which others ``violation`` is put into one copy of the source.

    Imports of packages do not affect each other. An import of our own modules makes more reachable
    than it names, so the violations of each of those contracts are alone in a copy.
    """
    is_package = all(not name.startswith("syndicate") for name in violation.imports)
    is_alone = TYPES[violation.contract] != "forbidden" or not is_package
    return violation.contract if is_alone else f"forbidden packages in {violation.module}"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Violation], tuple[int, str]]:
    """Return a function that gives exit code and report of the linter about a violation."""
    made: dict[str, tuple[int, str]] = {}

    def report(violation: Violation) -> tuple[int, str]:
        name = group(violation)
        if name not in made:
            members = [other for other in VIOLATIONS if group(other) == name]
            made[name] = lint(members, tmp_path_factory.mktemp("source"))
        return made[name]

    return report


def lint(added: list[Violation], folder: Path) -> tuple[int, str]:
    """Return exit code and report of the linter about a copy of the source with violations."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for violation in added:
        with file_of(violation.module, folder / "src").open("a") as file:
            file.writelines(f"\nimport {name}\n" for name in violation.imports)
    command = Path(sys.executable).with_name("lint-imports")
    completed = subprocess.run(
        [command, "--no-cache", "--no-logo", "--config", ROOT / "pyproject.toml"],
        cwd=folder,
        env={"PYTHONPATH": "src", "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
    )
    return completed.returncode, completed.stdout


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda v: f"{v.contract}: {v.module}")
def test_a_contract_refuses_what_it_forbids(
    violation: Violation, reports: Callable[[Violation], tuple[int, str]]
) -> None:
    """A deliberate violation in a copy of the source is refused, and every import is named."""
    code, report = reports(violation)

    assert code == 1, report
    assert f"{violation.contract} BROKEN" in report
    complaints = report.partition(f"\n{violation.contract}\n---")[2].partition("\n---")[0]
    assert all(name.rpartition(".")[2] in complaints for name in violation.imports)


def test_the_unchanged_source_breaks_no_contract(tmp_path: Path) -> None:
    """What the linter reports about a violation is not there without it."""
    code, report = lint([], tmp_path)
    assert code == 0, report


def test_every_package_from_elsewhere_has_a_door() -> None:
    """No room imports a third-party package that no contract speaks of."""
    guarded = {name for contract in CONTRACTS for name in texts(contract, "forbidden_modules")}
    allowed = {*sys.stdlib_module_names, *guarded, *WITHOUT_A_DOOR, "syndicate"}
    strays = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in HOUSE.rglob("*.py")
        for name in imports(ast.parse(file.read_text()))
        if name not in allowed
    }
    assert not strays


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the top-level packages that ``tree`` imports anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]
