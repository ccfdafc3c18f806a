"""Which changes of files may change what the configuration of a site says about its posts."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

from syndicate.git import Commit, CommitDelta, FileChange
from syndicate.git.history import is_page
from syndicate.model.languages import LANGUAGES
from syndicate.model.post import Path
from syndicate.sites import CONFIGURATION_NAMES, may_be_read

_DATA_FOLDERS: Final = frozenset({"_data", "data"})
_OFTEN_MODIFIED: Final = frozenset({"package.json", "netlify.toml", ".tool-versions"})
"""Files that configure a site by the versions of programs."""
_FOLDER_LEVELS: Final = 3
"""How deep a new folder of pages is looked at: whether it is one of posts, only the engine says."""


def is_configuration(change: FileChange, read: Collection[str]) -> bool:
    """Return whether ``change`` may hide posts, where a site was configured by the files ``read``.

    Files that change often and decide no more than content or URLs are left out, since each
    commit of configuration takes milliseconds to read.
    """
    *folders, name = change.path.split("/")
    is_modified = change.kind == "modified"
    if not _DATA_FOLDERS.isdisjoint(folders) or (is_modified and name in _OFTEN_MODIFIED):
        return False
    if change.path in read or change.old_path in read or name in CONFIGURATION_NAMES:
        return True
    if is_modified or is_page(change.path):
        return name.startswith("_index.")
    is_of_directory = ".11tydata." in name or name.partition(".")[0] in folders[-1:]
    return is_of_directory or "config" in folders


def removed_configuration(commit: Commit) -> Iterator[Path]:
    """Yield the files that ``commit`` removed and that may have configured the site."""
    for change in commit.changes:
        name = change.old_path.rpartition("/")[2]
        is_post = is_page(change.old_path) and not name.startswith("_index.")
        if change.kind in ("deleted", "renamed") and may_be_read(change.old_path) and not is_post:
            yield change.old_path


def with_all_changes(delta: CommitDelta) -> Iterator[Commit]:
    """Yield the commits of ``delta`` with renames of pages, and the changes of other files."""
    pages = {commit.id: commit.changes for commit in delta.commits}
    for commit in delta.all_commits:
        others = tuple(change for change in commit.changes if not is_page(change.path))
        yield replace(commit, changes=(*pages.get(commit.id, ()), *others))


class KnownPlaces:
    """The folders and the languages that pages were ever in."""

    def __init__(self) -> None:
        self._folders: Final[set[tuple[str, ...]]] = set()
        self._languages: Final[set[str]] = set()

    def add(self, paths: Iterable[Path]) -> None:
        """Record pages."""
        for path in paths:
            self._folders.update(_prefixes(path))
            self._languages.add(_language(path))

    def has_new_folder(self, path: Path) -> bool:
        """Return whether a page is the first one in its folder."""
        return not self._folders.issuperset(_prefixes(path))

    def has_new_language(self, path: Path) -> bool:
        """Return whether a page is the first one with the language in its name."""
        return _language(path) not in self._languages


def _prefixes(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield the outer folders of the page at ``path``."""
    folders = path.split("/")[:-1][:_FOLDER_LEVELS]
    return (tuple(folders[: number + 1]) for number in range(len(folders)))


def _language(path: Path) -> str:
    """Return the language in the name of a page, empty if there is none."""
    ending = path.rpartition("/")[2].rpartition(".")[0].rpartition(".")[2]
    return ending if ending in LANGUAGES else ""
