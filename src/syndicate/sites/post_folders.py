"""Which folders of a content tree hold posts, for engines that do not configure them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from syndicate.sites.configuration_reader import DATE_KEYS, ConfigurationReader, is_aside
from syndicate.sites.site import stem

_MAX_DEPTH: Final = 4
"""Levels of folders below the root of the content that are looked at one by one."""
_POSTS: Final = "_posts"
"""The one name with an underscore that folders of posts have, as in Jekyll."""
_FILE_NAMES: Final = frozenset({"readme", "license", "changelog", "contributing", "security"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSearch:
    """How to find the folders of posts of a content tree.

    ``declared`` are folders that the site itself says hold posts. Where the pages of a folder
    are no posts, the folders in it are looked at; without ``by_section`` also where it has no
    pages of its own. ``skipped`` are folders whose files are published as they are.
    """

    reader: ConfigurationReader
    endings: Sequence[str]
    date_keys: Sequence[str] = DATE_KEYS
    declared: frozenset[str] = frozenset()
    by_section: bool = False
    skipped: frozenset[str] = frozenset()

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
            elif name in self.skipped:
                continue
            elif (not name.startswith((".", "_")) or name == _POSTS) and not is_aside(name):
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
            is_read = name == _POSTS or not name.startswith("_")
            if depth < _MAX_DEPTH and is_read and not is_aside(name):
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
