"""Read blobs of a bounded size; a blob that cannot be read does not stop the others."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, TypeVar

from syndicate.git.batch_process import BatchProcess
from syndicate.model.post import BlobId

_BATCH_BLOBS: Final = 60
"""Blobs whose sizes are asked for together."""

_BATCH_BYTES: Final = 4_000_000
"""Bytes of blobs that are in memory together, unless a single blob is larger."""

_NULL_ID: Final = BlobId("0" * 40)

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableBlob:
    """Why a blob was not read; ``size`` in bytes, 0 where it is unknown."""

    reason: Literal["too-large", "missing", "corrupt"]
    size: int = 0


Content = bytes | UnreadableBlob


class BlobReader:
    """Reads blobs through two long-lived git processes, one for sizes and one for contents.

    The size is asked first, so that a blob over the limit never enters the memory of git or of
    this process. Raises `EOFError` where git does not answer at all.
    """

    def __init__(
        self, *, sizes: BatchProcess[int | None], contents: BatchProcess[bytes | None]
    ) -> None:
        self._sizes = sizes
        self._contents = contents

    def read(self, blobs: Iterable[BlobId], *, max_bytes: int) -> Iterator[tuple[BlobId, Content]]:
        """Yield each of ``blobs``, full ids, with its content or the reason why there is none."""
        remaining = iter(blobs)
        while batch := tuple(islice(remaining, _BATCH_BLOBS)):
            sizes = _query_all(self._sizes, batch)
            for group in _split_by_size(batch, sizes, max_bytes):
                yield from self._read_group(group, max_bytes)

    def _read_group(
        self, group: Sequence[tuple[BlobId, int | UnreadableBlob]], max_bytes: int
    ) -> Iterator[tuple[BlobId, Content]]:
        wanted = [blob for blob, size in group if _is_readable(size, max_bytes)]
        results: list[bytes | UnreadableBlob] = _query_all(self._contents, wanted)
        found = dict(zip(wanted, results, strict=True))
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
    """Split ``batch`` into groups whose contents fit into memory together."""
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
    process: BatchProcess[_Answer | None], blobs: Sequence[BlobId]
) -> list[_Answer | UnreadableBlob]:
    """Ask for all of ``blobs``; one by one where git ends at one of them, as at a corrupt one."""
    missing = UnreadableBlob(reason="missing")
    try:
        results = list(process.query(blob.encode() for blob in blobs))
    except EOFError:
        one_by_one: list[_Answer | UnreadableBlob] = []
        for blob in blobs:
            result = _query_single(process, blob)
            one_by_one.append(result)
        return one_by_one
    return [missing if result is None else result for result in results]


def _query_single(process: BatchProcess[_Answer | None], blob: BlobId) -> _Answer | UnreadableBlob:
    try:
        result = next(process.query([blob.encode()]))
    except EOFError:
        next(process.query([_NULL_ID.encode()]))  # EOFError again: it is not this blob's fault
        return UnreadableBlob(reason="corrupt")
    return UnreadableBlob(reason="missing") if result is None else result


def _verify(blob: BlobId, content: Content) -> Content:
    """Compare ``content`` with its id, which ``git cat-file`` does not do for what it streams."""
    if isinstance(content, UnreadableBlob):
        return content
    kind = "sha1" if len(blob) == len(_NULL_ID) else "sha256"
    digest = hashlib.new(kind, b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    if digest.hexdigest() != blob:
        return UnreadableBlob(reason="corrupt", size=len(content))
    return content
