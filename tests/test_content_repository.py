"""The builder of content repositories makes what the other tests rely on."""

import pathlib
from datetime import UTC, datetime

import pytest

from tests.content_repository import ContentRepository, Executable, Submodule, Symlink


def test_the_same_commits_have_the_same_ids_anywhere(tmp_path: pathlib.Path) -> None:
    """Ids depend on what is committed only, not on place, clock or form of the repository."""
    ids = []
    for bare in (False, True):
        made = ContentRepository.create(tmp_path / str(bare), bare=bare)
        made.commit({"posts/a.md": "one"})
        made.start("editorial")
        made.commit({"posts/b.md": b"\xff\x00"}, branch="editorial")
        made.rename("posts/a.md", "posts/c.md", when=datetime(2024, 2, 1, tzinfo=UTC))
        ids.append(
            (made.merge("editorial", {"posts/b.md": "b"}), made.git("ls-tree", "-r", "HEAD"))
        )
    assert ids[0] == ids[1]


def test_a_working_tree_shows_what_was_committed(tmp_path: pathlib.Path) -> None:
    """After a commit the files are there, links and modes as asked, and nothing is uncommitted."""
    made = ContentRepository.create(tmp_path)
    commit = made.commit({"old": "", '-a "b"\nc\udcff': "text", "link": Symlink("old")})
    made.commit({"old": None, "run": Executable("#!/bin/sh"), "module": Submodule(commit)})
    assert (tmp_path / '-a "b"\nc\udcff').read_text() == "text"
    assert made.git("status", "--porcelain", "--ignore-submodules=all") == ""
    modes = [line.split()[0] for line in made.git("ls-tree", "-r", "HEAD").splitlines()]
    assert modes == ["100644", "120000", "160000", "100755"]


def test_a_branch_can_be_forced_back(tmp_path: pathlib.Path) -> None:
    """A reset moves the branch as a force-push does."""
    made = ContentRepository.create(tmp_path, branch="trunk")
    first = made.commit({"a": "1"})
    made.commit({"a": "2"})
    assert made.reset("trunk~1") == first == made.head()
    assert (tmp_path / "a").read_text() == "1"


def test_a_failing_command_says_what_git_said(tmp_path: pathlib.Path) -> None:
    """A mistake in a test is told with git's own words."""
    made = ContentRepository.create(tmp_path)
    with pytest.raises(AssertionError, match="nowhere"):
        made.git("rev-parse", "--verify", "nowhere")
