"""Notifications of changes in folders, where the event loop supports them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def watch_folders(folders: Iterable[str], on_change: Callable[[], None]) -> Iterator[None]:
    """Call ``on_change`` whenever something in one of ``folders`` changes.

    uvloop supports that through libuv (inotify on Linux), undocumented. With other event loops, for
    folders that do not exist or whose name is not UTF-8, and where too many are watched already,
    ``on_change`` is never called: callers must also poll.
    """
    loop = asyncio.get_running_loop()
    monitor: Callable[..., asyncio.Handle] | None = getattr(loop, "_monitor_fs", None)
    with ExitStack() as monitors:
        for folder in filter(_is_utf8, folders):
            if monitor is None:
                break
            with suppress(OSError):
                monitors.callback(monitor(folder, lambda *_: on_change()).cancel)
        yield


def _is_utf8(folder: str) -> bool:
    return folder.encode(errors="ignore").decode() == folder
