"""Long-lived git processes: many questions to a single one, from any thread."""

import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, Final, Generic, TypeVar, cast

from syndicate.git.command import configured, start
from syndicate.git.record import COMMIT, Commit, commits
from syndicate.model.post import CommitId

Answer = TypeVar("Answer")

_WINDOW: Final = 60
"""Questions under way at once. Their 65 bytes each fit into the smallest pipe POSIX allows
(4096), so writing them never waits for git, which may be waiting for its answers to be read."""

_END: Final = f"that was all, {secrets.token_hex(8)}".encode()
"""What nobody can have called a file."""

_LEAN: Final = {
    "core.packedGitWindowSize": "1m",
    "core.packedGitLimit": "8m",
    "core.deltaBaseCacheLimit": "8m",
    "core.bigFileThreshold": "8m",  # larger files are streamed instead of held in memory
}
"""What keeps a process that lives long from holding all it has ever read."""

_COMMIT: Final = re.compile(rb"([0-9a-f]{40,64}) commit \d+\n")
_SIZE: Final = re.compile(rb"[0-9a-f]{40,64} \w+ (\d+)\n")


class Catalogue(Generic[Answer]):
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
        read: Callable[[IO[bytes]], Answer],
    ) -> None:
        self._arguments = arguments
        self._environment = environment
        self._read = read
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, questions: Iterable[bytes]) -> Iterator[Answer]:
        """Answer each of ``questions``, one line without its end each, in their order.

        Nothing is under way while a caller thinks about an answer, so callers may stop early and
        threads take turns. Raises `EOFError` if the process dies each time it is asked.
        """
        window = list[bytes]()
        for question in questions:
            window.append(question)
            if len(window) == _WINDOW:
                yield from self._exchange(window)
                window.clear()
        if window:
            yield from self._exchange(window)

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._end()

    def _exchange(self, questions: Sequence[bytes]) -> list[Answer]:
        with self._lock:
            try:
                return self._converse(questions)
            except EOFError:  # it died since it was last asked
                return self._converse(questions)

    def _converse(self, questions: Sequence[bytes]) -> list[Answer]:
        if self._process is None:
            self._process = start(*self._arguments, environment=self._environment)
        sending = cast("IO[bytes]", self._process.stdin)
        receiving = cast("IO[bytes]", self._process.stdout)
        try:
            sending.write(b"".join(b"%s\n" % question for question in questions))
            sending.flush()
            return [self._read(receiving) for _ in questions]
        except BrokenPipeError as error:
            self._end()
            raise EOFError from error
        except BaseException:
            self._end()  # what it still has to say would be taken for the next answers
            raise

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def contents(environment: Mapping[str, str]) -> Catalogue[bytes | None]:
    """Return a catalogue of what objects hold, asked by full id; None for a missing one."""
    lean = {**environment, **configured(environment, _LEAN)}
    return Catalogue("cat-file", "--batch", environment=lean, read=_content)


def sizes(environment: Mapping[str, str]) -> Catalogue[int | None]:
    """Return a catalogue of the sizes of objects in bytes, asked by full id; None if missing."""
    return Catalogue("cat-file", "--batch-check", environment=environment, read=_size)


def names(environment: Mapping[str, str]) -> Catalogue[CommitId | None]:
    """Return a catalogue of commits, asked by any revision; None where it means no commit."""
    return Catalogue("cat-file", "--batch-check", environment=environment, read=_commit)


def steps(environment: Mapping[str, str]) -> Catalogue[Commit | None]:
    """Return a catalogue of commits, asked by full id with `step`, each with what it changed.

    Against its first parent, without renames; None for a missing one. An answer takes a tenth
    of the time of a process of its own. To be asked one at a time, for questions are longer here.
    """
    arguments = ("diff-tree", "--stdin", "--always", "-r", "--no-renames", *COMMIT)
    return Catalogue(*arguments, environment=environment, read=_step)


def step(commit: CommitId) -> bytes:
    """Return the question for ``commit``, and a line that is no id, which git echoes at once."""
    return b"%s\n%s" % (commit.encode(), _END)


def _step(stream: IO[bytes]) -> Commit | None:
    said = _line(stream)
    while not said.endswith(_END + b"\n"):
        said += _line(stream)
    return next(commits(said.removesuffix(_END + b"\n")), None)


def _content(stream: IO[bytes]) -> bytes | None:
    header = _line(stream)
    if header.endswith(b" missing\n"):
        return None
    size = int(header.rpartition(b" ")[2])
    content = stream.read(size + 1)
    if len(content) <= size:
        raise EOFError
    return content[:-1]


def _size(stream: IO[bytes]) -> int | None:
    match = _SIZE.fullmatch(_line(stream))
    return int(match[1]) if match else None


def _commit(stream: IO[bytes]) -> CommitId | None:
    match = _COMMIT.fullmatch(_line(stream))
    return CommitId(match[1].decode()) if match else None


def _line(stream: IO[bytes]) -> bytes:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line
