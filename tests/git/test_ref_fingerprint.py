"""The fingerprint changes whenever the ref may have moved."""

import os
import pathlib
import time
from collections.abc import Callable

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.git.repository_location import RepositoryLocation
from tests.content_repository import ContentRepository

ONE, TWO = ("refs/heads/main", "HEAD~1"), ("refs/heads/main", "HEAD~2")


def commit(content: ContentRepository) -> None:
    """Commit to the branch."""
    content.commit({"new": "commit"})


def force(content: ContentRepository) -> None:
    """Move the branch back."""
    content.git("update-ref", *ONE)


def packed(content: ContentRepository) -> None:
    """Move the branch and pack it at once."""
    content.git("update-ref", *TWO)
    content.git("pack-refs", "--all")


def deleted(content: ContentRepository) -> None:
    """Delete the branch."""
    content.git("update-ref", "-d", "refs/heads/main")


def tagged(content: ContentRepository) -> None:
    """Make a tag with the branch's name, which git then prefers."""
    content.git("tag", "main", "HEAD~1")


MOVES = (commit, force, packed, deleted, tagged)


@pytest.fixture
def filled(content: ContentRepository) -> ContentRepository:
    """Make three commits."""
    for number in range(3):
        content.commit({"a": str(number)})
    return content


@pytest.mark.parametrize("ref", ["main", "HEAD", "heads/main", "refs/heads/main"])
@pytest.mark.parametrize("start", ["loose", "packed"])
@pytest.mark.parametrize("move", MOVES)
def test_fingerprint_changes_with_the_ref(
    filled: ContentRepository,
    tmp_path: pathlib.Path,
    ref: str,
    start: str,
    move: Callable[[ContentRepository], None],
) -> None:
    """However the ref is named, stored and moved; without a move it stays the same."""
    if start == "packed":
        filled.git("pack-refs", "--all")
    with Repository.open(str(filled.path), ref=ref, mirrors=tmp_path / "var") as repository:
        before, head = repository.fingerprint(), repository.head()
        assert repository.fingerprint() == before
        move(filled)
        moved = move is deleted or repository.head() != head
        assert repository.fingerprint() != before or not moved


def test_fingerprint_of_a_worktree_follows_its_head(
    filled: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """A linked worktree has its own HEAD and shares the branches."""
    filled.create_branch("topic", "main~2")
    filled.git("worktree", "add", "-q", str(tmp_path / "tree"), "topic")
    with Repository.open(str(tmp_path / "tree"), ref="HEAD", mirrors=tmp_path / "var") as tree:
        assert tree.head() == filled.head("topic")
        stamps = [tree.fingerprint()]
        filled.commit({"b": "1"}, branch="topic")
        stamps.append(tree.fingerprint())
        assert tree.head() == filled.head("topic")
        filled.git("-C", str(tmp_path / "tree"), "checkout", "-q", "--detach", "main")
        stamps.append(tree.fingerprint())
        assert tree.head() == filled.head("main")
        filled.git("-C", str(tmp_path / "tree"), "checkout", "-q", "topic")
        stamps.append(tree.fingerprint())
        assert len(set(stamps)) == 3
        assert stamps[1] == stamps[3]


def test_fingerprint_of_a_remote_is_that_of_its_mirror(
    filled: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """It changes with a fetch."""
    address = f"file://{filled.path}"
    with Repository.open(address, ref="main", mirrors=tmp_path / "var") as remote:
        stamps = [remote.fingerprint()]
        remote.fetch()
        remote.head()
        stamps.append(remote.fingerprint())
        filled.commit({"b": "1"})
        assert remote.fingerprint() == stamps[-1]
        remote.fetch()
        stamps.append(remote.fingerprint())
        assert len(set(stamps)) == 3


def test_invalid_mirror_has_no_fingerprint(tmp_path: pathlib.Path) -> None:
    """`head` reports what is wrong; the fingerprint never raises."""
    with Repository.open("https://x.invalid/y", ref="main", mirrors=tmp_path) as remote:
        mirror = tmp_path / f"{RepositoryLocation.parse('https://x.invalid/y').mirror_name}.git"
        mirror.mkdir()
        with pytest.raises(RepositoryError):
            remote.head()
        assert remote.fingerprint() is None


def test_reftable_changes_the_fingerprint(
    filled: ContentRepository, repository: Repository
) -> None:
    """Each change of a ref replaces the list of tables."""
    before = repository.fingerprint()
    (filled.path / ".git" / "reftable").mkdir()
    (filled.path / ".git" / "reftable" / "tables.list").write_text("0x1-0x2-abc.ref\n")
    assert repository.fingerprint() != before


def test_invalid_ref_files_are_tolerated(filled: ContentRepository, repository: Repository) -> None:
    """A folder, a pipe, an endless chain or nonsense in place of a ref."""
    head = filled.path / ".git" / "refs" / "heads" / "main"
    stamps = {repository.fingerprint()}
    head.write_text("ref: refs/heads/main\n")
    stamps.add(repository.fingerprint())
    head.write_bytes(b"ref: a\0b\n")
    stamps.add(repository.fingerprint())
    head.unlink()
    head.mkdir()
    stamps.add(repository.fingerprint())
    head.rmdir()
    os.mkfifo(head)
    stamps.add(repository.fingerprint())
    assert len(stamps) >= 4


def test_fingerprint_starts_no_process(filled: ContentRepository, repository: Repository) -> None:
    """It is taken up to a hundred times a second."""
    filled.git("pack-refs", "--all")
    repository.fingerprint()
    best = 1.0
    for _ in range(50):
        start = time.perf_counter()
        repository.fingerprint()
        best = min(best, time.perf_counter() - start)
    assert best < 0.0005
