"""The file of commits that an operator has accepted: folder removals, changes of many posts."""

import json
import os
import pathlib
from typing import Final

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.model.post import CommitId
from syndicate.private_files import make_folder, open_file

_NO_COMMITS: Final[frozenset[CommitId]] = frozenset()

_log = telemetry.logger("acceptance")


class AcceptedRemovals:
    """The commits, by source, that may empty a folder or change many posts; written by commands.

    The file is JSON: names of sources, each with a list of commits. A running service notices
    changes.
    """

    def __init__(self, file: pathlib.Path) -> None:
        self.file: Final = file
        self._file_state: tuple[int, int, int] | None = None
        self._accepted: dict[str, frozenset[CommitId]] = {}
        self._temporary: dict[str, frozenset[CommitId]] = {}

    def commits(self, source: str) -> frozenset[CommitId]:
        """Return the accepted commits of ``source``; none if the file cannot be read.

        While the file does not change, this is one `stat`.
        """
        file_state = self._stat()
        if file_state != self._file_state:
            try:
                self._accepted = self._read()
            except StorageError as error:
                _log.warning("accepted removals unreadable", reason=error.message)
                self._accepted = {}
            self._file_state = file_state
        return self._accepted.get(source, _NO_COMMITS) | self._temporary.get(source, _NO_COMMITS)

    def accept_temporarily(self, source: str, commit: CommitId) -> None:
        """Accept ``commit`` in this process only, without writing the file."""
        self._temporary[source] = self._temporary.get(source, _NO_COMMITS) | {commit}

    def add(self, source: str, commit: CommitId) -> None:
        """Accept what ``commit`` did to the posts of ``source``, and write that to disk.

        Raises `StorageError`, also if the file exists and cannot be parsed.
        """
        accepted = self._read()
        accepted[source] = accepted.get(source, _NO_COMMITS) | {commit}
        text = json.dumps({name: sorted(commits) for name, commits in accepted.items()}, indent=2)
        new_file = self.file.with_name(f"{self.file.name}.new")
        try:
            make_folder(self.file.parent)
            with open_file(new_file) as output:
                output.write(f"{text}\n".encode())
                output.flush()
                os.fsync(output.fileno())
            new_file.replace(self.file)
        except OSError as error:
            raise StorageError(
                f"{self.file} cannot be written: {error.strerror}",
                hint="Run the command as the user who runs the service.",
            ) from error

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            status = self.file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> dict[str, frozenset[CommitId]]:
        try:
            document = json.loads(self.file.read_bytes())
            return {
                name: frozenset(map(CommitId, commits)) for name, commits in dict(document).items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            raise StorageError(
                f"{self.file} cannot be read: {error}",
                hint="Fix the file, or delete the file and accept the removals again.",
            ) from error
