"""A thread-safe client for long-running git processes (``cat-file --batch``), and blob reading."""

import hashlib
import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Final, Generic, Literal, TypeVar, cast

from syndicate.git.command import config_variables, start_git
from syndicate.git.history import COMMIT_FORMAT, Commit, parse_commits, split_tokens
from syndicate.model.post import BlobId, CommitId

Result = TypeVar("Result")

_MAX_PENDING_QUERIES: Final = 60
"""Queries sent before results are read. At 65 bytes each they fit into the smallest pipe POSIX
allows (4096 bytes), so writing them cannot deadlock with git writing results."""

_END_MARKER: Final = f"end of commit {secrets.token_hex(8)}".encode()
"""A random line that cannot be part of git's output."""

_LOW_MEMORY_CONFIG: Final = {
    "core.packedGitWindowSize": "1m",
    "core.packedGitLimit": "8m",
    "core.deltaBaseCacheLimit": "32m",  # with 8m, 50,000 versions of files take twice the time
    "core.bigFileThreshold": "8m",  # larger files are streamed, not loaded
}
"""Limits the memory of a long-running process."""

_COMMIT_LINE: Final = re.compile(rb"([0-9a-f]{40,64}) commit \d+\n")
_OBJECT_LINE: Final = re.compile(rb"[0-9a-f]{40,64} \w+ (\d+)\n")

_BATCH_BLOBS: Final = 60
"""Blobs whose sizes are queried together."""

_BATCH_BYTES: Final = 4_000_000
"""Bytes of blobs held in memory together, unless a single blob is larger."""

_NULL_ID: Final = BlobId("0" * 40)

RENAME_DIFF: Final = ("diff-tree", "--always", "-r", "-M50%", "-l20000", *COMMIT_FORMAT)
"""The git command that detects renames in a commit.

Git compares each deleted file with each added one, unless the content or the name is the same:
2,000 files that are all renamed and edited in one commit take it 1.3 s of CPU, and ten times as
many, at that rate, a hundred times as long. Beyond the limit, only renames with the same content or
name count.
"""


