"""Hugo's leaf bundles: folders whose files are resources of one page instead of pages.

https://gohugo.io/content-management/page-bundles/: ``index.md`` turns its folder and all folders
below into a leaf bundle, whose files have no URL and are in no list. ``_index.md`` does not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from syndicate.model.post import BlobId, Path


class PageBundles:
    """The leaf bundles of one source at one commit.

    ``find_bundle_folder`` returns the folder that the page at a path turns into a bundle, or None.
    """

    def __init__(
        self, find_bundle_folder: Callable[[Path], Path | None], paths: Iterable[Path] = ()
    ) -> None:
        self._find_bundle_folder: Final = find_bundle_folder
        self._pages: Final[dict[str, set[Path]]] = {}
        """The pages of each bundle by folder: one for each language."""
        for path in paths:
            self._add(path)

    def update(self, files: Mapping[Path, BlobId | None]) -> frozenset[str]:
        """Record ``files``, None for removed ones; return the folders whose status changed."""
        changed: set[str] = set()
        for path, blob in files.items():
            changed ^= self._add(path) if blob else self._remove(path)
        return frozenset(changed)

    def bundle_of(self, path: Path) -> str:
        """Return the folder of the bundle that has the file at ``path`` as a resource, or "".

        Of nested bundles the outermost counts: its inner pages are resources as well.
        """
        for folder in reversed(tuple(_parents(path))):
            pages = self._pages.get(folder)
            if pages:
                return "" if path in pages else folder
        return ""

    def _add(self, path: Path) -> set[str]:
        folder = self._find_bundle_folder(path)
        if folder is None:
            return set()
        pages = self._pages.setdefault(folder, set())
        is_new = not pages
        pages.add(path)
        return {folder} if is_new else set()

    def _remove(self, path: Path) -> set[str]:
        folder = self._find_bundle_folder(path)
        pages = self._pages.get(folder) if folder else None
        if folder is None or not pages or path not in pages:
            return set()
        pages.remove(path)
        if pages:
            return set()
        del self._pages[folder]
        return {folder}


def is_inside(path: Path, folders: frozenset[str]) -> bool:
    """Return whether ``path`` is below one of ``folders``."""
    return any(folder in folders for folder in _parents(path))


def _parents(path: Path) -> Iterator[str]:
    """Yield the folders above ``path``, innermost first."""
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
