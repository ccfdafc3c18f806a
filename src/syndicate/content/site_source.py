"""A source as its settings and its site's own configuration at one commit describe it.

What the settings say wins; what neither says is the engine's default.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syndicate.data_files import ENDINGS
from syndicate.errors import RepositoryError
from syndicate.git import Repository, TreeEntry
from syndicate.model.edition import Problem
from syndicate.model.post import BlobId, CommitId, Path, Source
from syndicate.sites import CONFIGURATION_NAMES, ENGINES, find_sites
from syndicate.sites.configuration_reader import MARKDOWN
from syndicate.sites.site import (
    CommitFiles,
    ConfiguredValue,
    PostFolder,
    Site,
    SiteProblem,
    is_below,
)
from syndicate.sites.values import flag

SETTINGS_ORIGIN: Final = "settings"
DEFAULT_ORIGIN: Final = "default"
"""The origin of a value that neither the settings nor the site give."""
_SITE_FILE_ENDINGS: Final = (
    *(*ENDINGS, *MARKDOWN, ".html", "cname", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"),
    *(".tsx", ".jsx", ".astro", ".njk", ".liquid"),
)
"""Endings of the files by which a site is recognized and configured."""
_MAX_LOOK_BACK: Final = 50
"""Commits whose configuration is read in search of a usable one."""
_MAX_BYTES: Final = 1_048_576
"""Size of a file that is read to find out about a site; larger ones count as unreadable."""
DEFAULT_DIALECT: Final = "jekyll"
"""What a repository without any configuration is read as."""


class RepositoryFiles:
    """The files of one commit of a repository, as engines see them."""

    def __init__(self, repository: Repository, commit: CommitId) -> None:
        entries = repository.list_files(commit, (Path("."),))
        self._repository = repository
        self.blobs: Mapping[str, BlobId] = {entry.path: entry.blob for entry in _sorted(entries)}
        self.paths: Sequence[str] = tuple(self.blobs)

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the content of the files at ``paths``; those that cannot be read are left out."""
        wanted = [path for path in paths if path in self.blobs]
        contents = {
            blob: content
            for blob, content in self._repository.read_blobs(
                dict.fromkeys(self.blobs[path] for path in wanted), max_bytes=_MAX_BYTES
            )
            if isinstance(content, bytes)
        }
        return {path: contents[self.blobs[path]] for path in wanted if self.blobs[path] in contents}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSource:
    """A source with every setting filled in; ``site`` is None where no engine is asked.

    ``origins`` tells where each value is from that the settings left out.
    """

    source: Source
    site: Site | None = None
    origins: tuple[tuple[str, str], ...] = ()
    kept: tuple[Problem, ...] = ()
    """Why the configuration of an earlier commit stays in force, empty if none does."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the configuration of the site."""
        return self.kept + tuple(
            Problem(
                level="warning",
                rule=problem.rule,
                source=self.source.name,
                path=Path(problem.path),
                line=problem.line,
                message=problem.what,
                hint=problem.hint,
            )
            for problem in (self.site.problems if self.site else ())
            if not (problem.rule == "site-url" and "site_url" not in self.source.derived)
            and not (problem.rule == "site-timezone" and "timezone" not in self.source.derived)
        )


