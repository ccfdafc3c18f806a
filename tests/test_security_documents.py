"""The papers for reviewers name tests, files and settings that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.project_documents import ROOT

CONTROLS = ROOT / "docs" / "security" / "controls.md"


def rows() -> list[str]:
    """Return the rows of the tables of controls, without their heads."""
    lines = [line for line in CONTROLS.read_text().splitlines() if line.startswith("| ")]
    return [line for line in lines if not line.startswith(("| --- ", "| control ", "| chapter "))]


@cache
def functions_in(file: Path) -> frozenset[str]:
    """Return the names of the test functions in a file."""
    tree = ast.parse(file.read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_every_control_names_tests_that_exist(row: str) -> None:
    """At least one, by its id."""
    ids = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
    assert ids
    assert [
        f"{file}::{name}"
        for file, name in ids
        if not (ROOT / file).exists() or name not in functions_in(ROOT / file)
    ] == []


def test_the_families_and_chapters_that_matter_have_rows() -> None:
    """Those of NIST SP 800-53 that a program can fulfill, and every chapter of ASVS."""
    text = "\n".join(row.split("|")[1] for row in rows())
    families = set(re.findall(r"\b([A-Z]{2})-\d", text))
    assert families == {"AC", "AU", "CM", "CP", "IA", "RA", "SC", "SI", "SR"}
    assert [int(number) for number in re.findall(r"\bV(\d+) ", text)] == [*range(1, 15)]


def test_no_weak_digest_protects_anything() -> None:
    """SHA-1 only names objects of git; MD5 and BLAKE2, which stop in FIPS mode, occur nowhere."""
    source = ROOT / "src" / "syndicate"
    found = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if re.search(r"hashlib\.sha1|import .*\bsha1\b|blake2|md5", path.read_text())
    }
    assert found == {"git/batch_process.py"}