class BatchProcess(Generic[Result]):
    """A git process that reads queries from standard input; started on use, restarted if it ended.

    Args:
        arguments: The git command, which must answer each query at once.
        environment: Selects the repository and the configuration.
        read_result: Reads one result; raises `EOFError` if the process has ended.
    """

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        read_result: Callable[[IO[bytes]], Result],
    ) -> None:
        self._arguments = arguments
        self._environment = environment
        self._read_result = read_result
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def query(self, queries: Iterable[bytes]) -> Iterator[Result]:
        """Yield the result of each of ``queries`` (lines without line feed), in their order.

        No query is pending while the caller handles a result, so a caller may stop early and
        threads may alternate. Raises `EOFError` if the process ends again after a restart.
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
        """Stop the process; the next query starts another."""
        with self._lock:
            self._stop()

    def _query_with_restart(self, queries: Sequence[bytes]) -> list[Result]:
        with self._lock:
            try:
                return self._write_and_read(queries)
            except EOFError:  # it ended since the last query
                return self._write_and_read(queries)

    def _write_and_read(self, queries: Sequence[bytes]) -> list[Result]:
        if self._process is None:
            self._process = start_git(*self._arguments, environment=self._environment)
        stdin = cast("IO[bytes]", self._process.stdin)
        stdout = cast("IO[bytes]", self._process.stdout)
        try:
            stdin.write(b"".join(b"%s\n" % query for query in queries))
            stdin.flush()
            return [self._read_result(stdout) for _ in queries]
        except BrokenPipeError as error:
            self._stop()
            raise EOFError from error
        except BaseException:
            self._stop()  # the rest of its output would be read as results of the next queries
            raise

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def object_contents(environment: Mapping[str, str]) -> BatchProcess[bytes | None]:
    """Return a process that reads objects by full id; the result is None if one is missing."""
    low_memory = {**environment, **config_variables(environment, _LOW_MEMORY_CONFIG)}
    return BatchProcess("cat-file", "--batch", environment=low_memory, read_result=_read_content)


def object_sizes(environment: Mapping[str, str]) -> BatchProcess[int | None]:
    """Return a process that gets the size of objects in bytes by full id; None if missing."""
    return BatchProcess(
        "cat-file", "--batch-check", environment=environment, read_result=_read_size
    )


def revision_resolver(environment: Mapping[str, str]) -> BatchProcess[CommitId | None]:
    """Return a process that resolves revisions to commit ids; None if one names no commit."""
    return BatchProcess(
        "cat-file", "--batch-check", environment=environment, read_result=_read_commit_id
    )


def commit_differ(environment: Mapping[str, str]) -> BatchProcess[Commit | None]:
    """Return a process that reads commits with their changes, queried with `commit_diff_query`.

    Changes are against the first parent, without renames; the result is None if the commit is
    missing. A query takes a tenth of the time of a new process. Only one query at a time may be
    sent, because these queries are longer.
    """
    arguments = ("diff-tree", "--stdin", "--always", "-r", "--no-renames", *COMMIT_FORMAT)
    return BatchProcess(*arguments, environment=environment, read_result=_read_commit_diff)


def rename_detector(
    environment: Mapping[str, str], pathspecs: Iterable[str]
) -> BatchProcess[Commit | None]:
    """Return a process like `commit_differ` that detects renames among ``pathspecs``.

    Git reads the blobs of all files that a commit adds or deletes among them.
    """
    return BatchProcess(
        *(*RENAME_DIFF, "--stdin", "--", *pathspecs),
        environment=environment,
        read_result=_read_commit_diff,
    )


def commit_diff_query(commit: CommitId) -> bytes:
    """Return the query for ``commit``, and an end marker that git echoes."""
    return b"%s\n%s" % (commit.encode(), _END_MARKER)


def _read_commit_diff(stream: IO[bytes]) -> Commit | None:
    output = _read_line(stream)
    while not output.endswith(_END_MARKER + b"\n"):
        output += _read_line(stream)
    tokens = split_tokens([output.removesuffix(_END_MARKER + b"\n")])
    return next(parse_commits(tokens), None)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableBlob:
    """Why a blob was not read; ``size`` is in bytes, 0 if unknown."""

    reason: Literal["too-large", "missing", "corrupt"]
    size: int = 0


BlobContent = bytes | UnreadableBlob
"""The bytes of a blob, or why it was not read."""


class BlobReader:
    """Reads blobs of limited size; a blob that cannot be read does not stop the others.

    The size is queried first, so that a blob over the limit is never loaded by git or by this
    process. Raises `EOFError` if git does not answer at all.
    """

    def __init__(
        self, *, sizes: BatchProcess[int | None], contents: BatchProcess[bytes | None]
    ) -> None:
        self._sizes = sizes
        self._contents = contents

    def read(
        self, blobs: Iterable[BlobId], *, max_bytes: int
    ) -> Iterator[tuple[BlobId, BlobContent]]:
        """Yield each of ``blobs`` (full ids) with its content or the reason why it is not read."""
        remaining = iter(blobs)
        while batch := tuple(islice(remaining, _BATCH_BLOBS)):
            sizes = _query_all(self._sizes, batch)
            for group in _split_by_size(batch, sizes, max_bytes):
                yield from self._read_group(group, max_bytes)

    def _read_group(
        self, group: Sequence[tuple[BlobId, int | UnreadableBlob]], max_bytes: int
    ) -> Iterator[tuple[BlobId, BlobContent]]:
        readable = [blob for blob, size in group if _is_readable(size, max_bytes)]
        results: list[bytes | UnreadableBlob] = _query_all(self._contents, readable)
        found = dict(zip(readable, results, strict=True))
        for blob, size in group:
            if isinstance(size, UnreadableBlob):
                yield blob, size
            elif size > max_bytes:
                yield blob, UnreadableBlob(reason="too-large", size=size)
            else:
                yield blob, _verify(blob, found[blob])


def _is_readable(size: int | UnreadableBlob, max_bytes: int) -> bool:
    return not isinstance(size, UnreadableBlob) and size <= max_bytes


def _split_by_size(
    batch: Sequence[BlobId], sizes: Sequence[int | UnreadableBlob], max_bytes: int
) -> Iterator[list[tuple[BlobId, int | UnreadableBlob]]]:
    """Split ``batch`` into groups of at most `_BATCH_BYTES`."""
    group: list[tuple[BlobId, int | UnreadableBlob]] = []
    total = 0
    for blob, size in zip(batch, sizes, strict=True):
        readable = size if not isinstance(size, UnreadableBlob) and size <= max_bytes else 0
        if group and total + readable > _BATCH_BYTES:
            yield group
            group, total = [], 0
        group.append((blob, size))
        total += readable
    yield group


def _query_all(
    process: BatchProcess[Result | None], blobs: Sequence[BlobId]
) -> list[Result | UnreadableBlob]:
    """Query all of ``blobs``; one by one if git ends at one of them, as at a corrupt one."""
    missing = UnreadableBlob(reason="missing")
    try:
        results = list(process.query(blob.encode() for blob in blobs))
    except EOFError:
        one_by_one: list[Result | UnreadableBlob] = []
        for blob in blobs:
            result = _query_single(process, blob)
            one_by_one.append(result)
        return one_by_one
    return [missing if result is None else result for result in results]


def _query_single(process: BatchProcess[Result | None], blob: BlobId) -> Result | UnreadableBlob:
    try:
        result = next(process.query([blob.encode()]))
    except EOFError:
        next(
            process.query([_NULL_ID.encode()])
        )  # raises EOFError again if the blob is not the cause
        return UnreadableBlob(reason="corrupt")
    return UnreadableBlob(reason="missing") if result is None else result


def _verify(blob: BlobId, content: BlobContent) -> BlobContent:
    """Check ``content`` against its id; ``git cat-file`` does not do so for streamed objects."""
    if isinstance(content, UnreadableBlob):
        return content
    algorithm = hashlib.sha1 if len(blob) == len(_NULL_ID) else hashlib.sha256
    digest = algorithm(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    if digest.hexdigest() != blob:
        return UnreadableBlob(reason="corrupt", size=len(content))
    return content
