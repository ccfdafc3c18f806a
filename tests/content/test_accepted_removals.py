"""Accepted removals are stored and noticed by running processes."""

from pathlib import Path

import pytest

from syndicate.content.held_commits import AcceptedRemovals
from syndicate.errors import StorageError
from syndicate.model.post import CommitId
from syndicate.private_files import StateFile

ONE, TWO = CommitId("1" * 40), CommitId("2" * 40)


def test_accepted_removals_are_seen_by_running_processes(tmp_path: Path) -> None:
    """By processes started before and after, for each source."""
    file = tmp_path / "var" / "accepted.json"
    running = AcceptedRemovals(StateFile(file))
    assert running.commits("news") == frozenset()

    AcceptedRemovals(StateFile(file)).add("news", TWO)
    AcceptedRemovals(StateFile(file)).add("news", ONE)
    AcceptedRemovals(StateFile(file)).add("other", ONE)

    assert (
        running.commits("news") == AcceptedRemovals(StateFile(file)).commits("news") == {ONE, TWO}
    )
    assert running.commits("other") == {ONE}
    assert sorted(path.name for path in file.parent.iterdir()) == [".gitignore", "accepted.json"]


def test_temporary_acceptance_is_not_written(tmp_path: Path) -> None:
    """Valid for this source in this process, in addition to the file."""
    file = tmp_path / "accepted.json"
    running = AcceptedRemovals(StateFile(file))
    running.add("news", ONE)
    running.accept_temporarily("news", TWO)
    assert running.commits("news") == {ONE, TWO}
    assert running.commits("other") == frozenset()
    assert AcceptedRemovals(StateFile(file)).commits("news") == {ONE}


@pytest.mark.parametrize("text", ["{", "[1]", '{"news": 1}', "null"])
def test_unreadable_file_accepts_nothing(tmp_path: Path, text: str) -> None:
    """The last posts stay in service, and the file is not overwritten."""
    file = tmp_path / "accepted.json"
    file.write_text(text)
    acceptances = AcceptedRemovals(StateFile(file))

    assert acceptances.commits("news") == frozenset()
    with pytest.raises(StorageError, match="cannot be read"):
        acceptances.add("news", ONE)
    assert file.read_text() == text


def test_unwritable_folder_is_reported(tmp_path: Path) -> None:
    """With a hint."""
    (tmp_path / "accepted.json.new").mkdir()

    with pytest.raises(StorageError, match="cannot be written"):
        AcceptedRemovals(StateFile(tmp_path / "accepted.json")).add("news", ONE)