class SiteTracker:
    """Describes one source at one commit after the other.

    Where the configuration of a commit cannot be used, the last one that could stays in force.
    """

    def __init__(self, source: Source, repository: Repository) -> None:
        self._source = source
        self._repository = repository
        self._last: SiteSource | None = None
        self._last_blobs: Mapping[str, BlobId] = {}

    def describe(self, commit: CommitId) -> SiteSource:
        """Return the source at ``commit``; raises `RepositoryError`, also without a site URL."""
        if not asks_site(self._source):
            return SiteSource(source=self._source)
        files = RepositoryFiles(self._repository, commit)
        blobs = _relevant(files.blobs)
        if self._last is None or blobs != self._last_blobs:
            self._last, self._last_blobs = self._described(files, commit), blobs
        return self._last

    def _described(self, files: RepositoryFiles, commit: CommitId) -> SiteSource:
        site = _find_site(self._source, files)
        if not self._source.id_authority:
            authority = self._first_host(commit)
            derived = (*self._source.derived, "id_authority")
            self._source = replace(self._source, id_authority=authority, derived=derived)
        last = self._last
        if last is None and not self._is_usable(site):
            last = self._last_usable(commit)
        if last is not None and last.site is not None and last.site.files:
            problem = self._broken(last, last.site.files[0], site, files)
            if problem is not None:
                return replace(last, kept=(problem,))
        try:
            found = _complete(self._source, site)
        except RepositoryError as error:
            if last is None:
                raise
            return replace(last, kept=(_kept(last, "", error.message, error.hint),))
        return found if last is None else _with_emptied_folders(found, last, files)

    def _is_usable(self, site: Site) -> bool:
        """Return whether ``site`` has a configuration, and one that can be read."""
        return bool(site.files) and not self._breaking_problem(site, site.files[0])

    def _broken(
        self, last: SiteSource, main: str, site: Site, files: RepositoryFiles
    ) -> Problem | None:
        """Return what is wrong with the file ``main`` of the configuration, None if nothing."""
        if main not in files.blobs and not site.files:
            what = f"{main} has disappeared; what it said stays in force"
            return _kept(last, main, what, f"Restore {main}.")
        found = self._breaking_problem(site, main)
        return _kept(last, main, found.what, found.hint) if found else None

    def _breaking_problem(self, site: Site, main: str) -> SiteProblem | None:
        """Return the problem for which an earlier configuration stays in force, None if none.

        An unusable URL is one only where the settings leave the URL to the site.
        """
        rules = {"site-configuration"}
        if "site_url" in self._source.derived:
            rules.add("site-url")
        wrong = (each for each in site.problems if each.path == main and each.rule in rules)
        return next(wrong, None)

    def _last_usable(self, commit: CommitId) -> SiteSource | None:
        """Return what the last usable configuration before ``commit`` said, None without one.

        So a service that starts with an empty store reaches the same state as a running one.
        """
        commits = self._repository.commits_changing(commit, CONFIGURATION_NAMES)
        for earlier in commits[:_MAX_LOOK_BACK]:
            site = _find_site(self._source, RepositoryFiles(self._repository, earlier))
            if self._is_usable(site) and (site.base_url or "site_url" not in self._source.derived):
                return _complete(self._source, site)
        return None

    def _first_host(self, commit: CommitId) -> str:
        """Return the host that the oldest configuration with a base URL names, empty without one.

        Post IDs begin with it, so what the served commit says does not count.
        """
        commits = self._repository.commits_changing(commit, CONFIGURATION_NAMES)
        for earlier in commits[::-1][:_MAX_LOOK_BACK]:
            site = _find_site(self._source, RepositoryFiles(self._repository, earlier))
            if site.base_url:
                return urlsplit(site.base_url.value).hostname or ""
        return ""


def _relevant(blobs: Mapping[str, BlobId]) -> Mapping[str, BlobId]:
    """Return the files that say something about a site; of pages, only that they exist."""
    none = BlobId("")
    return {
        path: none if path.lower().endswith(MARKDOWN) and "/_index." not in path else blob
        for path, blob in blobs.items()
        if path.lower().endswith(_SITE_FILE_ENDINGS)
    }


def _kept(last: SiteSource, path: str, message: str, hint: str) -> Problem:
    return Problem(
        level="error",
        rule="site-configuration",
        source=last.source.name,
        path=Path(path),
        message=message,
        hint=hint,
    )


def _with_emptied_folders(
    found: SiteSource, last: SiteSource, files: RepositoryFiles
) -> SiteSource:
    """Return ``found`` with the folders that had posts and now are missing or empty.

    That a folder was emptied is to be accepted by the operator, like that of a named folder.
    """
    gone = [
        folder
        for folder in last.source.folders
        if folder not in found.source.folders
        and not any(is_below(path, folder) for path in files.paths if path.endswith(MARKDOWN))
    ]
    if not gone or found.site is None or last.site is None:
        return found
    kept = (folder for folder in last.site.folders if folder.path in gone)
    return replace(
        found,
        source=replace(found.source, folders=(*found.source.folders, *gone)),
        site=replace(found.site, folders=(*found.site.folders, *kept)),
    )


def asks_site(source: Source) -> bool:
    """Return whether the site's own configuration decides anything about ``source``."""
    return bool(set(source.derived) - {"permalink"}) or source.dialect in ENGINES


def resolve(source: Source, files: CommitFiles) -> SiteSource:
    """Return ``source`` with what the site's own configuration in ``files`` says.

    Raises `RepositoryError` where nothing says where the site is.
    """
    return _complete(source, _find_site(source, files))


def _complete(source: Source, site: Site) -> SiteSource:
    """Return ``source`` with what ``site`` says; raises `RepositoryError` as `resolve` does."""
    site = replace(
        site,
        base_url=_chosen(source, "site_url", source.site_url, site.base_url),
        timezone=_chosen(source, "timezone", source.zone.key, site.timezone),
        language=_chosen(source, "language", source.language, site.language),
    )
    if not site.base_url:
        raise _no_site_url(source, site)
    if not source.id_authority:
        raise _no_id_authority(source)
    if "folders" not in source.derived:
        site = _with_named_folders(source, site)
    resolved = replace(
        source,
        folders=_folders(source, site),
        dialect=source.dialect or site.engine,
        site_url=site.base_url.value,
        zone=ZoneInfo(site.timezone.value or source.zone.key),
        language=site.language.value or source.language,
        hard_breaks=flag(site.markdown.options.get("hard_wrap")) is True,
        authors=tuple(
            (
                {handle: each.name for handle, each in site.authors.items()} | dict(source.authors)
            ).items()
        ),
    )
    asks_engine = source.dialect in ENGINES or not source.dialect
    return SiteSource(
        source=resolved,
        site=site if asks_engine else None,
        origins=tuple(_origins(source, resolved, site)),
    )


