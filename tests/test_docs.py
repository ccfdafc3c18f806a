"""The documents say what is so: their links lead somewhere, their examples work."""

import re
from pathlib import Path

import pytest

from syndicate.settings import load
from syndicate.telemetry import exposition
from tests.documents import DOCUMENTS, ROOT, blocks, is_command

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def targets(document: Path) -> list[Path]:
    """Return where the links inside the project lead that ``document`` has."""
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", document.read_text())
    return [(document.parent / link).resolve() for link in links]


@every_document
def test_every_link_inside_the_project_leads_somewhere(document: Path) -> None:
    """Relative links are relative to the document, and what they name exists."""
    assert [target for target in targets(document) if not target.exists()] == []


def led_to(path: Path) -> set[Path]:
    """Return where a reader of ``path`` gets: by links, or in a folder to its documents."""
    if path.is_dir():
        return {*path.glob("*.md")}
    return {*targets(path)} if path.suffix == ".md" else set()


def test_every_document_is_found_from_the_readme() -> None:
    """Who follows links from there reads them all."""
    found = {ROOT / "README.md"}
    while new := {target for path in found for target in led_to(path)} - found:
        found |= new
    assert {*DOCUMENTS} - found == set()


def test_the_settings_of_the_readme_are_settings(tmp_path: Path) -> None:
    """Whoever copies them has a service of one source."""
    (example,) = blocks("README.md", "toml")
    (tmp_path / "syndicate.toml").write_text(example)
    settings = load(tmp_path / "syndicate.toml", {})
    assert [source.name for source in settings.sources] == ["news"]


@every_document
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    """A target of make or a command of ours that is told to type is one."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = document.read_text()
    assert set(re.findall(r"(?:`|^)make (\w+)", text, re.MULTILINE)) <= targets
    commands = re.findall(r"(?:`|^)syndicate ([a-z].*?)(?:`|$)", text, re.MULTILINE)
    assert [command for command in commands if not is_command(command.split())] == []


def test_every_metric_that_an_operator_is_told_of_exists() -> None:
    """Whoever copies an alert has one that can go off."""
    page = (ROOT / "docs" / "how-to" / "run-in-production.md").read_text()
    named = set(re.findall(r"\bsyndicate_\w+", page))
    told = set(re.findall(r"^# TYPE (\w+) ", exposition().decode(), re.MULTILINE))
    assert named
    assert named <= told
