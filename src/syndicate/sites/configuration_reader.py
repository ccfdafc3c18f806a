"""Reads the files that the configuration of one site consists of, and lists what is wrong."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from syndicate.data_files import ENDINGS, read_file, read_front_matter
from syndicate.errors import ContentError
from syndicate.sites.site import (
    NOT_CONFIGURED,
    CommitFiles,
    ConfiguredValue,
    LeftOutFolder,
    SiteAuthor,
    SiteProblem,
    is_below,
    is_dated_name,
    joined,
)
from syndicate.sites.values import (
    base_url_error,
    flag,
    is_zone,
    mapping,
    person_name,
    person_url,
    text,
    texts,
)

DATE_KEYS: Final = (
    *("date", "publishDate", "publish_date", "pubDate", "pubDatetime", "published_at"),
    *("publishedAt", "date_published", "created_at", "createdAt", "created", "posted"),
    *("published", "publishedDate", "published_date", "datePublished"),
)
"""Front-matter keys by which sites date their posts."""
_ORDER_KEYS: Final = frozenset({"weight", "nav_order"})
"""Keys by which pages of documentation are put in an order."""
_ORDER_ERROR: Final = "pages are in an order of their own"
BLOG_NAMES: Final = ("blog", "posts", "news", "articles", "post", "writing", "insights")
"""Names of folders and of routes of posts, in whatever order they stand."""
_DATED_PATH: Final = re.compile(r"(?:.*/)?\d{4}/\d{1,2}/\d{1,2}/.")
_ASIDE: Final = re.compile(
    r"\..*|node_modules|bower_components|vendor|themes?|archetypes|examples?|exampleSite|"
    r"tests?|tests?[-_]\w+|\w+[-_]tests?|specs?|fixtures|testdata|features|benchmarks?|e2e|cypress|__\w+__|_site|dist|build",
    re.IGNORECASE,
)
"""Folders whose sites are test data, examples or somebody else's."""
_SAMPLE: Final = 40
"""Pages of a folder that are looked at to find out whether its pages have dates."""
_CODE_HOST: Final = re.compile(
    r"https?://(?:[\w-]+\.)?(?:github|gitlab|bitbucket|npmjs|codeberg|sr)\.(?:com|org|ht)\b"
)
_MAX_AUTHOR_FILES: Final = 500
_MAX_PACKAGES: Final = 50
"""Files ``package.json`` that are read to find out which engine makes a site."""
_RUBY_FILES: Final = ("_config.yml", "_config.yaml", "_config.toml", "Gemfile")
_DOCUMENTATION: Final = re.compile(
    r"(?:.*[-_])?(?:docs?|documentation|manuals?|help|guides?|handbooks?|tutorials?|references?|"
    r"examples?|faqs?|glossary|api|pages?|about|people|team|staff|authors?|contributors?|components?)",
    re.IGNORECASE,
)
"""Names of folders whose pages are no posts, though they may have dates in front matter."""
_PAGE_LAYOUTS: Final = frozenset({"page", "default", "doc", "docs", "base", "home"})


