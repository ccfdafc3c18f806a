"""Hear at once that something in a folder changed, where the event loop can tell."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def watch_folders(folders: Iterable[str], on_change: Callable[[], None]) -> Iterator[None]:
    """Call ``stirred`` whenever something in one of ``folders`` changed, as long as this lasts.

    uvloop can, through libuv (inotify on Linux), and does not document it. Elsewhere, for
    folders that are not there or not called in UTF-8, and where too many are watched already, it is
    never called: it must be to hear sooner what is looked for anyway.
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
