"""Where the parts of a repository are, and the blank repository its objects are read through."""

import os
import pathlib
import threading
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
    """What ``GIT_DIR`` means: of a worktree its own, else the same as ``common``."""
    common_dir: pathlib.Path
    """Where objects, branches and tags are."""
    object_format: str
    """``sha1`` or ``sha256``."""

    @property
    def is_shallow(self) -> bool:
        """Whether the history was cut off by a shallow clone or fetch."""
        try:
            return (self.common_dir / "shallow").stat().st_size > 0
        except OSError:
            return False


def find_repository(location: RepositoryLocation, folder: str) -> RepositoryLayout:
    """Find the repository whose top folder or git folder is ``folder``.

    Asked with the user's configuration, because git refuses a folder of another owner unless
    that user has declared it safe; this is where the refusal is met. Parents are not searched.
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
    """Make sure that there is a blank repository in ``folder`` and return where it is.

    It has neither objects nor branches, and a configuration that says its object format only.
    It is made without git, of a folder and two files, so that any number of threads and processes
    may make it at once.
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
    """Return the environment in which git reads the objects of ``place``, and nothing else of it.

    Whatever the content repository configures (filters, ``diff`` and ``log`` settings,
    attributes, promisor remotes, replacements) stays unread; only a shallow clone's limits are
    taken along, without which its history would look broken.
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
    """Return the error for a folder of ours that cannot be written to."""
    return RepositoryError(
        f"{location.label}: {folder} cannot be written to: {error.strerror}",
        hint="Make room there and give the user who runs this the right to write.",
        code="not-writable",
    )