class ConfigurationReader:
    """The files of a commit while the configuration of one site is read.

    ``read_paths`` are the files that the configuration consists of, ``problems`` what is wrong
    with them. A file that cannot be read counts as empty.
    """

    def __init__(self, files: CommitFiles) -> None:
        self.paths: Sequence[str] = files.paths
        self.read_paths: list[str] = []
        self.problems: list[SiteProblem] = []
        self._files = files

    def below(self, folder: str) -> Iterator[str]:
        """Yield every path of the commit that is in ``folder``."""
        start = bisect_left(self.paths, f"{folder}/") if folder else 0
        for path in self.paths[start:]:
            if not is_below(path, folder):
                return
            yield path

    def exists(self, path: str) -> bool:
        """Return whether the commit has a file at ``path``."""
        at = bisect_left(self.paths, path)
        return self.paths[at : at + 1] == [path] or self.paths[at : at + 1] == (path,)

    def first(self, *paths: str) -> str:
        """Return the first of ``paths`` that the commit has, empty if it has none."""
        return next((path for path in paths if self.exists(path)), "")

    def data_file(self, stem: str) -> str:
        """Return the path of the data file ``stem`` with one of the endings that can be read."""
        return self.first(*(f"{stem}{ending}" for ending in ENDINGS))

    def text(self, path: str) -> str:
        """Return the text of the file at ``path``, empty if there is none."""
        found = self._files.read([path]).get(path)
        if found is None:
            return ""
        self.read_paths.append(path)
        return found.decode("utf-8", "replace")

    def value(self, path: str) -> object:
        """Return what the data file at ``path`` holds; None, and a problem, if it is unreadable."""
        data = self._files.read([path]).get(path) if path else None
        if data is None:
            return None
        self.read_paths.append(path)
        try:
            return read_file(path, data)
        except ContentError as error:
            self._report(error, path)
        return None

    def mapping(self, path: str) -> Mapping[str, object]:
        """Return the keys and values in the data file at ``path``, none if it is unreadable."""
        return mapping(self.value(path))

    def front_matter(self, paths: Iterable[str]) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Yield each page of ``paths`` that can be read with its front matter."""
        for path, data in self._files.read(paths).items():
            try:
                yield path, read_front_matter(path, data)
            except ContentError:
                continue

    def section_front_matter(self, path: str) -> Mapping[str, object]:
        """Return the front matter of a page that configures others, such as ``_index.md``."""
        found = dict(self.front_matter([path] if self.exists(path) else []))
        self.read_paths.extend(found)
        return found.get(path, {})

    def report(self, rule: str, path: str, what: str, hint: str) -> None:
        """Add a problem of the file at ``path``."""
        self.problems.append(SiteProblem(rule=rule, path=path, what=what, hint=hint))

    def base_url(self, url: str, origin: str, path: str) -> ConfiguredValue:
        """Return ``url`` as base URL; none, and a problem, if no public site can have it."""
        if not url:
            return NOT_CONFIGURED
        error = base_url_error(url)
        if not error:
            return ConfiguredValue(value=url.rstrip("/"), origin=origin)
        what = f"{origin} is no base URL: {error}: {url}"[:200]
        self.report("site-url", path, what, "Set site_url of the source in the settings.")
        return NOT_CONFIGURED

    def zone(self, value: object, origin: str, path: str) -> ConfiguredValue:
        """Return ``value`` as time zone; none, and a problem, if it is none."""
        name = text(value)
        if not name:
            return NOT_CONFIGURED
        if is_zone(name):
            return ConfiguredValue(value=name, origin=origin)
        what = f"{origin} is no IANA time zone: {name}"[:200]
        self.report("site-timezone", path, what, "Set timezone of the source in the settings.")
        return NOT_CONFIGURED

    def cname(self, folder: str) -> ConfiguredValue:
        """Return the base URL that a ``CNAME`` file of GitHub Pages in ``folder`` names."""
        path = self.first(joined(folder, "CNAME"), joined(folder, "static/CNAME"))
        domain = self.text(path).strip().lower() if path else ""
        if not re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", domain):
            return NOT_CONFIGURED
        return self.base_url(f"https://{domain}", path, path)

    def package_homepage(self, root: str) -> ConfiguredValue:
        """Return ``homepage`` of the ``package.json`` in ``root`` unless it is at a code host."""
        path = self.first(joined(root, "package.json"))
        home = text(self.mapping(path).get("homepage"))
        if not home or _CODE_HOST.match(home) or "#" in home:
            return NOT_CONFIGURED
        return self.base_url(home, f"homepage in {path}", path)

    def authors(self, *stems: str) -> dict[str, SiteAuthor]:
        """Return the authors in the data files ``stems``, or in the folders of these names."""
        found: dict[str, SiteAuthor] = {}
        for each in stems:
            found |= _author_table(self.value(self.data_file(each)))
            inside = [path for path in self.below(each) if path.endswith(ENDINGS)]
            for path in inside[:_MAX_AUTHOR_FILES]:
                handle = path.rpartition("/")[2].rpartition(".")[0]
                found |= _author_table({handle: self.value(path)})
        return found

    def posts_error(self, pages: Sequence[str], name: str, date_keys: Sequence[str]) -> str:
        """Return why ``pages`` of the folder called ``name`` are no posts, empty if they are.

        Posts are dated by their file names, or by their front matter where neither the name nor
        the layout says that they are documentation.
        """
        if not pages:
            return "no pages"
        if sum(map(is_dated_name, pages)) * 2 >= len(pages):
            return ""
        if _DOCUMENTATION.fullmatch(name):
            return "documentation by its name"
        metas = [meta for _, meta in self.front_matter(pages[:: -(-len(pages) // _SAMPLE)])]
        error = _front_matter_error(metas, date_keys)
        return "" if error == _ORDER_ERROR and name.lower() in BLOG_NAMES else error

    def _report(self, error: ContentError, path: str) -> None:
        self.problems.append(
            SiteProblem(
                rule="site-configuration",
                path=path,
                line=error.line,
                what=error.message,
                hint=error.hint,
            )
        )


def _front_matter_error(metas: Sequence[Mapping[str, object]], date_keys: Sequence[str]) -> str:
    """Return why pages with the front matter ``metas`` are no posts, empty if they are."""
    dated = [meta for meta in metas if _has_date(meta, date_keys)]
    if len(dated) * 2 < len(metas) or not dated:
        return "most pages have no date"
    for reason, is_so in (
        ("the layout is one of pages", lambda meta: text(meta.get("layout")) in _PAGE_LAYOUTS),
        ("most pages have no title", lambda meta: not any(map(_is_title, meta))),
        (_ORDER_ERROR, lambda meta: bool(_ORDER_KEYS & meta.keys())),
    ):
        if sum(map(is_so, dated)) * 2 > len(dated):
            return reason
    return ""


def _is_title(key: str) -> bool:
    return key.lower().endswith("title")


def is_aside(folder: str) -> bool:
    """Return whether ``folder`` holds test data, examples or files of others."""
    return any(_ASIDE.fullmatch(part) for part in folder.split("/") if part)


def roots_by_name(files: CommitFiles, names: Iterable[str]) -> tuple[str, ...]:
    """Return the folders that have a file with one of ``names``, the outermost first."""
    folders = _folders_by_name(tuple(files.paths))
    found = {folder for name in names for folder in folders.get(name, ())}
    return tuple(sorted((f for f in found if not is_aside(f)), key=lambda f: (f.count("/"), f)))


@lru_cache(maxsize=1)
def _folders_by_name(paths: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """Return the folders that have a file with a name; every engine asks for those of a commit."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders.setdefault(name, []).append(folder)
    return folders


