"""Every import contract of pyproject.toml refuses what it forbids.

The violations are made from the contracts themselves: one appears as soon as its rooms exist.
"""

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
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


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda v: f"{v.contract}: {v.module}")
def test_a_contract_refuses_what_it_forbids(violation: Violation, tmp_path: Path) -> None:
    """A deliberate violation in a copy of the house is refused, and every import is named."""
    shutil.copytree(ROOT / "src", tmp_path / "src")
    with file_of(violation.module, tmp_path / "src").open("a") as file:
        file.writelines(f"\nimport {name}\n" for name in violation.imports)
    command = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run(
        [command, "--no-cache", "--no-logo", "--config", ROOT / "pyproject.toml"],
        cwd=tmp_path,
        env={"PYTHONPATH": "src", "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1, answer.stderr
    assert f"{violation.contract} BROKEN" in answer.stdout
    complaints = answer.stdout.partition(f"\n{violation.contract}\n---")[2]
    assert all(name.rpartition(".")[2] in complaints for name in violation.imports)


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
