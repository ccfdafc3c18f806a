"""Long-lived git processes: many questions to a single one, from any thread."""

import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, Final, Generic, TypeVar, cast

from syndicate.git.command import config_variables, start_git
from syndicate.git.parsers import COMMIT_FORMAT, Commit, parse_commits
from syndicate.model.post import CommitId

Answer = TypeVar("Answer")

_MAX_PENDING_QUERIES: Final = 60
"""Questions under way at once. Their 65 bytes each fit into the smallest pipe POSIX allows
(4096), so writing them never waits for git, which may be waiting for its answers to be read."""

_END_MARKER: Final = f"that was all, {secrets.token_hex(8)}".encode()
"""What nobody can have called a file."""

_LOW_MEMORY_CONFIG: Final = {
    "core.packedGitWindowSize": "1m",
    "core.packedGitLimit": "8m",
    "core.deltaBaseCacheLimit": "8m",
    "core.bigFileThreshold": "8m",  # larger files are streamed instead of held in memory
}
"""What keeps a process that lives long from holding all it has ever read."""

_COMMIT_LINE: Final = re.compile(rb"([0-9a-f]{40,64}) commit \d+\n")
_OBJECT_LINE: Final = re.compile(rb"[0-9a-f]{40,64} \w+ (\d+)\n")


class BatchProcess(Generic[Answer]):
    """A process that is started when asked, and again when it has died.

    Args:
        arguments: Of ``git``, which make it read questions and answer each at once.
        environment: Which repository, and which configuration counts.
        read: Reads one answer; raises `EOFError` where the process has ended.
    """

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        read_result: Callable[[IO[bytes]], Answer],
    ) -> None:
        self._arguments = arguments
        self._environment = environment
        self._read_result = read_result
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def query(self, queries: Iterable[bytes]) -> Iterator[Answer]:
        """Answer each of ``questions``, one line without its end each, in their order.

        Nothing is under way while a caller thinks about an answer, so callers may stop early and
        threads take turns. Raises `EOFError` if the process dies each time it is asked.
        """
        window = list[bytes]()
        for line in queries:
            window.append(line)
            if len(window) == _MAX_PENDING_QUERIES:
                yield from self._query_with_restart(window)
                window.clear()
        if window:
            yield from self._query_with_restart(window)

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._stop()

    def _query_with_restart(self, queries: Sequence[bytes]) -> list[Answer]:
        with self._lock:
            try:
                return self._write_and_read(queries)
            except EOFError:  # it died since it was last asked
                return self._write_and_read(queries)

    def _write_and_read(self, queries: Sequence[bytes]) -> list[Answer]:
        if self._process is None:
            self._process = start_git(*self._arguments, environment=self._environment)
        stdin = cast("IO[bytes]", self._process.stdin)
        stdout = cast("IO[bytes]", self._process.stdout)
        try:
            stdin.write(b"".join(b"%s\n" % question for question in queries))
            stdin.flush()
            return [self._read_result(stdout) for _ in queries]
        except BrokenPipeError as error:
            self._stop()
            raise EOFError from error
        except BaseException:
            self._stop()  # what it still has to say would be taken for the next answers
            raise

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def object_contents(environment: Mapping[str, str]) -> BatchProcess[bytes | None]:
    """Return a catalogue of what objects hold, asked by full id; None for a missing one."""
    lean = {**environment, **config_variables(environment, _LOW_MEMORY_CONFIG)}
    return BatchProcess("cat-file", "--batch", environment=lean, read_result=_read_content)


def object_sizes(environment: Mapping[str, str]) -> BatchProcess[int | None]:
    """Return a catalogue of the sizes of objects in bytes, asked by full id; None if missing."""
    return BatchProcess(
        "cat-file", "--batch-check", environment=environment, read_result=_read_size
    )


def revision_resolver(environment: Mapping[str, str]) -> BatchProcess[CommitId | None]:
    """Return a catalogue of commits, asked by any revision; None where it means no commit."""
    return BatchProcess(
        "cat-file", "--batch-check", environment=environment, read_result=_read_commit_id
    )


def commit_differ(environment: Mapping[str, str]) -> BatchProcess[Commit | None]:
    """Return a catalogue of commits, asked by full id with `step`, each with what it changed.

    Against its first parent, without renames; None for a missing one. An answer takes a tenth
    of the time of a process of its own. To be asked one at a time, for questions are longer here.
    """
    arguments = ("diff-tree", "--stdin", "--always", "-r", "--no-renames", *COMMIT_FORMAT)
    return BatchProcess(*arguments, environment=environment, read_result=_read_commit_diff)


def commit_diff_query(commit: CommitId) -> bytes:
    """Return the question for ``commit``, and a line that is no id, which git echoes at once."""
    return b"%s\n%s" % (commit.encode(), _END_MARKER)


def _read_commit_diff(stream: IO[bytes]) -> Commit | None:
    output = _read_line(stream)
    while not output.endswith(_END_MARKER + b"\n"):
        output += _read_line(stream)
    return next(parse_commits(output.removesuffix(_END_MARKER + b"\n")), None)


def _read_content(stream: IO[bytes]) -> bytes | None:
    header = _read_line(stream)
    if header.endswith(b" missing\n"):
        return None
    size = int(header.rpartition(b" ")[2])
    content = stream.read(size + 1)
    if len(content) <= size:
        raise EOFError
    return content[:-1]


def _read_size(stream: IO[bytes]) -> int | None:
    match = _OBJECT_LINE.fullmatch(_read_line(stream))
    return int(match[1]) if match else None


def _read_commit_id(stream: IO[bytes]) -> CommitId | None:
    match = _COMMIT_LINE.fullmatch(_read_line(stream))
    return CommitId(match[1].decode()) if match else None


def _read_line(stream: IO[bytes]) -> bytes:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line
