"""The parts of a post's path: configured folder, name, date prefix and language."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import PurePosixPath

from syndicate.dialects.front_matter.dates import split_day_prefix
from syndicate.model.post import PAGE_EXTENSIONS, Path, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPath:
    """The path of a post in parts.

    ``folder`` is the configured folder, ``parents`` are the folders below it. ``name`` is the
    file name without extension and language, or for a page bundle (``name/index.md``) the name of
    its folder; ``undated_name`` is the name without the date prefix ``day``. ``language`` is
    empty without a language suffix.
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
        """All folders above the post, from the root of the repository."""
        return (*_parts(Path(self.folder)), *self.parents)

    @property
    def path_in_folder(self) -> str:
        """The path below the configured folder, without extension and language."""
        return "/".join((*self.parents, self.name))

    @property
    def repository_path(self) -> str:
        """The path from the root of the repository, likewise; the same for all translations."""
        return "/".join(part for part in (self.folder, self.path_in_folder) if part)


def parse_post_path(
    path: Path,
    source: Source,
    language_suffix: re.Pattern[str],
    *,
    has_unpadded_days: bool = False,
) -> PostPath:
    """Return the parts of ``path``; the first group of ``language_suffix`` is the language."""
    folder, parts = split_at_folder(path, source)
    stem, dot, ending = parts[-1].rpartition(".")
    stem = stem if stem and f"{dot}{ending}".lower() in PAGE_EXTENSIONS else parts[-1]
    suffix = language_suffix.search(stem)
    name = stem[: suffix.start()] if suffix else stem
    parents = parts[:-1]
    is_bundle = name == "index" and bool(parents)
    if is_bundle:
        parents, name = parents[:-1], parents[-1]
    day, undated_name = split_day_prefix(name, unpadded=has_unpadded_days)
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
    """Return the innermost configured folder above ``path``, and the parts of the path below it."""
    parts = tuple([part for part in path.split("/") if part])
    folders = map(_parts, source.folders)
    above = [folder for folder in folders if parts[: len(folder)] == folder and folder != parts]
    folder = max(above, key=len, default=())
    return "/".join(folder), parts[len(folder) :] or ("",)


@cache
def _parts(folder: Path) -> tuple[str, ...]:
    """Return the parts of a configured folder; cached, because it is needed for every file."""
    return PurePosixPath(folder).parts
