"""Folders whose changes the system reports."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from syndicate.private_attributes import folder_monitor


@contextmanager
def watch_folders(folders: Iterable[str], on_change: Callable[[], None]) -> Iterator[bool]:
    """Call ``on_change`` whenever something in one of ``folders`` changes; yield whether it will.

    Of a folder that does not exist, the innermost outer one that does is watched. uvloop supports
    that through libuv (inotify on Linux), undocumented. False is yielded with other event loops,
    for names that are not UTF-8, and where too many folders are watched already: callers must then
    look themselves. Changes that other hosts make in a network file system are not reported.
    """
    monitor = folder_monitor(asyncio.get_running_loop())
    existing = dict.fromkeys(map(_existing_folder, folders))
    if monitor is None or not all(map(_is_utf8, existing)):
        yield False
        return
    with ExitStack() as monitors:
        try:
            for folder in existing:
                monitors.callback(monitor(folder, lambda *_: on_change()).cancel)
        except OSError:
            yield False
        else:
            yield True


def _is_utf8(folder: str) -> bool:
    return folder.encode(errors="ignore").decode() == folder


def _existing_folder(folder: str) -> str:
    while folder and not os.path.isdir(folder):  # noqa: PTH112 — faster
        folder = folder.rpartition("/")[0]
    return folder or "/"
