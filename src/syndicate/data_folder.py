"""Folders that Syndicate creates for its own files."""

import pathlib
from typing import Final

_GITIGNORE: Final = "*\n"
"""Also matches the `.gitignore` itself."""


def make_data_folder(folder: pathlib.Path, *, exclusive: bool = False) -> None:
    """Create ``folder`` and its missing parents, each with a `.gitignore` that matches everything.

    The settings usually lie in a content repository, and the data folder beside them: without the
    `.gitignore`, ``git add --all`` would commit the cache. A folder that exists and holds files of
    somebody else keeps them visible to git, unless ``exclusive`` says that all of it is ours.
    Raises `OSError`.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(exist_ok=True)
        _ignore(place)
    if exclusive or not any(folder.iterdir()):
        _ignore(folder)


def _ignore(folder: pathlib.Path) -> None:
    """Write the `.gitignore` of ``folder`` unless it has one."""
    file = folder / ".gitignore"
    if not file.exists():
        file.write_text(_GITIGNORE)
