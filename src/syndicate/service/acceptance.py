"""Which removals of whole folders an operator has accepted, kept in a file."""

import json
import os
import pathlib
from typing import Final

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.model.post import CommitId
from syndicate.private_files import make_folder, open_file

_NOTHING: Final[frozenset[CommitId]] = frozenset()

_log = telemetry.logger("acceptance")


class Acceptances:
    """The commits, by source, that may empty a folder of posts; written by commands, read always.

    The file is JSON: names of sources, each with a list of commits. A service that runs notices
    when it changes.
    """

    def __init__(self, file: pathlib.Path) -> None:
        self.file: Final = file
        self._stamp: tuple[int, int, int] | None = None
        self._known: dict[str, frozenset[CommitId]] = {}
        self._pretended: dict[str, frozenset[CommitId]] = {}

    def of(self, source: str) -> frozenset[CommitId]:
        """Return what was accepted of ``source``; nothing where the file cannot be read.

        Costs one look at the file's times while nothing changes.
        """
        stamp = self._look()
        if stamp != self._stamp:
            try:
                self._known = self._read()
            except StorageError as error:
                _log.warning("acceptances unreadable", reason=error.what)
                self._known = {}
            self._stamp = stamp
        return self._known.get(source, _NOTHING) | self._pretended.get(source, _NOTHING)

    def pretend(self, source: str, commit: CommitId) -> None:
        """Go on as if that was accepted, without writing it down."""
        self._pretended[source] = self._pretended.get(source, _NOTHING) | {commit}

    def add(self, source: str, commit: CommitId) -> None:
        """Accept that ``commit`` emptied folders of ``source``; once it returns, it is on disk.

        Raises `StorageError`, also where the file is there and cannot be understood.
        """
        known = self._read()
        known[source] = known.get(source, _NOTHING) | {commit}
        text = json.dumps({name: sorted(commits) for name, commits in known.items()}, indent=2)
        fresh = self.file.with_name(f"{self.file.name}.new")
        try:
            make_folder(self.file.parent)
            with open_file(fresh) as written:
                written.write(f"{text}\n".encode())
                written.flush()
                os.fsync(written.fileno())
            fresh.replace(self.file)
        except OSError as error:
            raise StorageError(
                f"{self.file} cannot be written: {error.strerror}",
                hint="Run the command as the user who runs the service.",
            ) from error

    def _look(self) -> tuple[int, int, int] | None:
        try:
            about = self.file.stat()
        except OSError:
            return None
        return about.st_ino, about.st_mtime_ns, about.st_size

    def _read(self) -> dict[str, frozenset[CommitId]]:
        try:
            written = json.loads(self.file.read_bytes())
            return {
                name: frozenset(map(CommitId, commits)) for name, commits in dict(written).items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            raise StorageError(
                f"{self.file} cannot be read: {error}",
                hint="Mend it, or remove it and accept removals again.",
            ) from error
