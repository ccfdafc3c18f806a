"""Documents are correct: links resolve, named files and commands exist, examples work."""

import json
import re
from pathlib import Path

import pytest

from syndicate.model.event import WebhookEvent, webhook_body
from syndicate.model.ledger import PostEvent
from syndicate.model.subscription import SubscriptionId
from syndicate.settings import load
from syndicate.telemetry import exposition
from tests import samples
from tests.project_documents import DOCUMENTS, ROOT, code_blocks, is_command

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def targets(document: Path) -> list[Path]:
    """Return the targets of the relative links in ``document``."""
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", document.read_text())
    return [(document.parent / link).resolve() for link in links]


@every_document
def test_every_relative_link_resolves(document: Path) -> None:
    """The target of each relative link exists."""
    assert [target for target in targets(document) if not target.exists()] == []


def linked_from(path: Path) -> set[Path]:
    """Return the targets of the links in a document, or the documents in a folder."""
    if path.is_dir():
        return {*path.glob("*.md")}
    return {*targets(path)} if path.suffix == ".md" else set()


def test_every_document_is_linked_from_the_readme() -> None:
    """A reader who follows links from the README finds every document."""
    reached = {ROOT / "README.md"}
    while new := {target for path in reached for target in linked_from(path)} - reached:
        reached |= new
    assert {*DOCUMENTS} - reached == set()


@every_document
def test_every_named_source_file_exists(document: Path) -> None:
    """A Python file in backticks is a file of the project, or of `src/syndicate`."""
    names = re.findall(r"`([\w./-]+/[\w-]+\.py)`", document.read_text())
    folders = (ROOT, ROOT / "src" / "syndicate")
    missing = [name for name in names if not any((folder / name).exists() for folder in folders)]
    assert missing == []


def test_every_decision_has_a_status() -> None:
    """The status of a decision is its third line, and its row in the index has the same one."""
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    statuses = {}
    for path in (ROOT / "docs" / "decisions").glob("0*.md"):
        line = path.read_text().splitlines()[2]
        assert line.startswith("**Status:** "), path.name
        statuses[path.name] = re.sub(r"\[(\d+)\]\(.*?\)", r"\1", line.partition("** ")[2])
    rows = re.findall(r"^\| \[\d+\]\((.*?)\) \| .* \| (.*) \|$", index, re.MULTILINE)
    assert dict(rows) == statuses


def test_every_decision_has_a_number_of_its_own() -> None:
    """Its file, its heading and its row in the index, which is in ascending order, agree."""
    folder = ROOT / "docs" / "decisions"
    index = re.findall(r"^\| \[(\d+)\]\((.*?)\)", (folder / "README.md").read_text(), re.MULTILINE)
    numbers = [int(number) for number, _ in index]
    assert numbers == sorted(set(numbers))
    for number, name in index:
        assert name.startswith(f"{int(number):04}-")
        assert (folder / name).read_text().startswith(f"# {number}. ")


def test_readme_webhook_has_the_fields_of_a_webhook() -> None:
    """The sample in the README has the fields of a webhook body, in their order."""
    (example,) = code_blocks("README.md", "http")
    body = json.loads(example.partition("\n\n")[2])
    post = samples.post()
    event = WebhookEvent(
        post_event=PostEvent(kind="post.published", reason="new"),
        generation=1,
        post_id=post.id,
        url=post.url,
        source=post.source,
        commit=samples.COMMIT,
        noticed_at=samples.NOW,
        item_json=b"{}",
    )
    subscription = SubscriptionId(body["data"]["subscription"])
    expected = json.loads(webhook_body(event, cursor="c", subscription=subscription, seq=1))
    assert [*body] == [*expected]
    assert [*body["data"]] == [*expected["data"]]


def test_readme_settings_are_valid(tmp_path: Path) -> None:
    """The settings in the README can be copied as they are."""
    (example,) = code_blocks("README.md", "toml")
    (tmp_path / "syndicate.toml").write_text(example)
    settings = load(tmp_path / "syndicate.toml", {})
    assert [source.name for source in settings.sources] == ["news"]


@pytest.mark.slow
@every_document
def test_every_documented_command_exists(document: Path) -> None:
    """Each `make` target and each `syndicate` command in a document exists."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = document.read_text()
    assert set(re.findall(r"(?:`|^)make (\w+)", text, re.MULTILINE)) <= targets
    commands = re.findall(r"(?:`|^)syndicate ([a-z].*?)(?:`|$)", text, re.MULTILINE)
    assert [command for command in commands if not is_command(command.split())] == []


def test_every_documented_metric_exists() -> None:
    """Each metric in the operator's guide is exported."""
    page = (ROOT / "docs" / "how-to" / "run-in-production.md").read_text()
    documented = set(re.findall(r"\bsyndicate_\w+", page))
    exported = set(re.findall(r"^# TYPE (\w+) ", exposition().decode(), re.MULTILINE))
    assert documented
    assert documented <= exported
