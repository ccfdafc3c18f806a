"""What the configuration of a site says, as plain values that name their file; engines of sites."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from syndicate.model.markdown_options import COMMONMARK, MarkdownEngine

FolderKind = Literal["collection", "section", "directory"]


class CommitFiles(Protocol):
    """The files of one commit, which is all that an engine sees of a repository."""

    @property
    def paths(self) -> Sequence[str]:
        """Every path of the commit in ascending order, from its root, with ``/``."""
        ...

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the content of the files at ``paths``; those that cannot be read are left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredValue:
    """A text and where it is from: "permalink in _config.yml", "default of Hugo"."""

    value: str = ""
    origin: str = ""

    def __bool__(self) -> bool:
        """Return whether there is a value."""
        return bool(self.value)


NOT_CONFIGURED = ConfiguredValue()
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_FILE_DAY = re.compile(rf"{_DAY.pattern}-[^/]+\Z")
_DATED_NAME = re.compile(r"(?:\d{4}|\d{2})-\d{1,2}-\d{1,2}-.")
SETTINGS_PATTERN = "permalink pattern of the source"
"""The origin of a URL that a pattern in the settings decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteProblem:
    """Something in the configuration that cannot be used; ``line`` 0 where none is at fault."""

    rule: str
    path: str
    line: int = 0
    what: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatterDefaults:
    """Front matter that pages have by configuration.

    It counts for pages whose path begins with ``folder`` or matches it as a glob, and where
    ``collection`` is not empty, only for those of the collection of that name.
    """

    folder: str
    collection: str = ""
    values: Mapping[str, object]
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFolder:
    """A folder whose pages the engine publishes as posts."""

    path: str
    """From the root of the repository; empty for the root itself."""
    kind: FolderKind
    name: str
    """The name that the engine has for it: collection, section or directory."""
    permalink: ConfiguredValue = NOT_CONFIGURED
    """The URL pattern in the engine's own notation."""
    origin: str
    """Why it is one: "collections.news in _config.yml"."""
    language: str = ""
    """The language of its posts where it differs from that of the site."""
    base_url: str = ""
    """Where its URLs begin if not at the base URL of the site: a language with its own host."""
    is_shallow: bool = False
    """Whether only the pages right in the folder are posts, not those of folders in it."""

    def holds(self, path: str) -> bool:
        """Return whether the page at ``path`` is one of the folder."""
        if not is_below(path, self.path):
            return False
        inside = path[len(self.path) + 1 :] if self.path else path
        return not self.is_shallow or "/" not in re.sub(r"/index\.\w+$", "", inside)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutFolder:
    """A folder with pages that are no posts, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAuthor:
    """An author as the data files of the site describe them."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredMarkdown:
    """What reads the Markdown of pages, and where that is from: "kramdown in _config.yml"."""

    engine: MarkdownEngine = COMMONMARK
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site of a repository, as its configuration at one commit describes it."""

    engine: str
    root: str
    """The folder of the site, empty for the root of the repository."""
    content_root: str = ""
    """The folder that URLs of pages begin below, from the root of the repository."""
    files: tuple[str, ...] = ()
    """The configuration and data files that were read."""
    base_url: ConfiguredValue = NOT_CONFIGURED
    """Scheme, host and path, without a slash at the end."""
    timezone: ConfiguredValue = NOT_CONFIGURED
    language: ConfiguredValue = NOT_CONFIGURED
    title: ConfiguredValue = NOT_CONFIGURED
    folders: tuple[PostFolder, ...] = ()
    left_out: tuple[LeftOutFolder, ...] = ()
    defaults: tuple[FrontMatterDefaults, ...] = ()
    excluded: tuple[str, ...] = ()
    """Globs of paths that the engine does not publish."""
    authors: Mapping[str, SiteAuthor] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    """Values of ``site.KEY`` in the text of pages."""
    markdown: ConfiguredMarkdown = ConfiguredMarkdown()
    summary_mark: str = ""
    """What separates the summary of a page from the rest of its text, a regular expression."""
    keeps_offsets: bool = False
    """Whether pages show a date in the offset it was written with, not in the time zone."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Rules for URLs that only the engine itself knows."""
    problems: tuple[SiteProblem, ...] = ()

    def folder_of(self, path: str) -> PostFolder | None:
        """Return the innermost folder of posts that the page at ``path`` is in."""
        innermost: PostFolder | None = None
        for folder in self.folders:  # without a list and max(): a first start asks 100,000 times
            is_longer = innermost is None or len(folder.path) > len(innermost.path)
            if is_longer and folder.holds(path):
                innermost = folder
        return innermost


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a URL is made of: the path of a page and what its front matter says.

    ``meta`` includes the defaults that the site's configuration has for the page. ``published``
    is aware: in the offset it was written with, else in the zone of the site.
    """

    path: str
    meta: Mapping[str, object]
    published: datetime | None = None
    pattern: str = ""
    """The URL pattern that the settings have for the page, empty if they have none."""


def plain_folder(path: str, permalink: ConfiguredValue = NOT_CONFIGURED) -> PostFolder:
    """Return the folder at ``path`` as one of posts, because the settings name it."""
    return PostFolder(
        path=path,
        kind="directory",
        name=path.rpartition("/")[2].lstrip("_"),
        permalink=permalink,
        origin="folders in the settings",
    )


class SiteEngine(Protocol):
    """A static-site generator: how its configuration is read and where it publishes pages."""

    @property
    def name(self) -> str:
        """The name of the engine, which is also that of its dialect."""
        ...

    def roots(self, files: CommitFiles) -> tuple[str, ...]:
        """Return the folders that hold a site of this engine, the outermost first."""
        ...

    def read(self, files: CommitFiles, root: str) -> Site:
        """Return what the configuration of the site in ``root`` says; never raises for it."""
        ...

    def folder(self, path: str, site: Site) -> PostFolder:
        """Return the folder at ``path`` as a folder of posts, which the operator says it is."""
        ...

    def defaults(
        self, path: str, meta: Mapping[str, object], site: Site
    ) -> Mapping[str, tuple[object, str]]:
        """Return the front matter that the page at ``path`` has beside its own, ``meta``.

        By key: the value and its origin. A page's own keys count before these.
        """
        ...

    def hides(self, page: Page, site: Site) -> str:
        """Return why the engine does not publish ``page`` as a post, empty if it does."""
        ...

    def url(self, page: Page, site: Site) -> ConfiguredValue:
        """Return the absolute URL of ``page``, or the path of it if the site has no base URL."""
        ...

    def linked_files(self, name: str, page: str, language: str, site: Site) -> Iterator[str]:
        """Yield the paths of files or folders that ``name`` may mean in a tag of ``page``."""
        ...

    def linked_url(self, page: Page, site: Site) -> str:
        """Return the URL of a file that `linked_files` names, empty if it has none."""
        ...

    def folder_url(self, folder: str, site: Site) -> str:
        """Return the URL of a folder that `linked_files` names, empty if it has none."""
        ...

    def data_folders(self, site: Site) -> tuple[str, ...]:
        """Return the folders of data files whose values texts may name."""
        ...

    def named_date(self, site: Site) -> bool:
        """Return whether the day in a file name counts before the date in the front matter."""
        ...

    def date_keys(self, site: Site) -> tuple[str, ...]:
        """Return the keys that the configuration names for the date, empty for the usual ones."""
        ...

    def page_values(self, path: str) -> Mapping[str, str]:
        """Return what the engine itself has as ``page.NAME`` for the page at ``path``."""
        ...


def is_below(path: str, folder: str) -> bool:
    """Return whether ``path`` is in ``folder``, which is empty for the root of the repository."""
    return not folder or path.startswith(f"{folder}/")


def day_inside(path: str) -> str:
    """Return the first day in ``path``, empty without one or if the file name begins with it."""
    found = _DAY.search(path)
    if found is None or _FILE_DAY.match(path[found.start() :]):
        return ""
    return found[0]


def joined(*parts: str) -> str:
    """Return ``parts`` of a path with one slash between them, empty parts left out."""
    return "/".join(part.strip("/") for part in parts if part.strip("/") not in ("", "."))


class LinkedPages:
    """What an engine has of it by default: nothing."""

    __slots__ = ()

    def linked_files(
        self,
        name: str,  # noqa: ARG002 — for engines that have such tags
        page: str,  # noqa: ARG002
        language: str,  # noqa: ARG002
        site: Site,  # noqa: ARG002
    ) -> Iterator[str]:
        """Yield the paths of files or folders that ``name`` may mean in a tag of ``page``.

        ``language`` is that of the page; both are paths from the root of the repository.
        """
        yield from ()

    def linked_url(self, page: Page, site: Site) -> str:  # noqa: ARG002 — as above
        """Return the URL of a file that `linked_files` names, empty if it has none."""
        return ""

    def folder_url(self, folder: str, site: Site) -> str:  # noqa: ARG002 — as above
        """Return the URL of a folder that `linked_files` names, empty if it has none."""
        return ""

    def data_folders(self, site: Site) -> tuple[str, ...]:  # noqa: ARG002 — as above
        """Return the folders of data files whose values texts may name."""
        return ()

    def named_date(self, site: Site) -> bool:  # noqa: ARG002 — as above
        """Return whether the day in a file name counts before the date in the front matter."""
        return False

    def date_keys(self, site: Site) -> tuple[str, ...]:  # noqa: ARG002 — as above
        """Return the keys that the configuration names for the date, empty for the usual ones."""
        return ()

    def page_values(self, path: str) -> Mapping[str, str]:  # noqa: ARG002 — as above
        """Return what the engine itself has as ``page.NAME`` for the page at ``path``."""
        return {}


def is_dated_name(path: str) -> bool:
    """Return whether the name of the file at ``path``, or of its bundle, begins with a day."""
    parts = path.split("/")
    name = parts[-2] if len(parts) > 1 and stem(parts[-1]) == "index" else parts[-1]
    return _DATED_NAME.match(name) is not None


def stem(path: str) -> str:
    """Return the name of the file at ``path`` without its ending."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name
