"""Detects that a ref may have moved, without running git."""

import os
from collections.abc import Hashable, Iterator
from typing import Final

from syndicate.git.repository_layout import RepositoryLayout

_REF_PREFIXES: Final = ("", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
"""Where git looks for a short name (gitrevisions(7)); all are read, since the first one wins."""

_MAX_SYMBOLIC_DEPTH: Final = 5
"""Symbolic refs that git follows."""

_MAX_REF_BYTES: Final = 4096
"""Bytes read from the file of a ref, which holds one object id or ref name."""


def fingerprint(layout: RepositoryLayout, ref: str) -> Hashable:
    """Return a value that changes whenever ``ref`` may have moved.

    The content of loose refs is read: two moves within one tick of the file system's clock can
    leave equal times. ``packed-refs`` is replaced by renaming, so its time, size and inode
    suffice. The list of a reftable is read; its entries never repeat a name.
    """
    return (
        _file_identity(f"{layout.common_dir}/packed-refs"),
        *(
            content
            for file in _ref_files(layout, ref)
            for content in _read_symbolic_ref(file, str(layout.common_dir))
        ),
    )


def watched_folders(layout: RepositoryLayout, ref: str) -> tuple[str, ...]:
    """Return the folders of the files in the fingerprint, whether or not they exist."""
    files = (f"{layout.common_dir}/packed-refs", *_ref_files(layout, ref))
    return tuple(dict.fromkeys(file.rpartition("/")[0] for file in files))


def _ref_files(layout: RepositoryLayout, ref: str) -> Iterator[str]:
    names = [rule + ref for rule in _REF_PREFIXES] + [
        f"refs/remotes/{ref}/HEAD",
        "reftable/tables.list",
    ]
    for folder in sorted({str(layout.git_dir), str(layout.common_dir)}):
        yield from (f"{folder}/{name}" for name in names)


def _read_symbolic_ref(file: str, common: str) -> Iterator[bytes | None]:
    """Yield the content of a ref and of each ref that a symbolic one names."""
    for _ in range(_MAX_SYMBOLIC_DEPTH):
        content = _read_ref(file)
        yield content
        if content is None or not content.startswith(b"ref:"):
            return
        file = f"{common}/{os.fsdecode(content[4:].strip())}"


def _read_ref(file: str) -> bytes | None:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):  # ValueError: a NUL in a symbolic ref
        return None
    try:
        return os.read(descriptor, _MAX_REF_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _file_identity(file: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(file)  # noqa: PTH116 — faster; called a hundred times a second
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
