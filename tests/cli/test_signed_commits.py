"""A source that requires signed commits, in the commands and in what is served."""

import json
from pathlib import Path

import pytest

from syndicate.model.edition import SourceSnapshot
from syndicate.service.content_service import ContentService
from syndicate.settings import load
from tests.cli.conftest import FIRST, SETTINGS, Run, levels
from tests.content_repository import ContentRepository
from tests.git.test_signatures import sign, ssh_signer

NEWS = "news/2023-11-06-first.md"


@pytest.fixture
def signed_file(file: Path, content: ContentRepository, tmp_path: Path) -> Path:
    """Return settings that require signatures of the first source; its newest commit has one."""
    signer = ssh_signer(tmp_path, "editor")
    content.git("reset", "--quiet", "--hard")
    sign(content, signer, "signed")
    requirement = 'name = "news"\nrequire_signed = true\nsigners = "editor.signers"'
    file.write_text(SETTINGS.replace('name = "news"', requirement))
    return file


def test_unsigned_commit_is_not_served(
    run: Run, signed_file: Path, content: ContentRepository
) -> None:
    """The last signed one stays, the source is failing, and other sources go on."""
    signed = content.head()
    with ContentService(load(signed_file, {})) as service:
        news, updates = service.source_readers()
        assert news.poll().error == ""
        unsigned = content.commit({NEWS: FIRST.replace("title: First", "title: Forged")})

        found, other = news.poll(), updates.poll()

        assert isinstance(found, SourceSnapshot)
        assert isinstance(other, SourceSnapshot)
        assert (found.commit, found.error_code, found.is_stale) == (
            signed,
            "unsigned-commit",
            False,
        )
        assert "Forged" not in [post.title for post in found.posts]
        assert (other.commit, other.error) == (unsigned, "")
    shown = run("show", "news", "--format", "json", "--config", signed_file).out
    assert "Forged" not in shown
    assert "First" in shown


def test_commands_name_the_unsigned_commit(
    run: Run, signed_file: Path, content: ContentRepository
) -> None:
    """With what to do."""
    assert json.loads(run("refresh", "--json", "--config", signed_file).out)[0]["failing"] == ""
    unsigned = content.commit({NEWS: FIRST.replace("title: First", "title: Forged")})
    message = f"source news: commit {unsigned[:12]} is not signed by anybody in editor.signers"

    (news, _) = json.loads(run("refresh", "--json", "--config", signed_file).out)
    assert news["failing"] == message
    assert levels(run("doctor", "--json", "--config", signed_file))[message] == "error"


def test_commands_leave_the_state_of_the_service_alone(
    run: Run, signed_file: Path, content: ContentRepository
) -> None:
    """Root may run them: the service could not read the files of root."""
    settings = load(signed_file, {})
    with ContentService(settings, is_public=True) as service:
        assert service.source_readers()[0].poll().error == ""
    verified = settings.data_folder / "verified.json"
    assert content.head() in verified.read_text()
    verified.unlink()
    assert run("db", "upgrade", "--config", signed_file).code == 0
    for command in (["check"], ["doctor"], ["show", "news"], ["refresh"]):
        run(*command, "--config", signed_file)
    assert [*settings.data_folder.glob("*.json")] == []


def test_signers_are_required_with_signatures(run: Run, file: Path) -> None:
    """The setting is named."""
    file.write_text(SETTINGS.replace('name = "news"', 'name = "news"\nrequire_signed = true', 1))
    outcome = run("refresh", "--config", file)
    assert outcome.code == 2
    assert 'expected signers = "FILE" beside require_signed = true' in outcome.err
