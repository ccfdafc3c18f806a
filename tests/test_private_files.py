"""Files and folders of the service are readable by its own user only."""

import os
import pathlib
import stat
from collections.abc import Iterator

import pytest

from syndicate.cache import Cache
from syndicate.content.held_commits import AcceptedRemovals
from syndicate.errors import StorageError
from syndicate.git import Repository
from syndicate.model.post import CommitId
from syndicate.private_files import (
    StateFile,
    make_file,
    make_folder,
    open_file,
    restrict_permissions,
)
from syndicate.service.content_service import ContentService
from syndicate.settings import load
from syndicate.storage.database import Database
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool

SETTINGS = """
[[sources]]
name = "news"
repository = "file://{path}"
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
timezone = "UTC"
"""


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Run a test with each of several umasks."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: pathlib.Path) -> int:
    """Return the permissions of ``path``."""
    return stat.S_IMODE(path.lstat().st_mode)


def wide(folder: pathlib.Path) -> dict[str, str]:
    """Return ``folder`` and what is below it that group or others have a right to."""
    return {
        str(path): oct(mode(path))
        for path in (folder, *folder.rglob("*"))
        if mode(path) & 0o077 and not path.is_symlink()
    }


async def use(settings_file: pathlib.Path) -> None:
    """Make all that the service keeps: mirror, cache, removals, database with its WAL."""
    settings = load(settings_file, {})
    with ContentService(settings, render_pool=render_pool()) as content_service:
        for follower in content_service.source_readers():
            follower.poll()
        content_service.save_indexes()
        content_service.accepted_removals.add(
            "news", content_service.edition().snapshot("news").commit
        )
    database = await Database.open(settings.database_url)
    async with database.write() as connection:
        await connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS x (y)")
    assert {"syndicate.db-wal", "syndicate.db-shm"} <= {
        path.name for path in settings.data_folder.iterdir()
    }
    assert wide(settings.data_folder) == {}
    await database.close()


def written(tmp_path: pathlib.Path) -> pathlib.Path:
    """Write settings of a source that is mirrored, and return their file."""
    content = ContentRepository.create(tmp_path / "content")
    content.commit({"news/a.md": "---\ntitle: A\n---\nWords.\n"})
    folder = tmp_path / "service"
    folder.mkdir()
    file = folder / "syndicate.toml"
    file.write_text(SETTINGS.format(path=content.path))
    return file


@pytest.mark.anyio
async def test_whole_data_folder_is_private_whatever_the_umask(
    tmp_path: pathlib.Path, umask: int
) -> None:
    """Mirror, cache, database with WAL, and the file of accepted removals."""
    assert umask >= 0
    file = written(tmp_path)
    await use(file)
    assert wide(file.parent / "var") == {}
    assert {"mirrors", "cache", "accepted.json", "syndicate.db"} <= {
        path.name for path in (file.parent / "var").iterdir()
    }


