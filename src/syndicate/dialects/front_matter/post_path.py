"""What a file's path says: below which folder, called what, of which day, in which language."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import PurePosixPath
from typing import Final

from syndicate.dialects.front_matter.dates import split_day_prefix
from syndicate.model.post import Path, Source

POST_SUFFIXES: Final = frozenset({".md", ".markdown", ".html"})
"""Endings of files that can be posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPath:
    """Where a post lies.

    ``folder`` is the configured folder it is below, ``parents`` the folders between. ``name`` is
    the file name without extension and language, for a page bundle (``name/index.md``) that of
    its folder; ``title`` is that without the ``day`` in front. ``language`` is empty without a
    suffix.
    """

    folder: str
    parents: tuple[str, ...]
    name: str
    undated_name: str
    day: date | None
    language: str
    is_bundle: bool

    @property
    def folders(self) -> tuple[str, ...]:
        """Every folder above the post, from the root of the repository."""
        return (*_parts(Path(self.folder)), *self.parents)

    @property
    def path_in_folder(self) -> str:
        """The path below the folder without extension and language."""
        return "/".join((*self.parents, self.name))

    @property
    def repository_path(self) -> str:
        """The path from the root of the repository, likewise; equal for translations."""
        return "/".join(part for part in (self.folder, self.path_in_folder) if part)


def parse_post_path(path: Path, source: Source, language_suffix: re.Pattern[str]) -> PostPath:
    """Read ``path``; ``languages`` finds a language at the end of a name as its first group."""
    folder, parts = split_at_folder(path, source)
    stem, dot, ending = parts[-1].rpartition(".")
    stem = stem if stem and f"{dot}{ending}".lower() in POST_SUFFIXES else parts[-1]
    suffix = language_suffix.search(stem)
    name = stem[: suffix.start()] if suffix else stem
    parents = parts[:-1]
    is_bundle = name == "index" and bool(parents)
    if is_bundle:
        parents, name = parents[:-1], parents[-1]
    day, undated_name = split_day_prefix(name)
    return PostPath(
        folder=folder,
        parents=parents,
        name=name,
        undated_name=undated_name,
        day=day,
        language=suffix[1].replace("_", "-") if suffix else "",
        is_bundle=is_bundle,
    )


def split_at_folder(path: Path, source: Source) -> tuple[str, tuple[str, ...]]:
    """Split ``path`` into the innermost folder of ``source`` it is below and the parts below."""
    whole = tuple([part for part in path.split("/") if part])
    folders = map(_parts, source.folders)
    fitting = [folder for folder in folders if whole[: len(folder)] == folder and folder != whole]
    folder = max(fitting, key=len, default=())
    return "/".join(folder), whole[len(folder) :] or ("",)


@cache
def _parts(folder: Path) -> tuple[str, ...]:
    """Return the parts of a configured folder, of which there are few."""
    return PurePosixPath(folder).parts
