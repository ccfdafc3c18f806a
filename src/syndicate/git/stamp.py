"""Tell cheaply whether a branch can have moved, without running git."""

import os
from collections.abc import Hashable, Iterator
from typing import Final

from syndicate.git.place import Place

_RULES: Final = ("", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
"""Where git looks for a short name (gitrevisions(7)); all count, since the first found wins."""

_DEPTH: Final = 5
"""How many symbolic refs git follows."""

_LONGEST: Final = 4096
"""Bytes of a ref's file that are looked at; it holds one object or ref name."""


def stamp(place: Place, ref: str) -> Hashable:
    """Return a value that differs whenever ``ref`` can point elsewhere than before.

    Loose refs are read, not only looked at: two moves within one tick of the file system's clock
    can leave equal times behind. The packed ones are replaced by renaming, so that time, size and
    inode tell; so is a reftable's list, whose entries never have the same name twice.
    """
    return (
        _replaced(f"{place.common}/packed-refs"),
        *(content for file in _files(place, ref) for content in _chain(file, str(place.common))),
    )


def folders(place: Place, ref: str) -> tuple[str, ...]:
    """Return the folders of the files that a stamp is made of, whether they are there or not."""
    files = (f"{place.common}/packed-refs", *_files(place, ref))
    return tuple(dict.fromkeys(file.rpartition("/")[0] for file in files))


def _files(place: Place, ref: str) -> Iterator[str]:
    names = [rule + ref for rule in _RULES] + [f"refs/remotes/{ref}/HEAD", "reftable/tables.list"]
    for folder in sorted({str(place.folder), str(place.common)}):
        yield from (f"{folder}/{name}" for name in names)


def _chain(file: str, common: str) -> Iterator[bytes | None]:
    """Read a ref and, where it is symbolic as HEAD is, the one it names, and so on."""
    for _ in range(_DEPTH):
        content = _read(file)
        yield content
        if content is None or not content.startswith(b"ref:"):
            return
        file = f"{common}/{os.fsdecode(content[4:].strip())}"


def _read(file: str) -> bytes | None:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):  # ValueError: a NUL in what calls itself a symbolic ref
        return None
    try:
        return os.read(descriptor, _LONGEST)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _replaced(file: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(file)  # noqa: PTH116 — called a hundred times a second
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
