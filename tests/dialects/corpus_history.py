"""The files of a real repository at any commit of its history."""

import os
import pathlib
import subprocess
from collections.abc import Iterable, Iterator
from typing import Final

from syndicate.model.post import Path
from tests.content_repository import git_environment
from tests.corpora import clone


class CorpusHistory:
    """A clone of the corpus ``name`` in ``into``; skips the test if the corpus is missing."""

    def __init__(self, name: str, into: pathlib.Path) -> None:
        self.path: Final = clone(name, into)

    def files(self, revision: str = "main") -> dict[Path, bytes]:
        """Return every file at ``revision`` by its path."""
        listed = self._git_words("ls-tree", "-rz", revision)
        paths = [Path(os.fsdecode(entry.partition(b"\t")[2])) for entry in listed]
        return dict(zip(paths, self._contents(entry.split()[2] for entry in listed), strict=True))

    def versions(self) -> list[tuple[Path, bytes]]:
        """Return every version that any file ever had on any branch, each once."""
        log = self._git_words(
            *("log", "--all", "-m", "--root", "--format=", "--raw", "-z"),
            *("--no-renames", "--no-abbrev", "--diff-filter=AM"),
        )
        blobs = (about.split()[3] for about in log[::2])
        found = dict.fromkeys(zip(log[1::2], blobs, strict=True))
        contents = self._contents(blob for _, blob in found)
        return [
            (Path(os.fsdecode(path)), data) for (path, _), data in zip(found, contents, strict=True)
        ]

    def edits(self, commit: str) -> list[tuple[Path, Path]]:
        """Return the paths, before and after ``commit``, of the files that it changed or moved."""
        output = self._git_words(
            *("diff-tree", "-r", "-z", "-M50%", "-l0", "--diff-filter=MR", "--raw"),
            *(f"{commit}^", commit),
        )
        words = iter(output)
        pairs = []
        for about in words:
            old = next(words)
            new = next(words) if about.split()[-1].startswith(b"R") else old
            pairs.append((Path(os.fsdecode(old)), Path(os.fsdecode(new))))
        return pairs

    def _git_words(self, *command: str) -> list[bytes]:
        return _git("-C", str(self.path), *command).split(b"\0")[:-1]

    def _contents(self, blobs: Iterable[bytes]) -> Iterator[bytes]:
        wanted = b"".join(blob + b"\n" for blob in blobs)
        output = _git("-C", str(self.path), "cat-file", "--batch", stdin=wanted)
        position = 0
        while position < len(output):
            end = output.index(b"\n", position)
            size = int(output[position:end].split()[2])
            yield output[end + 1 : end + 1 + size]
            position = end + 1 + size + 1


def _git(*arguments: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", *arguments], input=stdin, env=git_environment(), capture_output=True, check=True
    ).stdout
