"""URLs of posts from permalink patterns, and the parts of a post's path that they are made of.

Placeholders and styles are those of Jekyll and Hugo.

Percent-encoding follows RFC 3986.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from syndicate.dialects.fields import VersionFields
from syndicate.dialects.front_matter.dates import split_day_prefix
from syndicate.model.category import slug
from syndicate.model.post import PAGE_EXTENSIONS, Path, Source
from syndicate.model.url_patterns import PERMALINK_STYLES, date_tokens, select_folders

_CACHED_PATHS: Final = 1_000
"""Paths whose parts are kept: a first start needs those of a file for each of its versions."""


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
    return _parse(path, source.folders, language_suffix, has_unpadded_days)


@lru_cache(_CACHED_PATHS)
def _parse(
    path: Path, folders: tuple[Path, ...], language_suffix: re.Pattern[str], has_unpadded_days: bool
) -> PostPath:
    folder, parts = _split(path, folders)
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
    return _split(path, source.folders)


@lru_cache(_CACHED_PATHS)
def _split(path: Path, folders: tuple[Path, ...]) -> tuple[str, tuple[str, ...]]:
    parts = tuple([part for part in path.split("/") if part])
    above = [
        folder
        for folder in map(_parts, folders)
        if parts[: len(folder)] == folder and folder != parts
    ]
    folder = max(above, key=len, default=())
    return "/".join(folder), parts[len(folder) :] or ("",)


@cache
def _parts(folder: Path) -> tuple[str, ...]:
    """Return the parts of a configured folder; cached, because it is needed for every file."""
    return PurePosixPath(folder).parts


_ABSOLUTE: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(r":([a-z_]{1,24})(?:\[([a-z0-9:]{0,12})\])?")
_SLASHES: Final = re.compile("//+")
_SAFE_IN_NAMES: Final = "/:@!$&'()*+,;=-._~"
"""Characters of file names that are not encoded in a path (RFC 3986 section 3.3)."""
_SAFE_IN_PERMALINKS: Final = _SAFE_IN_NAMES + "%?#[]"


def build_url(pattern: str, placeholders: Mapping[str, str], site_url: str) -> str:
    """Return the URL of ``pattern`` with its placeholders replaced, below ``site_url`` if relative.

    At each colon the longest known placeholder counts; unknown ones stay as they are. Double
    slashes, as from empty placeholders, are collapsed.
    """

    def replace(match: re.Match[str]) -> str:
        word = match[1]
        for end in range(len(word), 0, -1):
            if word[:end] in placeholders:
                value = placeholders[word[:end]]
                if match[2] and end == len(word):
                    return _percent_encode(select_folders(value, match[2]), _SAFE_IN_NAMES)
                return _percent_encode(value, _SAFE_IN_NAMES) + match[0][end + 1 :]
        return match[0]

    if _ABSOLUTE.match(pattern):
        return _percent_encode(pattern, _SAFE_IN_PERMALINKS)
    replaced = _PLACEHOLDER.sub(replace, PERMALINK_STYLES.get(pattern, pattern))
    path = _SLASHES.sub("/", f"/{_percent_encode(replaced, _SAFE_IN_PERMALINKS)}")
    return site_url.rstrip("/") + path


def placeholder_values(
    fields: VersionFields, path: PostPath, published: datetime
) -> dict[str, str]:
    """Return the values of Jekyll's placeholders for one post."""
    categories = fields.permalink_categories
    return {
        "categories": "/".join(category.lower() for category in categories),
        "slugified_categories": "/".join(slug(category) for category in categories),
        "collection": path.folder.rpartition("/")[2].lstrip("_"),
        "name": path.name,
        "output_ext": ".html",
        "path": path.path_in_folder,
        "slug": fields.slug or slug(fields.title) or path.undated_name,
        "title": fields.slug or path.undated_name,
        **date_tokens(published),
    }


def _percent_encode(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogateescape")