@pytest.mark.slow
@pytest.mark.anyio
async def test_data_folder_of_an_earlier_version_is_made_private(
    tmp_path: pathlib.Path,
) -> None:
    """At the next start, with its contents; symbolic links are not followed."""
    file = written(tmp_path)
    await use(file)
    data = file.parent / "var"
    outside = tmp_path / "outside"
    outside.write_text("")
    outside.chmod(0o644)
    (data / "cache" / "link").symlink_to(outside)
    for path in (data, *data.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    await use(file)
    assert wide(data) == {}
    assert mode(outside) == 0o644


def test_data_folder_with_the_settings_keeps_its_permissions(tmp_path: pathlib.Path) -> None:
    """Only what the service creates in it is private."""
    file = written(tmp_path)
    file.write_text(f'[service]\ndata = "."\n{file.read_text()}')
    file.parent.chmod(0o755)
    with ContentService(load(file, {}), render_pool=render_pool()) as content_service:
        content_service.source_readers()[0].poll()
    assert mode(file.parent) == 0o755
    assert wide(file.parent / "mirrors") == {}


def test_folders_above_a_new_one_are_private_and_old_ones_stay(tmp_path: pathlib.Path) -> None:
    """A file in the way is an error."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old").chmod(0o755)
    make_folder(tmp_path / "old" / "a" / "b")
    make_folder(tmp_path / "old" / "a" / "b")
    assert mode(tmp_path / "old") == 0o755
    assert mode(tmp_path / "old" / "a") == mode(tmp_path / "old" / "a" / "b") == 0o700
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "file")
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "file" / "a")


def test_folder_created_concurrently_is_no_error(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is private like others."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o755)
    monkeypatch.setattr(pathlib.Path, "exists", lambda path: path == tmp_path)
    make_folder(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o700


def test_existing_file_is_made_private_when_written(tmp_path: pathlib.Path) -> None:
    """Not when it is only created if missing."""
    file = tmp_path / "a"
    file.write_text("old")
    file.chmod(0o666)
    make_file(file)
    assert (mode(file), file.read_text()) == (0o666, "old")
    with open_file(file) as opened:
        opened.write(b"new")
    assert (mode(file), file.read_text()) == (0o600, "new")
    make_file(tmp_path / "b")
    assert mode(tmp_path / "b") == 0o600


def test_state_file_below_a_file_is_reported(tmp_path: pathlib.Path) -> None:
    """As where the data folder cannot be made; nothing is yielded."""
    (tmp_path / "var").write_text("in the way")
    with (
        pytest.raises(StorageError, match="cannot be written"),
        StateFile(tmp_path / "var" / "state.json").edit(),
    ):
        pytest.fail("there is nothing to edit")


def test_missing_files_are_ignored(tmp_path: pathlib.Path) -> None:
    """A first start has no data folder."""
    restrict_permissions(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_cache_and_removals_are_private_alone(tmp_path: pathlib.Path, umask: int) -> None:
    """Each where nobody made a folder before."""
    assert umask >= 0
    cache = Cache(tmp_path / "c" / "cache.db")
    cache.put("namespace", {"key": b"value"})
    assert wide(tmp_path / "c") == {}
    cache.close()
    AcceptedRemovals(StateFile(tmp_path / "a" / "accepted.json")).add("news", CommitId("1" * 40))
    assert wide(tmp_path / "a") == {}
    content = ContentRepository.create(tmp_path / "content")
    content.commit({"a.md": "1"})
    with Repository.open(str(content.path), ref="main", mirrors=tmp_path / "m") as opened:
        opened.head()
    assert wide(tmp_path / "m") == {}


def test_each_created_folder_has_a_gitignore(tmp_path: pathlib.Path) -> None:
    """Parents too, down from the first that was missing."""
    make_folder(tmp_path / "var" / "cache")
    for folder in (tmp_path / "var", tmp_path / "var" / "cache"):
        assert (folder / ".gitignore").read_text() == "*\n"


def test_empty_folder_gets_a_gitignore(tmp_path: pathlib.Path) -> None:
    """Created by an operator, or by a process that was killed before writing the file."""
    make_folder(tmp_path)
    assert (tmp_path / ".gitignore").exists()


def test_folder_with_other_files_stays_visible_to_git(tmp_path: pathlib.Path) -> None:
    """Such as the content repository, where the settings put the database there."""
    (tmp_path / "post.md").touch()
    make_folder(tmp_path)
    assert not (tmp_path / ".gitignore").exists()


def test_an_exclusive_folder_of_an_earlier_version_gets_a_gitignore(
    tmp_path: pathlib.Path,
) -> None:
    """The cache may have been there before the `.gitignore` was introduced."""
    (tmp_path / "syndicate.db").touch()
    make_folder(tmp_path, exclusive=True)
    assert (tmp_path / ".gitignore").read_text() == "*\n"


def test_a_gitignore_that_an_operator_wrote_is_kept(tmp_path: pathlib.Path) -> None:
    """An exception that somebody made on purpose is not undone."""
    (tmp_path / ".gitignore").write_text("*\n!keep\n")
    make_folder(tmp_path, exclusive=True)
    assert (tmp_path / ".gitignore").read_text() == "*\n!keep\n"
