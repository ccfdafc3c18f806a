"""Where the parts of a repository are, and the blank repository its objects are read through."""

import os
import pathlib
import threading
from dataclasses import dataclass
from typing import Final

from syndicate.errors import RepositoryError
from syndicate.git.command import alone, as_user, run
from syndicate.git.complaint import explain
from syndicate.git.location import Location
from syndicate.private_files import FOLDER_MODE, make_folder, open_file

_CONFIGURATION: Final = {
    "sha1": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    "sha256": "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
    "[extensions]\n\tobjectformat = sha256\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folders of a repository on this host."""

    folder: pathlib.Path
    """What ``GIT_DIR`` means: of a worktree its own, else the same as ``common``."""
    common: pathlib.Path
    """Where objects, branches and tags are."""
    object_format: str
    """``sha1`` or ``sha256``."""

    @property
    def is_shallow(self) -> bool:
        """Whether the history was cut off by a shallow clone or fetch."""
        try:
            return (self.common / "shallow").stat().st_size > 0
        except OSError:
            return False


def locate(location: Location, folder: str) -> Place:
    """Find the repository whose top folder or git folder is ``folder``.

    Asked with the user's configuration, because git refuses a folder of another owner unless
    that user has declared it safe; this is where the refusal is met. Parents are not searched.
    """
    top = os.path.realpath(folder)
    environment = as_user({"safe.bareRepository": "all"}) | {
        "GIT_CEILING_DIRECTORIES": os.path.dirname(top),  # noqa: PTH120
        "GIT_DISCOVERY_ACROSS_FILESYSTEM": "1",
    }
    question = ("--path-format=absolute", "--git-dir", "--git-common-dir", "--show-object-format")
    answer = run("-C", top, "rev-parse", *question, environment=environment)
    if answer.code:
        raise explain(location, answer.complaint)
    git_dir, common, object_format = os.fsdecode(answer.output).rstrip("\n").split("\n")
    return Place(
        folder=pathlib.Path(git_dir), common=pathlib.Path(common), object_format=object_format
    )


def blank(location: Location, folder: pathlib.Path, object_format: str) -> pathlib.Path:
    """Make sure that there is a blank repository in ``folder`` and return where it is.

    It has neither objects nor branches, and a configuration that says its object format only.
    It is made without git, of a folder and two files, so that any number of threads and processes
    may make it at once.
    """
    made = folder / f"blank-{object_format}"
    files = {"HEAD": "ref: refs/heads/none\n", "config": _CONFIGURATION[object_format]}
    try:
        make_folder(folder, exclusive=True)
        for each in (made, made / "refs"):
            each.mkdir(FOLDER_MODE, exist_ok=True)
        for name, text in files.items():
            file, draft = made / name, made / f"{name}.{os.getpid()}.{threading.get_ident()}"
            if not file.exists():
                with open_file(draft) as written:
                    written.write(text.encode())
                draft.replace(file)
    except OSError as error:
        raise unwritable(location, folder, error) from error
    return made


def through(blank: pathlib.Path, place: Place) -> dict[str, str]:
    """Return the environment in which git reads the objects of ``place``, and nothing else of it.

    Whatever the content repository configures (filters, ``diff`` and ``log`` settings,
    attributes, promisor remotes, replacements) stays unread; only a shallow clone's limits are
    taken along, without which its history would look broken.
    """
    return alone(
        {
            "GIT_DIR": str(blank),
            "GIT_OBJECT_DIRECTORY": str(place.common / "objects"),
            "GIT_SHALLOW_FILE": str(place.common / "shallow"),
        }
    )


def unwritable(location: Location, folder: pathlib.Path, error: OSError) -> RepositoryError:
    """Return the error for a folder of ours that cannot be written to."""
    return RepositoryError(
        f"{location.label}: {folder} cannot be written to: {error.strerror}",
        hint="Make room there and give the user who runs this the right to write.",
        code="not-writable",
    )
