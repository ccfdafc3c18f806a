"""Sites of a few files that a test writes down, and questions about them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from syndicate.sites import ENGINES
from syndicate.sites.site import Page, Site


class WrittenFiles:
    """The files of a commit, as a test writes them: text by path."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(files)
        self.paths = sorted(self._files)

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return what the files at ``paths`` hold."""
        return {path: self._files[path].encode() for path in paths if path in self._files}


def site_of(engine: str, files: Mapping[str, str], root: str = "") -> Site:
    """Return what ``engine`` reads out of ``files``."""
    return ENGINES[engine].read(WrittenFiles(files), root)


def post(**keys: object) -> str:
    """Return the text of a page with ``keys`` as front matter."""
    lines = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return f"---\n{lines}---\nText.\n"


def url_of(
    site: Site, path: str, published: str = "2024-05-06T12:00:00+00:00", /, **meta: object
) -> str:
    """Return the URL of the page at ``path`` with the front matter ``meta``."""
    at = datetime.fromisoformat(published) if published else None
    return ENGINES[site.engine].url(Page(path=path, meta=meta, published=at), site).value


def hidden_by(site: Site, path: str, /, **meta: object) -> str:
    """Return why the page at ``path`` with the front matter ``meta`` is no post."""
    return ENGINES[site.engine].hides(Page(path=path, meta=meta), site)


def folders_of(site: Site) -> dict[str, str]:
    """Return the pattern of each folder of posts by its path."""
    return {folder.path: folder.permalink.value for folder in site.folders}


def defaults_of(site: Site, path: str, /, **meta: object) -> dict[str, object]:
    """Return the front matter that the page at ``path`` has beside ``meta``, its own."""
    found = ENGINES[site.engine].defaults(path, meta, site)
    return {key: value for key, (value, _) in found.items()}


def folder_pattern(site: Site, path: str) -> str:
    """Return the pattern of the folder at ``path``, which the settings name."""
    return ENGINES[site.engine].folder(path, site).permalink.value
