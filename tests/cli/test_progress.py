"""What commands show on a terminal while they read and render."""

import io
import os
import pathlib
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from typing_extensions import override

from syndicate import telemetry
from syndicate.cli.progress import has_edition, progress
from tests.cli.conftest import Run
from tests.content_repository import ContentRepository, git_environment


class Screen(io.StringIO):
    """A terminal; ``shown`` is set when something is written."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = threading.Event()

    @override
    def isatty(self) -> bool:
        return True

    @override
    def write(self, text: str) -> int:
        written = super().write(text)
        if "read" in text:
            self.shown.set()
        return written


@pytest.fixture
def screen() -> Iterator[Screen]:
    """Return a terminal that nothing was written to."""
    with Screen() as made:
        yield made


def test_terminal_shows_what_was_read_and_rendered(screen: Screen) -> None:
    """Of this command only, kept up to date, and gone at the end."""
    telemetry.commits_read_total.labels("earlier").inc(5)
    with progress(delay_seconds=0, stream=screen):
        assert screen.shown.wait(30)
        first = screen.getvalue()
        telemetry.commits_read_total.labels("now").inc(1_234)
        screen.shown.clear()
        assert screen.shown.wait(30)
    assert "0 commits read, 0 files parsed, 0 posts rendered" in first
    assert "1,234 commits read" in screen.getvalue()
    assert screen.getvalue().rstrip().endswith("\x1b[2K")


def test_log_messages_are_not_wrapped() -> None:
    """On a terminal that is narrower than they are."""
    message = "reason " * 60
    primary, secondary = pty.openpty()
    with (
        os.fdopen(primary, "rb", buffering=0) as shown,
        os.fdopen(secondary, "w") as terminal,
        progress(delay_seconds=0, stream=terminal),
    ):
        found = shown.read(4_096)
        while b"posts rendered" not in found:
            found += shown.read(4_096)
        sys.stderr.write(f"{message}\n")
        while found.count(b"reason") < 60:
            found += shown.read(4_096)
    assert message.strip().encode() in found


def test_nothing_is_shown_of_what_ends_soon(screen: Screen) -> None:
    """Within the first second."""
    with progress(stream=screen):
        pass
    assert screen.getvalue() == ""


def test_nothing_is_shown_of_what_is_done(screen: Screen) -> None:
    """Before the first second has passed, or later."""
    with progress(delay_seconds=0, stream=screen, is_done=lambda: True):
        assert not screen.shown.wait(0.1)
    with progress(delay_seconds=0, stream=screen, is_done=screen.shown.is_set):
        assert screen.shown.wait(30)


def test_first_edition_ends_the_progress_of_serve() -> None:
    """It is counted when it is put in service."""
    telemetry.editions_total.inc()
    assert has_edition()


def test_nothing_is_shown_without_a_terminal() -> None:
    """In a pipe or a file."""
    with io.StringIO() as file:
        with progress(delay_seconds=0, stream=file):
            pass
        assert file.getvalue() == ""


@pytest.mark.slow
def test_results_are_the_same_on_a_terminal(
    run: Run, file: pathlib.Path, content: ContentRepository
) -> None:
    """Those of a real process, whose messages go to a terminal and whose results to a pipe."""
    content.commit({f"news/2024-01-0{n}-p.md": "---\ntitle: P\n---\nWords.\n" for n in "12"})
    expected = run("check", "--format", "json", "--config", file)
    command = [sys.executable, "-m", "syndicate", "check", "--format", "json"]
    primary, secondary = pty.openpty()
    try:
        done = subprocess.run(
            [*command, "--config", str(file)],
            env=git_environment({"PYTHONPATH": "src", "TERM": "xterm"}),
            stdout=subprocess.PIPE,
            stderr=secondary,
            check=False,
        )
    finally:
        os.close(secondary)
        os.close(primary)
    assert (done.returncode, done.stdout.decode()) == (expected.code, expected.out)


@pytest.mark.slow
def test_progress_is_shown_while_a_remote_does_not_respond(file: pathlib.Path) -> None:
    """And an interrupt ends the command, which leaves no line on the terminal."""
    command = [sys.executable, "-m", "syndicate", "check", "--config", str(file)]
    primary, secondary = pty.openpty()
    with socket.create_server(("127.0.0.1", 0)) as remote, os.fdopen(primary, "rb", 0) as terminal:
        url = f"https://127.0.0.1:{remote.getsockname()[1]}/content.git"
        file.write_text(file.read_text().replace('"content"', f'"{url}"'))
        with subprocess.Popen(
            command,
            env=git_environment({"PYTHONPATH": "src", "TERM": "xterm"}),
            stdout=subprocess.PIPE,
            stderr=secondary,
        ) as process:
            connection = remote.accept()[0]
            shown = b""
            while b"0 commits read, 0 files parsed" not in shown:
                shown += terminal.read(4_096)
            process.send_signal(signal.SIGINT)
            while b"\x1b[?25h\r\x1b[1A\x1b[2K" not in shown:  # the cursor, and an empty line
                shown += terminal.read(4_096)
            assert process.wait(30) == 130
            connection.close()
    os.close(secondary)
