"""Repositories are located, and read through a scratch repository."""

import os
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.git.open_repository import find_repository, scratch_repository
from syndicate.git.repository_location import RepositoryLocation
from syndicate.model.post import Path
from tests.content_repository import ContentRepository


def locate(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path, str]:
    """Return git folder, common folder and object format of the repository in ``folder``."""
    found = find_repository(RepositoryLocation.parse(str(folder)), str(folder))
    return found.git_dir, found.common_dir, found.object_format


def test_every_form_of_a_repository_is_located(tmp_path: pathlib.Path) -> None:
    """Bare or not, by its top or git folder, through a link, as a worktree, of either hash."""
    made = ContentRepository.create(tmp_path / "made")
    made.commit({"a": "1"})
    git = made.path / ".git"
    assert locate(made.path) == locate(git) == (git, git, "sha1")
    (tmp_path / "link").symlink_to(made.path)
    assert locate(tmp_path / "link") == (git, git, "sha1")
    made.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "topic")
    assert locate(tmp_path / "tree") == (git / "worktrees" / "tree", git, "sha1")
    bare = ContentRepository.create(tmp_path / "bare", bare=True, object_format="sha256")
    assert locate(bare.path) == (bare.path, bare.path, "sha256")


@pytest.mark.parametrize("form", ["missing", "empty", "file", "inside", "broken"])
def test_folder_without_repository_is_an_error(tmp_path: pathlib.Path, form: str) -> None:
    """A folder inside of a repository too, since paths would mean something else there."""
    outer = ContentRepository.create(tmp_path / "outer")
    outer.commit({"x/y": ""})
    where = tmp_path / form
    match form:
        case "empty":
            where.mkdir()
        case "file":
            where.write_text("a bundle, say")
        case "inside":
            where = outer.path / "x"
        case "broken":
            where.mkdir()
            (where / ".git").write_text("gitdir: /nowhere/at/all\n")
        case _:
            pass
    with pytest.raises(RepositoryError) as caught:
        locate(where)
    assert caught.value.code == "not-a-repository"
    assert "top folder" in caught.value.hint


def fetch_and_read_head(address: str, folder: pathlib.Path) -> str | RepositoryError:
    """Return the head, or the error."""
    try:
        with Repository.open(address, ref="main", mirrors=folder / "var") as opened:
            opened.fetch()
            assert len(opened.list_files(opened.head(), [Path("")])) == 1
            return opened.head()
    except RepositoryError as error:
        return error


def run_in_shell(command: str) -> None:
    """Run a command as a person does who reads it in a hint."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["sh", "-c", command], env=plain, check=True, timeout=30)


def test_folder_of_another_owner_is_read_once_declared_safe(
    content: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running the hint as it stands is enough."""
    head = content.commit({"a": "1"})
    real = subprocess.run(
        ["sh", "-c", "command -v git"], capture_output=True, check=True, text=True
    ).stdout.strip()
    (tmp_path / "git").write_text(
        f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "{real}" "$@"\n'
    )
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "home").mkdir()
    for address in (str(content.path), f"file://{content.path}"):
        read, typed = fetch_and_read_head(address, tmp_path), list[str]()
        while isinstance(read, RepositoryError) and len(typed) < 5:
            assert read.code == "dubious-ownership"
            typed.append(read.hint.split("`")[1])
            run_in_shell(typed[-1])
            read = fetch_and_read_head(address, tmp_path)
        assert read == head
        assert len(set(typed)) == len(typed) > 0


def test_bare_repository_is_read_although_discovery_is_forbidden(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``safe.bareRepository`` forbids finding one by discovery; this one is configured."""
    bare = ContentRepository.create(tmp_path / "bare", bare=True)
    (tmp_path / "gitconfig").write_text("[safe]\n bareRepository = explicit\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    assert locate(bare.path) == (bare.path, bare.path, "sha1")


def test_shallow_clone_is_reported(content: ContentRepository, tmp_path: pathlib.Path) -> None:
    """It is read down to its limit; once completed, without a restart, completely."""
    for number in range(3):
        content.commit({"a.md": str(number)})
    shallow = tmp_path / "shallow"
    content.git("clone", "-q", "--depth=2", f"file://{content.path}", str(shallow))
    with Repository.open(str(shallow), ref="main", mirrors=tmp_path / "var") as cut:
        depth = [cut.is_shallow]
        assert len(list(cut.history(cut.head()))) == 2
        content.git("-C", str(shallow), "fetch", "-q", "--unshallow")
        depth.append(cut.is_shallow)
        assert depth == [True, False]
        assert len(list(cut.history(cut.head()))) == 3


def test_scratch_repository_is_created_once(tmp_path: pathlib.Path) -> None:
    """It is completed if files are missing; an unwritable folder is named in the error."""
    where = RepositoryLocation.parse("/srv/x", source_name="usds")
    made = scratch_repository(where, tmp_path / "var", "sha256")
    (made / "HEAD").unlink()
    before = (made / "config").stat().st_mtime_ns
    assert scratch_repository(where, tmp_path / "var", "sha256") == made
    assert (made / "HEAD").exists()
    assert (made / "config").stat().st_mtime_ns == before
    (tmp_path / "file").write_text("")
    with pytest.raises(RepositoryError, match="cannot be written to") as caught:
        scratch_repository(where, tmp_path / "file", "sha1")
    assert caught.value.code == "not-writable"


def test_scratch_repository_is_created_by_many_threads_at_once(tmp_path: pathlib.Path) -> None:
    """Sources that are opened at the same time share it."""
    where = RepositoryLocation.parse("/srv/x")
    for round_ in range(20):
        folder = tmp_path / f"{round_}"
        with ThreadPoolExecutor(8) as threads:
            made = list(threads.map(lambda _: scratch_repository(where, folder, "sha1"), range(8)))  # noqa: B023
        assert set(made) == {folder / "blank-sha1"}
        assert sorted(file.name for file in made[0].iterdir()) == ["HEAD", "config", "refs"]