def roots_by_package(files: CommitFiles, package: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the folders that have a file with one of ``names``, or that depend on ``package``.

    The outermost first. A dependency stands in ``package.json``; it does not count beside a
    configuration of Jekyll or a ``Gemfile``.
    """
    configured = roots_by_name(files, names)
    reader = ConfigurationReader(files)
    depending = [
        root
        for root in roots_by_name(files, ("package.json",))[:_MAX_PACKAGES]
        if root not in configured
        and package in packages(reader.mapping(joined(root, "package.json")))
        and not reader.first(*(joined(root, name) for name in _RUBY_FILES))
    ]
    return tuple(sorted((*configured, *depending), key=lambda root: (root.count("/"), root)))


def packages(package: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of the packages that a ``package.json`` depends on."""
    return tuple(
        name for key in ("dependencies", "devDependencies") for name in mapping(package.get(key))
    )


def left_out(folders: Iterable[tuple[str, str]]) -> tuple[LeftOutFolder, ...]:
    """Return ``folders`` of (path, reason) as what was left out, by path."""
    return tuple(LeftOutFolder(path=path, reason=why) for path, why in sorted(set(folders)))


def _has_date(meta: Mapping[str, object], keys: Sequence[str]) -> bool:
    """Return whether one of ``keys`` has a value; of ``path``, one that begins with a day."""
    return any(
        _DATED_PATH.match(text(meta.get(key)))
        if key == "path"
        else text(meta.get(key)) and flag(meta.get(key)) is None
        for key in keys
    )


def _author_table(value: object) -> dict[str, SiteAuthor]:
    """Return authors by handle, of a mapping of them or of a list in which each has one."""
    if isinstance(value, list):
        pairs = [(_handle(mapping(each)), each) for each in value]
    else:
        pairs = list(mapping(value).items())
    found: dict[str, SiteAuthor] = {}
    for handle, each in pairs:
        name = text(each) or person_name(mapping(each))
        if handle and name:
            found[handle] = SiteAuthor(name=name, url=person_url(mapping(each)))
    return found


def _handle(values: Mapping[str, object]) -> str:
    keys = ("handle", "slug", "id", "key", "username", "short_name", "nickname")
    return next((found for key in keys for found in texts(values.get(key))), person_name(values))
