"""What a command is doing, on a terminal, where it takes more than a second."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final, TextIO

from syndicate import telemetry

_DELAY_SECONDS: Final = 1.0
_REFRESH_SECONDS: Final = 0.25
_LOG_CHARACTERS: Final = 1_000_000
"""More than a line of the log has."""


@contextmanager
def progress(
    *,
    is_done: Callable[[], bool] = lambda: False,
    delay_seconds: float = _DELAY_SECONDS,
    stream: TextIO | None = None,
) -> Iterator[None]:
    """Show how much was read and rendered, until the end of the block or ``is_done``.

    Nothing is shown in the first ``delay_seconds``, nor where ``stream`` (default: stderr) is no
    terminal. The line disappears at the end; log messages appear above it.
    """
    stream = stream or sys.stderr
    if not stream.isatty():
        yield
        return
    stop = Event()
    thread = Thread(target=_display, args=(stream, stop, is_done, delay_seconds), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def has_edition() -> bool:
    """Return whether this process has put an edition in service."""
    return telemetry.total(telemetry.editions_total) > 0


def _display(
    stream: TextIO, stop: Event, is_done: Callable[[], bool], delay_seconds: float
) -> None:
    if stop.wait(delay_seconds) or is_done():
        return
    # Goal: nobody waits for commands that end within a second; rich takes 50 ms of each start.
    from rich.console import Console  # noqa: PLC0415 — see above
    from rich.live import Live  # noqa: PLC0415 — see above
    from rich.text import Text  # noqa: PLC0415 — see above

    before, terminal = _counts(), Console(file=stream)
    # The terminal wraps log messages, so that a line that is copied is one line.
    unwrapped = Console(file=stream, width=_LOG_CHARACTERS)
    with Live(console=unwrapped, transient=True, auto_refresh=False, redirect_stdout=False) as live:
        while True:
            live.update(Text(_describe(before)[: terminal.width - 1]), refresh=True)
            if stop.wait(_REFRESH_SECONDS) or is_done():
                return


def _counts() -> tuple[int, ...]:
    counters = (
        telemetry.commits_read_total,
        telemetry.posts_parsed_total,
        telemetry.posts_rendered_total,
    )
    return tuple(telemetry.total(counter) for counter in counters)


def _describe(before: tuple[int, ...]) -> str:
    """Return the numbers of this command, also where the process has done other work before."""
    commits, files, posts = (now - then for now, then in zip(_counts(), before, strict=True))
    return f"{commits:,} commits read, {files:,} files parsed, {posts:,} posts rendered"
