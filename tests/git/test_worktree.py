"""The files of a worktree, committed or not, as a branch of a repository of their own."""

import pathlib

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.git.worktree import BRANCH, Worktree
from syndicate.model.post import Path
from tests.content_repository import ContentRepository


def worktree_of(path: pathlib.Path) -> Worktree:
    """Return the worktree at ``path``, which there is."""
    found = Worktree.find(str(path), source_name="news")
    assert found is not None
    return found


def contents(scratch: pathlib.Path) -> dict[str, bytes]:
    """Return the files of the branch that was made in ``scratch``."""
    repository = Repository.open(
        str(scratch / "blank-sha1"), ref=BRANCH, mirrors=scratch / "mirrors"
    )
    with repository:
        files = repository.list_files(repository.head(), (Path("."),))
        blobs = dict(repository.read_blobs([file.blob for file in files], max_bytes=1000))
        return {file.path: blob for file in files if isinstance(blob := blobs[file.blob], bytes)}


def test_files_are_read_as_they_are(tmp_path: pathlib.Path) -> None:
    """Changed, new and deleted ones; the repository itself does not change."""
    repository = ContentRepository.create(tmp_path / "content")
    repository.commit({"news/a.md": "a", "news/b.md": "b", ".gitignore": "*.tmp\n"})
    repository.git("reset", "--hard", "--quiet")
    (repository.path / "news" / "a.md").write_text("changed")
    (repository.path / "news" / "b.md").unlink()
    (repository.path / "news" / "new.md").write_text("new")
    (repository.path / "news" / "x.tmp").write_text("ignored")
    before = repository.git("status", "--porcelain"), repository.git("count-objects")
    worktree = worktree_of(repository.path)

    worktree.commit_to(tmp_path / "scratch")

    assert contents(tmp_path / "scratch") == {
        ".gitignore": b"*.tmp\n",
        "news/a.md": b"changed",
        "news/new.md": b"new",
    }
    assert worktree.uncommitted_files([Path("news")]) == ("news/a.md", "news/b.md", "news/new.md")
    assert worktree.uncommitted_files([Path("other")]) == ()
    assert (repository.git("status", "--porcelain"), repository.git("count-objects")) == before


def test_files_that_only_this_clone_ignores_are_left_out(tmp_path: pathlib.Path) -> None:
    """By ``info/exclude``, which is in no commit, as ``git status`` leaves them out."""
    repository = ContentRepository.create(tmp_path / "content")
    repository.commit({"a.md": "a"})
    repository.git("reset", "--hard", "--quiet")
    (repository.path / ".git" / "info").mkdir(exist_ok=True)
    (repository.path / ".git" / "info" / "exclude").write_text("drafts/\n")
    (repository.path / "drafts").mkdir()
    (repository.path / "drafts" / "secret.md").write_text("not yet")

    worktree_of(repository.path).commit_to(tmp_path / "scratch")

    assert contents(tmp_path / "scratch") == {"a.md": b"a"}


def test_index_in_two_files_is_read(tmp_path: pathlib.Path) -> None:
    """Git splits it with ``core.splitIndex``; the shared part lies beside it."""
    repository = ContentRepository.create(tmp_path / "content")
    repository.commit({"a.md": "a"})
    repository.git("reset", "--hard", "--quiet")
    repository.git("update-index", "--split-index")
    (repository.path / "b.md").write_text("b")

    worktree_of(repository.path).commit_to(tmp_path / "scratch")

    assert contents(tmp_path / "scratch") == {"a.md": b"a", "b.md": b"b"}


def test_repository_without_a_commit_has_files(tmp_path: pathlib.Path) -> None:
    """Before the first commit there is neither an index nor a parent."""
    repository = ContentRepository.create(tmp_path / "content")
    (repository.path / "a.md").write_text("a")

    worktree_of(repository.path).commit_to(tmp_path / "scratch")

    assert contents(tmp_path / "scratch") == {"a.md": b"a"}


def test_repository_without_files_has_no_worktree(tmp_path: pathlib.Path) -> None:
    """A remote one, a bare one, and the folder of git."""
    bare = ContentRepository.create(tmp_path / "bare", bare=True)
    plain = ContentRepository.create(tmp_path / "plain")

    assert Worktree.find("https://git.example.gov/x.git", source_name="news") is None
    assert Worktree.find(str(bare.path), source_name="news") is None
    assert Worktree.find(str(plain.path / ".git"), source_name="news") is None


def test_error_of_git_names_the_source(tmp_path: pathlib.Path) -> None:
    """As for every other read of a repository."""
    repository = ContentRepository.create(tmp_path / "content")
    (repository.path / "a.md").write_text("a")
    worktree = worktree_of(repository.path)
    (repository.path / ".git" / "index").write_text("damaged")

    with pytest.raises(RepositoryError, match="source news"):
        worktree.commit_to(tmp_path / "scratch")
