"""The documents say what is so: their links lead somewhere, their examples work."""

import re
from pathlib import Path

import pytest

from syndicate.settings import load
from syndicate.telemetry import exposition
from tests.project_documents import DOCUMENTS, ROOT, code_blocks, is_command

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def targets(document: Path) -> list[Path]:
    """Return where the links inside the project lead that ``document`` has."""
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", document.read_text())
    return [(document.parent / link).resolve() for link in links]


@every_document
def test_every_relative_link_resolves(document: Path) -> None:
    """Relative links are relative to the document, and what they name exists."""
    assert [target for target in targets(document) if not target.exists()] == []


def linked_from(path: Path) -> set[Path]:
    """Return where a reader of ``path`` gets: by links, or in a folder to its documents."""
    if path.is_dir():
        return {*path.glob("*.md")}
    return {*targets(path)} if path.suffix == ".md" else set()


def test_every_document_is_linked_from_the_readme() -> None:
    """Who follows links from there reads them all."""
    reached = {ROOT / "README.md"}
    while new := {target for path in reached for target in linked_from(path)} - reached:
        reached |= new
    assert {*DOCUMENTS} - reached == set()


def test_readme_settings_are_valid(tmp_path: Path) -> None:
    """Whoever copies them has a service of one source."""
    (example,) = code_blocks("README.md", "toml")
    (tmp_path / "syndicate.toml").write_text(example)
    settings = load(tmp_path / "syndicate.toml", {})
    assert [source.name for source in settings.sources] == ["news"]


@every_document
def test_every_documented_command_exists(document: Path) -> None:
    """A target of make or a command of ours that is told to type is one."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = document.read_text()
    assert set(re.findall(r"(?:`|^)make (\w+)", text, re.MULTILINE)) <= targets
    commands = re.findall(r"(?:`|^)syndicate ([a-z].*?)(?:`|$)", text, re.MULTILINE)
    assert [command for command in commands if not is_command(command.split())] == []


def test_every_documented_metric_exists() -> None:
    """Whoever copies an alert has one that can go off."""
    page = (ROOT / "docs" / "how-to" / "run-in-production.md").read_text()
    documented = set(re.findall(r"\bsyndicate_\w+", page))
    exported = set(re.findall(r"^# TYPE (\w+) ", exposition().decode(), re.MULTILINE))
    assert documented
    assert documented <= exported
