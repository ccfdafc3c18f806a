"""The folders and files of a repository: layout, object environment and fingerprint of refs."""

import os
import pathlib
import threading
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Final

from syndicate.errors import RepositoryError
from syndicate.git.command import isolated_environment, run_git, user_environment
from syndicate.git.errors import error_from_stderr
from syndicate.git.repository_location import RepositoryLocation
from syndicate.private_files import FOLDER_MODE, make_folder, open_file

_SCRATCH_CONFIG: Final = {
    "sha1": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    "sha256": "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
    "[extensions]\n\tobjectformat = sha256\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryLayout:
    """The folders of a repository on this host."""

    git_dir: pathlib.Path
    """``GIT_DIR``: that of the worktree, else the same as ``common_dir``."""
    common_dir: pathlib.Path
    """The folder of objects, branches and tags."""
    object_format: str
    """``sha1`` or ``sha256``."""

    @property
    def is_shallow(self) -> bool:
        """Whether the repository is shallow, so that its history is incomplete."""
        try:
            return (self.common_dir / "shallow").stat().st_size > 0
        except OSError:
            return False


def find_repository(location: RepositoryLocation, folder: str) -> RepositoryLayout:
    """Find the repository whose top folder or git folder is ``folder``.

    Uses the user's configuration: git refuses a folder of another owner unless the user has
    declared it safe, and this call reports the refusal. Parent folders are not searched.
    """
    top = os.path.realpath(folder)
    environment = user_environment({"safe.bareRepository": "all"}) | {
        "GIT_CEILING_DIRECTORIES": os.path.dirname(top),  # noqa: PTH120
        "GIT_DISCOVERY_ACROSS_FILESYSTEM": "1",
    }
    options = ("--path-format=absolute", "--git-dir", "--git-common-dir", "--show-object-format")
    result = run_git("-C", top, "rev-parse", *options, environment=environment)
    if result.exit_code:
        raise error_from_stderr(location, result.stderr)
    git_dir, common, object_format = os.fsdecode(result.stdout).rstrip("\n").split("\n")
    return RepositoryLayout(
        git_dir=pathlib.Path(git_dir), common_dir=pathlib.Path(common), object_format=object_format
    )


def scratch_repository(
    location: RepositoryLocation, folder: pathlib.Path, object_format: str
) -> pathlib.Path:
    """Create the scratch repository in ``folder`` unless it exists, and return its path.

    It has no objects and no branches, and its configuration names only the object format. It is
    made without git, of two folders and two files, so that threads and processes can make it at
    the same time.
    """
    scratch = folder / f"blank-{object_format}"
    files = {"HEAD": "ref: refs/heads/none\n", "config": _SCRATCH_CONFIG[object_format]}
    try:
        make_folder(folder, exclusive=True)
        for directory in (scratch, scratch / "refs"):
            directory.mkdir(FOLDER_MODE, exist_ok=True)
        for name, text in files.items():
            file, draft = scratch / name, scratch / f"{name}.{os.getpid()}.{threading.get_ident()}"
            if not file.exists():
                with open_file(draft) as written:
                    written.write(text.encode())
                draft.replace(file)
    except OSError as error:
        raise not_writable_error(location, folder, error) from error
    return scratch


def object_environment(scratch: pathlib.Path, layout: RepositoryLayout) -> dict[str, str]:
    """Return an environment in which git reads only the objects of ``layout``.

    The configuration of the content repository (filters, ``diff`` and ``log`` settings,
    attributes, promisor remotes, replacements) is not read. The limits of a shallow clone are
    used, because its history would look broken without them.
    """
    return isolated_environment(
        {
            "GIT_DIR": str(scratch),
            "GIT_OBJECT_DIRECTORY": str(layout.common_dir / "objects"),
            "GIT_SHALLOW_FILE": str(layout.common_dir / "shallow"),
        }
    )


def not_writable_error(
    location: RepositoryLocation, folder: pathlib.Path, error: OSError
) -> RepositoryError:
    """Return the error for a data folder that cannot be written to."""
    return RepositoryError(
        f"{location.label}: {folder} cannot be written to: {error.strerror}",
        hint="Free disk space there, and give the user who runs this write access.",
        code="not-writable",
    )


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
