"""A long-running process answers queries in order, and is restarted when it ends."""

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
    """An exception in the middle of a result."""


def process_id(process: BatchProcess[bytes | None]) -> int:
    """Return the id of the process."""
    running = process._process  # noqa: SLF001 — to kill it
    assert running is not None
    return running.pid


@pytest.fixture
def blobs(content: ContentRepository) -> list[bytes]:
    """Commit blobs of sizes around that of a pipe, and return their ids in order."""
    sizes = (0, 1, 4095, 4096, 65535, 65536, 300_000, *range(2, 200))
    content.commit({f"{size}": b"x" * size for size in sizes})
    found = {
        line.split()[3]: line.split()[2] for line in content.git("ls-tree", "main").split("\n")
    }
    return [found[f"{size}"].encode() for size in sizes]


def test_results_are_in_the_order_of_the_queries(
    content: ContentRepository, blobs: list[bytes]
) -> None:
    """Queries may be a list, a generator, or empty."""
    process = object_contents(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    sizes = [len(text or b"") for text in process.query(name for name in blobs)]
    assert sizes == [0, 1, 4095, 4096, 65535, 65536, 300_000, *range(2, 200)]
    assert list(process.query([])) == []
    assert list(process.query([blobs[1], b"1" * 40, blobs[0]])) == [b"x", None, b""]
    process.close()
    process.close()
    assert list(process.query(blobs[:1])) == [b""]
    process.close()


def test_caller_may_stop_early(content: ContentRepository, blobs: list[bytes]) -> None:
    """Results that were not read are not taken for those of the next query."""
    process = object_contents(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    for count in (1, 59, 60, 61):
        assert len(list(islice(process.query(blobs), count))) == count
    assert list(process.query([blobs[1]])) == [b"x"]
    process.close()


def test_process_is_thread_safe(content: ContentRepository, blobs: list[bytes]) -> None:
    """Each thread gets the results of its own queries."""
    process = object_contents(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    expected = list(process.query(blobs))
    wrong = list[int]()

    def work(offset: int) -> None:
        rotated = blobs[offset:] + blobs[:offset]
        if list(process.query(rotated)) != expected[offset:] + expected[:offset]:
            wrong.append(offset)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(0, 200, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    process.close()
    assert wrong == []


def test_killed_process_is_restarted(content: ContentRepository, blobs: list[bytes]) -> None:
    """A kill between two queries has no effect on the results."""
    process = object_contents(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    assert list(process.query(blobs[:2])) == [b"", b"x"]
    first = process_id(process)
    os.kill(first, signal.SIGKILL)
    assert list(process.query(blobs[:2])) == [b"", b"x"]
    assert process_id(process) != first
    process.close()


def test_process_that_ends_again_is_an_error() -> None:
    """Without a repository, git ends without a result."""
    process = object_contents(isolated_environment({"GIT_DIR": os.devnull}))
    for queries in ([b"1" * 40], [b"1" * 100_000] * 59):
        with pytest.raises(EOFError):
            list(process.query(queries))
    process.close()


def test_truncated_result_is_an_error(content: ContentRepository) -> None:
    """A process that ends in the middle of a blob is restarted once."""
    content.commit({"a": b"x" * 100})
    git = content.path / "git"
    git.write_text("#!/bin/sh\nread line\nprintf '%s blob 100\\nxxx' \"$line\"\n")
    git.chmod(0o755)
    process = object_contents(
        isolated_environment({"PATH": f"{content.path}:{os.environ['PATH']}"})
    )
    with pytest.raises(EOFError):
        list(process.query([b"1" * 40]))


def test_interrupted_read_does_not_affect_the_next_query(
    content: ContentRepository, blobs: list[bytes]
) -> None:
    """The rest of an interrupted result is discarded."""
    errors = [_Interrupt()]

    def read(stream: IO[bytes]) -> bytes:
        line = stream.readline()
        if errors:
            raise errors.pop()
        return line

    environment = isolated_environment({"GIT_DIR": str(content.path / ".git")})
    process = BatchProcess("cat-file", "--batch-check", environment=environment, read_result=read)
    with pytest.raises(_Interrupt):
        list(process.query(blobs))
    assert list(process.query(blobs[1:2])) == [blobs[1] + b" blob 1\n"]
    process.close()


def test_only_commits_are_resolved(content: ContentRepository) -> None:
    """Trees, blobs, unknown and ambiguous names resolve to None."""
    commit = content.commit({"a": "1"})
    content.git("tag", "-m", "one", "v1")
    process = revision_resolver(isolated_environment({"GIT_DIR": str(content.path / ".git")}))
    revisions = [b"main", b"v1^{commit}", b"main^{tree}", b"main:a", b"nothing", b"", b"-h", b"a b"]
    assert list(process.query(revisions)) == [commit, commit, *[None] * 6]
    content.commit({"a": "2"})
    assert list(process.query([b"main", b"main~1"])) == [content.head(), commit]
    process.close()
