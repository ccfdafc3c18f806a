"""The documents say what is so: their links lead somewhere, their examples work."""

import re
from pathlib import Path

import pytest

from syndicate.settings import load
from tests.documents import DOCUMENTS, ROOT, blocks


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(document: Path) -> None:
    """Relative links are relative to the document, and what they name exists."""
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_the_settings_of_the_readme_are_settings(tmp_path: Path) -> None:
    """Whoever copies them has a service of one source."""
    (example,) = blocks("README.md", "toml")
    (tmp_path / "syndicate.toml").write_text(example)
    settings = load(tmp_path / "syndicate.toml", {})
    assert [source.name for source in settings.sources] == ["news"]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_command_that_a_document_names_exists(document: str) -> None:
    """A target of make that is told to type is one."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (\w+)", (ROOT / document).read_text())) <= targets
