"""The tutorial works as it is printed: its commands are typed, and what it shows is seen."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.documents import blocks, program
from tests.project import PATIENCE, Project
from tests.running import free_port

TUTORIAL = "docs/tutorial.md"


class Terminal:
    """A shell in the folder of a project; what is seen in it is kept in a file."""

    def __init__(self, project: Project, seen: Path) -> None:
        self.seen = seen
        self.typed = 0
        with seen.open("wb") as written:
            self.process = subprocess.Popen(
                ["sh", "-e"],
                cwd=project.folder,
                env=project.environment,
                stdin=subprocess.PIPE,
                stdout=written,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def type(self, text: str) -> None:
        """Type ``text``; it may go on running."""
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def run(self, text: str) -> str:
        """Type ``text``, wait until it is done, and return everything seen so far."""
        self.typed += 1
        end = f"-- done {self.typed} --\n"
        self.type(f"{text}\necho '{end.strip()}'\n")
        return self.wait_for(end)

    def wait_for(self, text: str) -> str:
        """Wait until ``text`` is seen."""
        end = time.monotonic() + PATIENCE
        while text not in (seen := self.seen.read_text()):
            assert time.monotonic() < end, f"{text!r} is not in {seen!r}"
            time.sleep(0.05)
        return seen

    def press_ctrl_c(self) -> None:
        """End what runs, and the shell."""
        try:
            os.killpg(self.process.pid, signal.SIGINT)
            self.process.wait(PATIENCE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()


@contextlib.contextmanager
def three_terminals(project: Project, folder: Path) -> Iterator[tuple[Terminal, ...]]:
    """Open three shells in the project; in the end Ctrl-C is pressed in each."""
    with contextlib.ExitStack() as closing:
        opened = []
        for number in range(3):
            terminal = Terminal(project, folder / f"terminal-{number}")
            closing.callback(terminal.press_ctrl_c)
            opened.append(terminal)
        yield tuple(opened)


def wait_for_the_first_telling(project: Project) -> None:
    """Return as soon as what is there has become the baseline."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(project.url("/readyz")).json()["database"] == {"status": "ok"}:
                return
        time.sleep(0.05)
    raise AssertionError("the database is not well")


def test_the_tutorial_works_as_printed(tmp_path: Path) -> None:
    """Serve, listen, subscribe, write, edit, compare, take back, look: in a copy of the project."""
    program("make")
    project = Project(tmp_path / "my project", free_port())
    project.set_up()
    project.commit()
    port = str(free_port())
    serve, listen, subscribe, write, edit, compare, leave, look = (
        block.replace("8080", port) for block in blocks(TUTORIAL, "sh")
    )
    published, updated, both, removed = blocks(TUTORIAL, "text")
    with three_terminals(project, tmp_path) as (first, second, third):
        first.type(serve)
        first.wait_for("Serving content/")
        wait_for_the_first_telling(project)
        second.type(listen)
        second.wait_for(f"Listening on http://127.0.0.1:{port}")
        assert "whsec_" in third.run(subscribe)

        third.run(write)
        second.wait_for(published)
        third.run(edit)
        second.wait_for(updated)
        assert both in third.run(compare)
        third.run(leave)
        told = second.wait_for(removed)
        assert "active" in third.run(look).splitlines()[-2]

    assert told.endswith(published + updated + removed)
    assert project.git("branch").split() == ["*", "trunk"]
