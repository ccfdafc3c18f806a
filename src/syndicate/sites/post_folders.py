"""Which folders of a content tree hold posts, and the URL patterns of engines."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import quote, urlsplit

from syndicate.sites.configuration_reader import (
    DATE_KEYS,
    ConfigurationReader,
    is_aside,
    stem,
)

_MAX_DEPTH: Final = 4
"""Levels of folders below the root of the content that are looked at one by one."""
_FILE_NAMES: Final = frozenset({"readme", "license", "changelog", "contributing", "security"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSearch:
    """How to find the folders of posts of a content tree.

    ``declared`` are folders that the site itself says hold posts. Where the pages of a folder
    are no posts, the folders in it are looked at; without ``by_section`` also where it has no
    pages of its own.
    """

    reader: ConfigurationReader
    endings: Sequence[str]
    date_keys: Sequence[str] = DATE_KEYS
    declared: frozenset[str] = frozenset()
    by_section: bool = False

    def run(self, root: str) -> "FoundFolders":
        """Return the folders below ``root`` whose pages are posts, and those whose are not."""
        pages = [path for path in self.reader.below(root) if is_page(path, self.endings)]
        found = FoundFolders(posts={}, others=[], shallow=set())
        start = len(root) + 1 if root else 0
        direct = [page for page in pages if root and _is_direct(page[start:])]
        if len(direct) > 1 and not self.reader.posts_error(direct, "", self.date_keys):
            found.posts[root] = "its pages have dates"
            found.shallow.add(root)
            pages = [page for page in pages if not _is_direct(page[start:])]
        for name in dict.fromkeys(p[start:].partition("/")[0] for p in pages if "/" in p[start:]):
            folder = f"{root}/{name}" if root else name
            inside = [page for page in pages if page.startswith(f"{folder}/")]
            if name in self.declared:
                found.posts[folder] = "declared by the site"
            elif not name.startswith((".", "_")) and not is_aside(name):
                self._look_into(folder, inside, found, 1)
        return found

    def _look_into(
        self, folder: str, pages: Sequence[str], found: "FoundFolders", depth: int
    ) -> None:
        """Add ``folder`` to ``found`` if its pages are posts, else look at the folders in it."""
        start = len(folder) + 1
        inside = {page: page[start:] for page in pages}
        judged = [page for page in pages if _is_own(inside[page])] or (
            pages if self.by_section else []
        )
        if judged:
            error = self.reader.posts_error(judged, folder.rpartition("/")[2], self.date_keys)
            if not error:
                found.posts[folder] = "its pages have dates"
                return
            found.others.append((folder, error))
            if "documentation" in error:
                return
        for name in dict.fromkeys(p.partition("/")[0] for p in inside.values() if "/" in p):
            if depth < _MAX_DEPTH and not name.startswith("_") and not is_aside(name):
                inner = f"{folder}/{name}"
                within = [page for page in pages if page.startswith(f"{inner}/")]
                self._look_into(inner, within, found, depth + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFolders:
    """Folders by path with the reason why they hold posts, and those that hold none."""

    posts: dict[str, str]
    others: list[tuple[str, str]]
    shallow: set[str]
    """Those of which only the pages right in the folder are posts."""


def is_page(path: str, endings: Sequence[str]) -> bool:
    """Return whether the file at ``path`` is a page of its own: no list page, no README."""
    name = stem(path).partition(".")[0].lower()
    return (
        path.lower().endswith(tuple(endings))
        and not name.startswith("_")
        and (name not in _FILE_NAMES)
    )


def _is_direct(inside: str) -> bool:
    """Return whether the page at ``inside`` lies right in a folder, as a file or as a bundle."""
    first, slash, rest = inside.partition("/")
    return stem(rest) == "index" and "/" not in rest if slash else stem(first) != "index"


def _is_own(inside: str) -> bool:
    """Return whether a folder holds the page at ``inside`` itself, as a bundle, or in a year."""
    first, slash, rest = inside.partition("/")
    if not slash:
        return stem(first) != "index"
    return first.isdecimal() or rest.rpartition(".")[0] == "index"


_ABSOLUTE: Final = re.compile("https?://", re.IGNORECASE)
_SLASHES: Final = re.compile("//+")
_SAFE: Final = "/:@!$&'()*+,;=-._~"
"""Characters of a path that need no escaping (RFC 3986 section 3.3)."""
_SAFE_IN_PERMALINKS: Final = _SAFE + "%?#[]"


def absolute(path: str, base_url: str) -> str:
    """Return ``path`` below ``base_url``; an http or https URL with a host as it is.

    Other schemes count as part of a path: ``javascript://`` in front matter never becomes a link.
    """
    if _ABSOLUTE.match(path) and _has_host(path):
        return path
    return base_url.rstrip("/") + _SLASHES.sub("/", f"/{path}")


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:  # not a URL, such as https://[a
        return False


def encoded(text: str) -> str:
    """Return ``text`` escaped for the path of a URL."""
    return quote(text, safe=_SAFE, errors="surrogateescape")


def encoded_permalink(text: str) -> str:
    """Return a permalink as written, with only what no URL may hold percent-encoded."""
    return quote(text, safe=_SAFE_IN_PERMALINKS, errors="surrogateescape")


def filled(pattern: str, placeholder: re.Pattern[str], fill: Callable[[re.Match[str]], str]) -> str:
    """Return ``pattern`` percent-encoded, with what ``fill`` returns for each placeholder."""
    parts: list[str] = []
    end = 0
    for match in placeholder.finditer(pattern):
        parts += encoded_permalink(pattern[end : match.start()]), fill(match)
        end = match.end()
    return "".join((*parts, encoded_permalink(pattern[end:])))


def matches_glob(path: str, glob: str) -> bool:
    """Return whether ``glob`` names ``path`` or a folder around it."""
    glob = glob.strip("/")
    return path == glob or path.startswith(f"{glob}/") or fnmatchcase(path, glob)


def ascii_slug(text: str) -> str:
    """Return ``text`` as the common slug libraries do: ASCII, lower case, hyphens between words."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def github_slug(text: str) -> str:
    """Return ``text`` as github-slugger does: lower case, no punctuation, hyphens."""
    return re.sub(r"[^\w\s-]", "", text.lower()).strip().replace(" ", "-")
