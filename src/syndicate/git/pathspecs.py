"""Pathspecs, by which git commands select files (gitglossary(7))."""

import posixpath
from collections.abc import Iterable

from syndicate.model.post import Path


def folder_pathspecs(folders: Iterable[Path]) -> tuple[str, ...]:
    """Return the pathspecs for files below ``folders``; empty means all files.

    The trailing slash excludes a file of that name.
    """
    normal = [posixpath.normpath(folder.strip("/") or ".") for folder in folders]
    return () if "." in normal else tuple(f"{folder}/" for folder in normal)
