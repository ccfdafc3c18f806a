"""Create files and folders that only the user who runs the service can read.

The data folder holds secrets of subscriptions, IP addresses and copies of private repositories.
Files have mode 0600 and folders 0700, regardless of the umask of the process.
"""

import fcntl
import json
import os
import pathlib
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from typing import IO, Any, Final

from syndicate.errors import StorageError

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
UMASK: Final = 0o077
"""Umask of child processes that write into the data folder, such as git."""

_GITIGNORE: Final = b"*\n"
"""Also matches the `.gitignore` itself."""

_GROUP_AND_OTHER_BITS: Final = stat.S_IRWXG | stat.S_IRWXO
_SQLITE_SUFFIXES: Final = ("", "-wal", "-shm", "-journal")


class StateFile:
    """A JSON object in a private file, which commands write and a running service reads."""

    def __init__(self, file: pathlib.Path) -> None:
        self.file: Final = file

    def state(self) -> tuple[int, int, int] | None:
        """Return a value that changes with the file, None if there is none: one `stat`."""
        try:
            status = self.file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def read(self) -> dict[str, Any]:
        """Return the object, an empty one if there is no file; raises `StorageError`."""
        try:
            return dict(json.loads(self.file.read_bytes()))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            raise StorageError(
                f"{self.file} cannot be read: {error}",
                hint="Fix the file, or delete the file and repeat the commands that wrote it.",
            ) from error

    @contextmanager
    def edit(
        self, *, on_unreadable: Callable[[StorageError], None] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the object to change, and write it in one step; others wait meanwhile.

        Nothing is written after an error. Raises `StorageError`. With ``on_unreadable``, a file
        that cannot be read is no error: it is replaced, after ``on_unreadable`` was called.
        """
        try:
            make_folder(self.file.parent)
            folder = os.open(self.file.parent, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            document = self._read_or_report(on_unreadable)
            yield document
            self._write(json.dumps(document, indent=2, sort_keys=True))
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            os.close(folder)

    def _read_or_report(
        self, on_unreadable: Callable[[StorageError], None] | None
    ) -> dict[str, Any]:
        try:
            return self.read()
        except StorageError as error:
            if on_unreadable is None:
                raise
            on_unreadable(error)
            return {}

    def _write(self, text: str) -> None:
        new_file = self.file.with_name(f"{self.file.name}.new")
        with open_file(new_file) as output:
            output.write(f"{text}\n".encode())
            output.flush()
            os.fsync(output.fileno())
        new_file.replace(self.file)

    def _unwritable(self, error: OSError) -> StorageError:
        return StorageError(
            f"{self.file} cannot be written: {error.strerror}",
            hint="Run the command as the user who runs the service.",
        )


def make_folder(folder: pathlib.Path, *, exclusive: bool = False) -> None:
    """Create ``folder`` and its missing parents, with mode 0700 and a `.gitignore` for all files.

    The settings usually lie in a content repository, and the data folder beside them: without the
    `.gitignore`, ``git add --all`` would commit the cache. A folder that exists and holds other
    files stays visible to git, unless ``exclusive`` says that all files are of the service.
    Raises `OSError`.
    """
    missing = takewhile(lambda each: not each.exists(), (folder, *folder.parents))
    for directory in reversed([*missing]):
        directory.mkdir(FOLDER_MODE, exist_ok=True)
        directory.chmod(FOLDER_MODE)
        _write_gitignore(directory)
    if exclusive or not any(folder.iterdir()):
        _write_gitignore(folder)


def open_file(file: pathlib.Path) -> IO[bytes]:
    """Open ``file`` for writing, emptied, with mode 0600. Raises `OSError`."""
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    os.fchmod(descriptor, FILE_MODE)
    return os.fdopen(descriptor, "wb")


def make_file(file: pathlib.Path) -> None:
    """Create ``file`` with mode 0600 unless it exists. Raises `OSError`.

    For SQLite, which creates its ``-wal`` and ``-shm`` files with the mode of the database file.
    """
    with suppress(FileExistsError):
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        descriptor = os.open(file, flags, FILE_MODE)
        os.fchmod(descriptor, FILE_MODE)
        os.close(descriptor)


def restrict_permissions(path: pathlib.Path) -> None:
    """Remove the permissions of group and others from ``path`` and, for a folder, its contents.

    Symbolic links are not followed. Files of another user are left alone, as in a volume that an
    orchestrator mounts.
    """
    _restrict(path)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            _restrict(pathlib.Path(folder, name))


def restrict_database_permissions(file: pathlib.Path) -> None:
    """Restrict the permissions of an SQLite database ``file`` and of its WAL and journal files."""
    for suffix in _SQLITE_SUFFIXES:
        _restrict(file.with_name(file.name + suffix))


def _restrict(path: pathlib.Path) -> None:
    with suppress(OSError):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & _GROUP_AND_OTHER_BITS:
            path.chmod(stat.S_IMODE(mode) & ~_GROUP_AND_OTHER_BITS)


def _write_gitignore(folder: pathlib.Path) -> None:
    """Write the `.gitignore` of ``folder`` unless it has one."""
    file = folder / ".gitignore"
    if not file.exists():
        with open_file(file) as output:
            output.write(_GITIGNORE)
