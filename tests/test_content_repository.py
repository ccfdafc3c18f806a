"""The builder of content repositories makes what the other tests rely on."""

import pathlib
from datetime import UTC, datetime

import pytest

from tests.content_repository import ContentRepository, Executable, Submodule, Symlink


def test_commit_ids_are_reproducible(tmp_path: pathlib.Path) -> None:
    """Ids depend on what is committed only, not on place, clock or form of the repository."""
    ids = []
    for bare in (False, True):
        repository = ContentRepository.create(tmp_path / str(bare), bare=bare)
        repository.commit({"posts/a.md": "one"})
        repository.create_branch("editorial")
        repository.commit({"posts/b.md": b"\xff\x00"}, branch="editorial")
        repository.rename("posts/a.md", "posts/c.md", committed=datetime(2024, 2, 1, tzinfo=UTC))
        ids.append(
            (
                repository.merge("editorial", {"posts/b.md": "b"}),
                repository.git("ls-tree", "-r", "HEAD"),
            )
        )
    assert ids[0] == ids[1]


def test_work_tree_matches_the_commit(tmp_path: pathlib.Path) -> None:
    """After a commit the files are there, links and modes as asked, and nothing is uncommitted."""
    repository = ContentRepository.create(tmp_path)
    commit = repository.commit({"old": "", '-a "b"\nc\udcff': "text", "link": Symlink("old")})
    repository.commit({"old": None, "run": Executable("#!/bin/sh"), "module": Submodule(commit)})
    assert (tmp_path / '-a "b"\nc\udcff').read_text() == "text"
    assert repository.git("status", "--porcelain", "--ignore-submodules=all") == ""
    modes = [line.split()[0] for line in repository.git("ls-tree", "-r", "HEAD").splitlines()]
    assert modes == ["100644", "120000", "160000", "100755"]


def test_branch_can_be_reset(tmp_path: pathlib.Path) -> None:
    """A reset moves the branch as a force-push does."""
    repository = ContentRepository.create(tmp_path, branch="trunk")
    first = repository.commit({"a": "1"})
    repository.commit({"a": "2"})
    assert repository.reset("trunk~1") == first == repository.head()
    assert (tmp_path / "a").read_text() == "1"


def test_failing_git_command_reports_stderr(tmp_path: pathlib.Path) -> None:
    """The error contains git's own message."""
    repository = ContentRepository.create(tmp_path)
    with pytest.raises(AssertionError, match="nowhere"):
        repository.git("rev-parse", "--verify", "nowhere")