def _with_named_folders(source: Source, site: Site) -> Site:
    """Return ``site`` with the folders of posts that the settings name, and those inside them."""
    engine = ENGINES[site.engine]
    if site.engine == "eleventy" and not site.files:
        site = replace(site, content_root=source.folders[0].rpartition("/")[0])
    named = tuple(engine.folder("" if folder == "." else folder, site) for folder in source.folders)
    inner = [each for each in site.folders if _is_inside(each, source.folders)]
    paths = {each.path for each in inner}
    return replace(site, folders=(*inner, *(each for each in named if each.path not in paths)))


def own_pattern(source: Source, path: Path) -> str:
    """Return the URL pattern that the settings have for the page at ``path``, empty if none."""
    around = [(folder, pattern) for folder, pattern in source.permalinks if is_below(path, folder)]
    inner = max(around, key=lambda pair: len(pair[0]), default=(Path(""), source.permalink))
    return inner[1]


def _find_site(source: Source, files: CommitFiles) -> Site:
    """Return the site that holds the folders of ``source``; the first one where none is named.

    Without any, that is a site of the default engine without configuration.
    """
    if source.dialect in ENGINES:
        engine = ENGINES[source.dialect]
        found = [engine.read(files, root) for root in engine.roots(files) or ("",)]
    else:
        found = list(find_sites(files))
    if "folders" in source.derived:
        found = [site for site in found if site.folders]
    else:
        found.sort(key=lambda site: -len(site.root))
        found = [site for site in found if _holds(site, source)] or found
    return found[0] if found else ENGINES[DEFAULT_DIALECT].read(files, "")


def _holds(site: Site, source: Source) -> bool:
    return all(is_below(f"{folder}/", site.root) for folder in source.folders)


def _is_inside(folder: PostFolder, folders: Iterable[Path]) -> bool:
    return any(each in (".", folder.path) or is_below(folder.path, each) for each in folders)


def _chosen(source: Source, name: str, own: str, configured: ConfiguredValue) -> ConfiguredValue:
    if name in source.derived or (name == "site_url" and not own):
        return configured
    return ConfiguredValue(value=own, origin=SETTINGS_ORIGIN)


def _folders(source: Source, site: Site) -> tuple[Path, ...]:
    """Return the folders of posts without those that are inside another one."""
    if "folders" not in source.derived:
        return source.folders
    paths = [folder.path for folder in site.folders]
    outer = [p for p in paths if not any(p != q and is_below(p, q) for q in paths)]
    return tuple(Path(path) for path in dict.fromkeys(outer))


def _origins(source: Source, resolved: Source, site: Site) -> Iterable[tuple[str, str]]:
    """Yield each setting that the operator left out with the origin of its value."""
    defaults = {
        "dialect": f"recognized by {site.files[0]}" if site.files else DEFAULT_ORIGIN,
        "site_url": site.base_url.origin,
        "timezone": site.timezone.origin or DEFAULT_ORIGIN,
        "language": site.language.origin or DEFAULT_ORIGIN,
        "folders": "; ".join(f"{each.path or '.'}: {each.origin}" for each in site.folders),
        "id_authority": "oldest commit whose configuration names a host",
        "permalink": "; ".join(
            f"{each.path or '.'}: {each.permalink.origin}" for each in site.folders
        ),
    }
    for name in sorted(resolved.derived):
        yield name, defaults[name] or DEFAULT_ORIGIN
    if source.authors != resolved.authors:
        yield "authors", "data files of the site"


def _no_site_url(source: Source, site: Site) -> RepositoryError:
    wrong = next((each.what for each in site.problems if each.rule == "site-url"), "")
    return RepositoryError(
        f"source {source.name}: nothing says where its site is" + (f": {wrong}" if wrong else ""),
        hint="Set site_url of the source in the settings.",
        code="no-site-url",
    )


def _no_id_authority(source: Source) -> RepositoryError:
    return RepositoryError(
        f"source {source.name}: neither id_authority nor site_url is set, and no configuration"
        " in the history names a host",
        hint="Set id_authority of the source to the host of its site.",
        code="no-id-authority",
    )


def _sorted(entries: Iterable[TreeEntry]) -> list[TreeEntry]:
    return sorted(entries, key=lambda entry: entry.path)
