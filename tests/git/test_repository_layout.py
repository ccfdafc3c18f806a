"""A repository is found where it is said to be, and read through a blank one."""

import os
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.git.repository_layout import find_repository, scratch_repository
from syndicate.git.repository_location import RepositoryLocation
from syndicate.model.post import Path
from tests.content_repository import ContentRepository


def place(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path, str]:
    """Locate ``folder`` and return what was found."""
    found = find_repository(RepositoryLocation.parse(str(folder)), str(folder))
    return found.git_dir, found.common_dir, found.object_format


def test_every_form_of_a_repository_is_found(tmp_path: pathlib.Path) -> None:
    """Bare or not, by its top or its git folder, through a link, as a worktree, of either hash."""
    made = ContentRepository.create(tmp_path / "made")
    made.commit({"a": "1"})
    git = made.path / ".git"
    assert place(made.path) == place(git) == (git, git, "sha1")
    (tmp_path / "link").symlink_to(made.path)
    assert place(tmp_path / "link") == (git, git, "sha1")
    made.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "topic")
    assert place(tmp_path / "tree") == (git / "worktrees" / "tree", git, "sha1")
    bare = ContentRepository.create(tmp_path / "bare", bare=True, object_format="sha256")
    assert place(bare.path) == (bare.path, bare.path, "sha256")


@pytest.mark.parametrize("form", ["missing", "empty", "file", "inside", "broken"])
def test_what_is_no_repository_is_said_to_be_none(tmp_path: pathlib.Path, form: str) -> None:
    """A folder inside a repository is none either: paths would mean something else there."""
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
        place(where)
    assert caught.value.code == "not-a-repository"
    assert "top folder" in caught.value.hint


def use(address: str, folder: pathlib.Path) -> str | RepositoryError:
    """Fetch and read the head, as far as it goes."""
    try:
        with Repository.open(address, ref="main", mirrors=folder / "var") as opened:
            opened.fetch()
            assert len(opened.list_files(opened.head(), [Path("")])) == 1
            return opened.head()
    except RepositoryError as error:
        return error


def type_in(command: str) -> None:
    """Run a command as a person would who reads it in a hint."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["sh", "-c", command], env=plain, check=True, timeout=30)


def test_a_folder_of_another_owner_is_read_once_it_is_declared_safe(
    content: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint, typed in as it stands, is all it takes."""
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
        read, typed = use(address, tmp_path), list[str]()
        while isinstance(read, RepositoryError) and len(typed) < 5:
            assert read.code == "dubious-ownership"
            typed.append(read.hint.split("`")[1])
            type_in(typed[-1])
            read = use(address, tmp_path)
        assert read == head
        assert len(set(typed)) == len(typed) > 0


def test_a_user_who_forbids_bare_repositories_may_still_name_one(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``secret_store.bareRepository`` is against finding one by accident; this one is named."""
    bare = ContentRepository.create(tmp_path / "bare", bare=True)
    (tmp_path / "taste").write_text("[safe]\n bareRepository = explicit\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "taste"))
    assert place(bare.path) == (bare.path, bare.path, "sha1")


def test_a_shallow_clone_is_told(content: ContentRepository, tmp_path: pathlib.Path) -> None:
    """It can be read, down to where it was cut; once completed it is whole without a restart."""
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


def test_the_blank_repository_is_made_where_it_can_be(tmp_path: pathlib.Path) -> None:
    """It is made once, completed if something is missing, and an unwritable place is named."""
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


def test_the_blank_repository_may_be_made_by_many_at_once(tmp_path: pathlib.Path) -> None:
    """Sources that are opened at the same moment share it without getting into each other's way."""
    where = RepositoryLocation.parse("/srv/x")
    for round_ in range(20):
        folder = tmp_path / f"{round_}"
        with ThreadPoolExecutor(8) as threads:
            made = list(threads.map(lambda _: scratch_repository(where, folder, "sha1"), range(8)))  # noqa: B023
        assert set(made) == {folder / "blank-sha1"}
        assert sorted(file.name for file in made[0].iterdir()) == ["HEAD", "config", "refs"]
