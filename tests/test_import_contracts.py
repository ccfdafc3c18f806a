"""Every import contract in `pyproject.toml` rejects the imports that it forbids.

The violations are derived from the contracts: one is tested as soon as its packages exist.
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

pytestmark = [
    pytest.mark.unmeasured,
    pytest.mark.slow,
]  # reads the code of the project, and executes none

ROOT = Path(__file__).parents[1]
SOURCE_ROOT = ROOT / "src" / "syndicate"
UNRESTRICTED_PACKAGES: Final = {"cachetools", "msgspec", "typing_extensions"}
"""Third-party packages that every package may import."""

Contract = dict[str, object]
CONTRACTS = cast(
    "list[Contract]",
    tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Imports that break a contract when added to ``module``; with none, an unlisted module."""

    contract_name: str
    module: str
    imports: tuple[str, ...]


def file_of(module: str, src: Path = ROOT / "src") -> Path:
    """Return the file of ``module`` below ``src``; it need not exist."""
    path = src.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def texts(contract: Contract, key: str) -> list[str]:
    """Return the list of strings that ``contract`` has under ``key``."""
    return cast("list[str]", contract.get(key, []))


def violations(contract: Contract) -> Iterator[Violation]:
    """Yield imports that must break ``contract``, as far as the packages it names exist."""
    name = str(contract["name"])
    for module, imported in {
        "layers": upward_imports,
        "independence": sibling_imports,
        "acyclic_siblings": circular_imports,
        "forbidden": forbidden_imports,
    }[str(contract["type"])](contract):
        yield Violation(contract_name=name, module=module, imports=tuple(imported))


def upward_imports(contract: Contract) -> Iterator[tuple[str, list[str]]]:
    """Yield an import from each layer to the one above it, and one within each layer."""
    layers_above: list[str] = []
    for layer in texts(contract, "layers"):
        modules = [
            f"syndicate.{module.strip(' ()')}" for module in layer.replace(":", "|").split("|")
        ]
        modules = [module for module in modules if file_of(module).exists()]
        for module in modules[:1]:
            yield from ((module, [layer_above]) for layer_above in layers_above)
        if "|" in layer and len(modules) > 1:
            yield modules[0], [modules[1]]
        layers_above = modules or layers_above
    if contract.get("exhaustive"):
        yield "syndicate.stray", []


def sibling_imports(contract: Contract) -> Iterator[tuple[str, list[str]]]:
    """Yield an import between two modules of a folder that are not shared by the folder."""
    shared = {line.rpartition(" ")[2] for line in texts(contract, "ignore_imports")}
    for folder in (pattern.removesuffix(".*") for pattern in texts(contract, "modules")):
        files = sorted(file_of(folder).parent.glob("*.py")) if file_of(folder).exists() else []
        modules = [f"{folder}.{file.stem}" for file in files if file.stem != "__init__"]
        independent_modules = [module for module in modules if module not in shared]
        if file_of(folder).name == "__init__.py" and len(independent_modules) > 1:
            yield independent_modules[0], [independent_modules[1]]


def circular_imports(contract: Contract) -> Iterator[tuple[str, list[str]]]:
    """Yield an import of a module by one that it imports."""
    yield from (
        (f"{name}.model.post", [f"{name}.model.edition"]) for name in texts(contract, "ancestors")
    )


def forbidden_imports(contract: Contract) -> Iterator[tuple[str, list[str]]]:
    """Yield all imports that a contract forbids, by a module that may have none of them."""
    for source in texts(contract, "source_modules"):
        module = "syndicate.errors" if source == "syndicate" else source
        yield module, texts(contract, "forbidden_modules")


VIOLATIONS = [violation for contract in CONTRACTS for violation in violations(contract)]
TYPES: Final = {str(contract["name"]): str(contract["type"]) for contract in CONTRACTS}


def group(violation: Violation) -> str:
    """Return the name of the group of violations that are tested in one copy of the source.

    Imports of packages do not affect each other. An import of our own modules makes more reachable
    than it names, so the violations of each of those contracts have a copy of their own.
    """
    is_package = all(not name.startswith("syndicate") for name in violation.imports)
    is_alone = TYPES[violation.contract_name] != "forbidden" or not is_package
    return violation.contract_name if is_alone else f"forbidden packages in {violation.module}"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Violation], tuple[int, str]]:
    """Return a function that returns exit code and report of the linter for a violation."""
    reports_by_group: dict[str, tuple[int, str]] = {}

    def report(violation: Violation) -> tuple[int, str]:
        name = group(violation)
        if name not in reports_by_group:
            members = [member for member in VIOLATIONS if group(member) == name]
            reports_by_group[name] = lint(members, tmp_path_factory.mktemp("source"))
        return reports_by_group[name]

    return report


def lint(violations_to_add: list[Violation], folder: Path) -> tuple[int, str]:
    """Return exit code and report of the linter for a copy of the source with violations."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for violation in violations_to_add:
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


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda v: f"{v.contract_name}: {v.module}")
def test_contract_rejects_forbidden_imports(
    violation: Violation, reports: Callable[[Violation], tuple[int, str]]
) -> None:
    """A violation in a copy of the source is reported, with every import by name."""
    code, report = reports(violation)

    assert code == 1, report
    assert f"{violation.contract_name} BROKEN" in report
    contract_report = report.partition(f"\n{violation.contract_name}\n---")[2].partition("\n---")[0]
    assert all(name.rpartition(".")[2] in contract_report for name in violation.imports)


def test_unchanged_source_breaks_no_contract(tmp_path: Path) -> None:
    """The linter reports nothing for the unchanged source."""
    code, report = lint([], tmp_path)
    assert code == 0, report


def test_every_third_party_package_is_covered_by_a_contract() -> None:
    """No module imports a third-party package that no contract names."""
    guarded = {name for contract in CONTRACTS for name in texts(contract, "forbidden_modules")}
    allowed_packages = {*sys.stdlib_module_names, *guarded, *UNRESTRICTED_PACKAGES, "syndicate"}
    unrestricted_imports = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in SOURCE_ROOT.rglob("*.py")
        for name in imports(ast.parse(file.read_text()))
        if name not in allowed_packages
    }
    assert not unrestricted_imports


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the top-level packages that ``tree`` imports anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]
