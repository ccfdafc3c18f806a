"""The tutorial works as printed: its commands are run, and their output is compared."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.project_copy import TIMEOUT_SECONDS, ProjectCopy
from tests.project_documents import code_blocks, find_program
from tests.running_service import free_port

TUTORIAL = "docs/tutorial.md"


class Terminal:
    """A shell in the folder of a project, whose output is written to a file."""

    def __init__(self, project: ProjectCopy, log_file: Path) -> None:
        self.log_file = log_file
        self.typed = 0
        with log_file.open("wb") as written:
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
        """Type ``text`` without waiting for its end."""
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def run(self, text: str) -> str:
        """Type ``text``, wait until it ends, and return all output so far."""
        self.typed += 1
        end = f"-- done {self.typed} --\n"
        self.type(f"{text}\necho '{end.strip()}'\n")
        return self.wait_for(end)

    def wait_for(self, text: str) -> str:
        """Wait until ``text`` is printed."""
        end = time.monotonic() + TIMEOUT_SECONDS
        while text not in (output := self.log_file.read_text()):
            assert time.monotonic() < end, f"{text!r} is not in {output!r}"
            time.sleep(0.05)
        return output

    def send_ctrl_c(self) -> None:
        """End the running command, and the shell."""
        try:
            os.killpg(self.process.pid, signal.SIGINT)
            self.process.wait(TIMEOUT_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()


@contextlib.contextmanager
def three_terminals(project: ProjectCopy, folder: Path) -> Iterator[tuple[Terminal, ...]]:
    """Open three shells in the project; Ctrl-C is sent to each at the end."""
    with contextlib.ExitStack() as exit_stack:
        terminals = []
        for number in range(3):
            terminal = Terminal(project, folder / f"terminal-{number}")
            exit_stack.callback(terminal.send_ctrl_c)
            terminals.append(terminal)
        yield tuple(terminals)


def wait_for_the_baseline(project: ProjectCopy) -> None:
    """Wait until the existing posts are recorded as the baseline."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            readiness = httpx.get(project.url("/readyz")).json()
            if readiness.get("database") == {"status": "ok"}:
                return
        time.sleep(0.05)
    raise AssertionError("the database is not well")


def test_tutorial_works_as_printed(tmp_path: Path) -> None:
    """Serve, listen, subscribe, write, edit, compare, remove and list, in a copy of the project."""
    find_program("make")
    project = ProjectCopy(tmp_path / "my project", free_port())
    project.mark_as_set_up()
    project.commit()
    port = str(free_port())
    serve, listen, subscribe, write, edit, compare, leave, look = (
        block.replace("8080", port) for block in code_blocks(TUTORIAL, "sh")
    )
    published, updated, published_and_updated, removed = code_blocks(TUTORIAL, "text")
    with three_terminals(project, tmp_path) as (first, second, third):
        first.type(serve)
        first.wait_for("Serving content/")
        wait_for_the_baseline(project)
        second.type(listen)
        second.wait_for(f"Listening on http://127.0.0.1:{port}")
        assert "whsec_" in third.run(subscribe)

        third.run(write)
        second.wait_for(published)
        third.run(edit)
        second.wait_for(updated)
        assert published_and_updated in third.run(compare)
        third.run(leave)
        output = second.wait_for(removed)
        assert "active" in third.run(look).splitlines()[-2]

    assert output.endswith(published + updated + removed)
    assert project.git("branch").split() == ["*", "trunk"]
