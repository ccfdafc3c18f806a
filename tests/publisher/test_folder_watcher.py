"""Watching folders, on event loops that can and on one that cannot."""

import asyncio
import os
import pathlib
from collections.abc import Callable

import pytest

from syndicate.git import Repository
from syndicate.publisher import folder_watcher
from syndicate.publisher.folder_watcher import watch_folders
from syndicate.web.http.server import uvloop_runner
from tests.content_repository import ContentRepository


async def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 — what is waited for has no event
            await asyncio.sleep(0.005)


async def is_watched(*folders: str) -> bool:
    """Return whether changes of ``folders`` are reported."""
    with watch_folders(folders, lambda: None) as watched:
        return watched


def test_a_commit_is_reported(tmp_path: pathlib.Path) -> None:
    """While the folders of its branch are watched, and not afterwards."""
    changes: list[int] = []
    content = ContentRepository.create(tmp_path / "content")
    content.commit({"a.md": "A"})

    async def work(repository: Repository) -> None:
        repository.head()
        with watch_folders(repository.watched_folders(), lambda: changes.append(1)) as watched:
            assert watched
            content.commit({"a.md": "B"})
            await until(lambda: bool(changes))
        changes.clear()
        content.commit({"a.md": "C"})
        await asyncio.sleep(0.05)
        assert changes == []

    location = str(tmp_path / "content")
    with (
        Repository.open(
            location, ref="main", mirrors=tmp_path / "mirrors", source_name="news"
        ) as repository,
        uvloop_runner() as loop,
    ):
        loop.run(work(repository))


def test_the_folder_that_gets_a_missing_one_is_watched(tmp_path: pathlib.Path) -> None:
    """Such as that of a branch whose name has a slash."""
    changes: list[int] = []
    missing = tmp_path / "missing"

    async def work() -> None:
        with watch_folders((f"{missing}/inside",), lambda: changes.append(1)) as watched:
            assert watched
            missing.mkdir()
            await until(lambda: bool(changes))

    with uvloop_runner() as loop:
        loop.run(work())


def test_folders_that_cannot_be_watched_are_reported(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that are no UTF-8, and folders that vanish."""
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    with uvloop_runner() as loop:
        assert not loop.run(is_watched(str(tmp_path), str(odd)))
        assert loop.run(is_watched("missing", str(tmp_path)))
        monkeypatch.setattr(folder_watcher, "_existing_folder", lambda folder: folder)
        assert not loop.run(is_watched(str(tmp_path), f"{tmp_path}/gone-meanwhile"))


async def test_other_event_loops_watch_nothing(tmp_path: pathlib.Path) -> None:
    """Asyncio's own, on which this test runs."""
    assert not await is_watched(str(tmp_path))
