"""A long-lived process answers many questions, and is replaced when it dies."""

import os
import signal
import threading
from itertools import islice
from typing import IO

import pytest

from syndicate.git.batch_process import BatchProcess, object_contents, revision_resolver
from syndicate.git.command import isolated_environment
from tests.content_repository import ContentRepository


class _Interrupt(BaseException):
    """What a test raises in the middle of an answer."""


def number(catalogue: BatchProcess[bytes | None]) -> int:
    """Return the id of the catalogue's process."""
    process = catalogue._process  # noqa: SLF001 — to kill it
    assert process is not None
    return process.pid


@pytest.fixture
def blobs(content: ContentRepository) -> list[bytes]:
    """Commit blobs of sizes around that of a pipe, and return their ids in order."""
    sizes = (0, 1, 4095, 4096, 65535, 65536, 300_000, *range(2, 200))
    content.commit({f"{size}": b"x" * size for size in sizes})
    found = {
        line.split()[3]: line.split()[2] for line in content.git("ls-tree", "main").split("\n")
    }
    return [found[f"{size}"].encode() for size in sizes]


def test_answers_come_in_the_order_of_the_questions(
    content: ContentRepository, blobs: list[bytes]
) -> None:
    """Any number of questions may be asked at once, from a generator too, and none."""
    catalogue = object_contents(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    sizes = [len(text or b"") for text in catalogue.query(name for name in blobs)]
    assert sizes == [0, 1, 4095, 4096, 65535, 65536, 300_000, *range(2, 200)]
    assert list(catalogue.query([])) == []
    assert list(catalogue.query([blobs[1], b"1" * 40, blobs[0]])) == [b"x", None, b""]
    catalogue.close()
    catalogue.close()
    assert list(catalogue.query(blobs[:1])) == [b""]
    catalogue.close()


def test_a_caller_may_stop_early(content: ContentRepository, blobs: list[bytes]) -> None:
    """What was asked and not taken is not mistaken for the next answer."""
    catalogue = object_contents(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    for count in (1, 59, 60, 61):
        assert len(list(islice(catalogue.query(blobs), count))) == count
    assert list(catalogue.query([blobs[1]])) == [b"x"]
    catalogue.close()


def test_threads_take_turns(content: ContentRepository, blobs: list[bytes]) -> None:
    """Each of several threads gets the answers to its own questions."""
    catalogue = object_contents(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    expected = list(catalogue.query(blobs))
    wrong = list[int]()

    def work(offset: int) -> None:
        turned = blobs[offset:] + blobs[:offset]
        if list(catalogue.query(turned)) != expected[offset:] + expected[:offset]:
            wrong.append(offset)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(0, 200, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    catalogue.close()
    assert wrong == []


def test_a_process_that_died_is_replaced(content: ContentRepository, blobs: list[bytes]) -> None:
    """A kill between two questions goes unnoticed."""
    catalogue = object_contents(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    assert list(catalogue.query(blobs[:2])) == [b"", b"x"]
    first = number(catalogue)
    os.kill(first, signal.SIGKILL)
    assert list(catalogue.query(blobs[:2])) == [b"", b"x"]
    assert number(catalogue) != first
    catalogue.close()


def test_a_process_that_dies_each_time_is_given_up() -> None:
    """Where there is no repository, git ends without an answer."""
    catalogue = object_contents(isolated_environment({"GIT_DIR": os.devnull}))
    for questions in ([b"1" * 40], [b"1" * 100_000] * 59):
        with pytest.raises(EOFError):
            list(catalogue.query(questions))
    catalogue.close()


def test_an_answer_that_is_cut_short_is_no_answer(content: ContentRepository) -> None:
    """A process that ends in the middle of a blob is asked again, and then given up."""
    content.commit({"a": b"x" * 100})
    git = content.path / "git"
    git.write_text("#!/bin/sh\nread line\nprintf '%s blob 100\\nxxx' \"$line\"\n")
    git.chmod(0o755)
    catalogue = object_contents(
        isolated_environment({"PATH": f"{content.path}:{os.environ['PATH']}"})
    )
    with pytest.raises(EOFError):
        list(catalogue.query([b"1" * 40]))


def test_an_interrupt_in_an_answer_spoils_none_that_follow(
    content: ContentRepository, blobs: list[bytes]
) -> None:
    """Whatever happens while reading, the rest of that answer is never taken for another."""
    troubles = [_Interrupt()]

    def read(stream: IO[bytes]) -> bytes:
        line = stream.readline()
        if troubles:
            raise troubles.pop()
        return line

    environment = isolated_environment({"GIT_DIR": str(content.path / ".git")})
    catalogue = BatchProcess("cat-file", "--batch-check", environment=environment, read_result=read)
    with pytest.raises(_Interrupt):
        list(catalogue.query(blobs))
    assert list(catalogue.query(blobs[1:2])) == [blobs[1] + b" blob 1\n"]
    catalogue.close()


def test_names_are_those_of_commits(content: ContentRepository) -> None:
    """What means a tree or a blob, nothing, or several things, means no commit."""
    commit = content.commit({"a": "1"})
    content.git("tag", "-m", "one", "v1")
    catalogue = revision_resolver(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    asked = [b"main", b"v1^{commit}", b"main^{tree}", b"main:a", b"nothing", b"", b"-h", b"a b"]
    assert list(catalogue.query(asked)) == [commit, commit, *[None] * 6]
    content.commit({"a": "2"})
    assert list(catalogue.query([b"main", b"main~1"])) == [content.head(), commit]
    catalogue.close()
