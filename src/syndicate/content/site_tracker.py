"""Describes a source at one commit after the other, also where its configuration is unusable.

Where the configuration of a commit cannot be used, the last one that could stays in force. Which
one that is depends on git alone, so a start with an empty store finds the same.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Final
from urllib.parse import urlsplit

from cachetools import LRUCache

from syndicate.content.site_source import (
    RepositoryFiles,
    SiteSource,
    asks_site,
    complete,
    find_site,
    no_site_url,
)
from syndicate.data_files import ENDINGS
from syndicate.git import Commit, Repository
from syndicate.git.commit_log import last_change
from syndicate.model.edition import Problem
from syndicate.model.post import MARKDOWN_EXTENSIONS, BlobId, CommitId, Path, Source
from syndicate.sites import CONFIGURATION_NAMES
from syndicate.sites.site import Site, SiteProblem, is_below

_SITE_FILE_ENDINGS: Final = (
    *ENDINGS,
    *MARKDOWN_EXTENSIONS,
    *(".html", "cname", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"),
    *(".tsx", ".jsx", ".astro", ".njk", ".liquid", ".eleventyignore", ".tool-versions"),
)
"""Endings of the files by which a site is recognized and configured."""
_MAX_LOOK_BACK: Final = 50
"""Commits whose configuration is read in search of a usable one."""
_CACHED_SITES: Final = 16
_EMPTIED_DAYS: Final = 90
"""How long before the served commit a folder that was emptied is looked for."""


class SiteReader:
    """Reads the site of one source at any commit; the same files of configuration once."""

    def __init__(self, source: Source, repository: Repository) -> None:
        self.repository: Final = repository
        self._source = source
        self._sites: LRUCache[bytes, tuple[Mapping[str, BlobId], Site]] = LRUCache(_CACHED_SITES)
        """By the files that may configure a site: the files that were read, and what they say."""

    def read(self, files: RepositoryFiles) -> Site:
        """Return the site that ``files`` of a commit describe."""
        relevant = chain.from_iterable(_relevant(files.blobs, ()).items())
        key = sha256("\0".join(relevant).encode("utf-8", "surrogateescape")).digest()
        blobs, site = self._sites.get(key, ({}, None))
        if site is None or any(files.blobs.get(path) != blob for path, blob in blobs.items()):
            site = find_site(self._source, files)
            blobs = {path: files.blobs[path] for path in files.read_paths}
            self._sites[key] = blobs, site
        files.read_paths.update(blobs)
        return site


class SiteTracker:
    """Describes one source at one commit after the other."""

    def __init__(self, source: Source, sites: SiteReader) -> None:
        self._source = source
        self.sites: Final = sites
        self._repository = sites.repository
        self._last: SiteSource | None = None
        self._last_commit: CommitId | None = None
        self._last_blobs: Mapping[str, BlobId] = {}
        self._read_paths: frozenset[str] = frozenset()
        """The files that the last description was read from."""
        self._configured: tuple[SiteSource | None, CommitId | None, datetime | None]
        self._configured = None, None, None
        """When the site was last configured, up to a commit, by a description."""

    def describe(self, commit: CommitId) -> SiteSource:
        """Return the source at ``commit``; raises `RepositoryError`, also without a site URL."""
        if not asks_site(self._source):
            return SiteSource(source=self._source)
        since, self._last_commit = self._last_commit, None
        if self._last is not None and since is not None and self._is_as_before(commit, since):
            self._last_commit = commit
            return self._last
        files = RepositoryFiles(self._repository, commit)
        if self._last is None or _relevant(files.blobs, self._read_paths) != self._last_blobs:
            self._last = self._described(files, commit)
            self._read_paths = frozenset(files.read_paths)
            self._last_blobs = _relevant(files.blobs, self._read_paths)
        self._last_commit = commit
        return self._last

    def _is_as_before(self, commit: CommitId, since: CommitId) -> bool:
        """Return whether no commit after ``since`` changed a file that the description is from.

        So the files of a large repository are not listed for every change of a post.
        """
        delta = self._repository.commits_since(commit, since)
        if delta is None:
            return False
        present: dict[str, BlobId] = {
            path: blob for path, blob in delta.files.items() if blob is not None
        }
        before = {
            path: blob for path in delta.files if (blob := self._last_blobs.get(path)) is not None
        }
        return _relevant(present, self._read_paths) == before

    def configured_at(
        self, commit: CommitId, described: SiteSource, *, is_successor: bool
    ) -> datetime | None:
        """Return the time of the last commit of the site's configuration, None without one.

        Of a successor of the commit of the last call, only the commits in between are looked
        through.
        """
        if described.site is None or not described.site.files:
            return None
        before, since, at = self._configured
        if not is_successor or before != described:
            since, at = None, None
        at = last_change(self._repository, commit, described.site.files, since=since) or at
        self._configured = described, commit, at
        return at

    def _described(self, files: RepositoryFiles, commit: CommitId) -> SiteSource:
        site = self.sites.read(files)
        if not self._source.id_authority:
            authority = self._first_host(commit)
            derived = (*self._source.derived, "id_authority")
            self._source = replace(self._source, id_authority=authority, derived=derived)
        if not self._is_usable(site):
            earlier = self._last_usable(commit, site)
            if earlier is not None:
                return replace(earlier, kept=(self._unusable(earlier, site, files),))
        found = complete(self._source, site)
        if self._last is not None:
            return _with_emptied_folders(found, self._last, files)
        return self._with_lately_emptied_folders(found, files, commit)

    def _is_usable(self, site: Site) -> bool:
        """Return whether ``site`` has a configuration that says what the settings leave to it."""
        if not site.files or self._breaking_problem(site) is not None:
            return False
        return bool(site.base_url) or "site_url" not in self._source.derived

    def _breaking_problem(self, site: Site) -> SiteProblem | None:
        """Return the problem for which an earlier configuration stays in force, None if none.

        An unusable URL is one only where the settings leave the URL to the site.
        """
        rules = {"site-configuration"}
        if "site_url" in self._source.derived:
            rules.add("site-url")
        wrong = (each for each in site.problems if each.rule in rules)
        return next((each for each in wrong if each.path in site.files[:1]), None)

    def _unusable(self, earlier: SiteSource, site: Site, files: RepositoryFiles) -> Problem:
        """Return why the configuration of ``site`` is not usable, and ``earlier`` in force."""
        found = self._breaking_problem(site)
        main = next(iter(earlier.site.files if earlier.site else ()), "")
        if found is not None:
            return _kept(earlier, found.path, found.what, found.hint)
        if main not in files.blobs:
            what = f"{main} has disappeared; what it said stays in force"
            return _kept(earlier, main, what, f"Restore {main}.")
        error = no_site_url(self._source, site)
        return _kept(earlier, main, error.message, error.hint)

    def _last_usable(self, commit: CommitId, present: Site) -> SiteSource | None:
        """Return what the last usable configuration before ``commit`` said, None without one.

        Of the commit before the one that made it unusable, with the data files of then. Where the
        ``present`` site has a configuration of another engine, an earlier one does not count.
        """
        changes = self._repository.commits_changing(commit, _is_configuration)
        for parent in _parents(changes[:_MAX_LOOK_BACK]):
            site = self.sites.read(RepositoryFiles(self._repository, parent))
            if self._is_usable(site):
                is_same = not present.files or present.engine == site.engine
                return complete(self._source, site) if is_same else None
        return None

    def _with_lately_emptied_folders(
        self, found: SiteSource, files: RepositoryFiles, commit: CommitId
    ) -> SiteSource:
        """Return ``found`` with folders that lately had posts, at a start with an empty store.

        What was emptied long ago was meant to be: a site that is new here is not held back.
        """
        if "folders" not in self._source.derived:
            return found
        changes = self._repository.commits_changing(commit, _is_markdown, days=_EMPTIED_DAYS)
        emptying = [each for each in changes[:_MAX_LOOK_BACK] if _empties_a_folder(each, files)]
        for parent in _parents(emptying):
            site = self.sites.read(RepositoryFiles(self._repository, parent))
            is_usable = self._is_usable(site)
            last = complete(self._source, site) if is_usable else self._last_usable(parent, site)
            found = found if last is None else _with_emptied_folders(found, last, files)
        return found

    def _first_host(self, commit: CommitId) -> str:
        """Return the host that the oldest configuration with a base URL names, empty without one.

        Post IDs begin with it, so what the served commit says does not count.
        """
        changes = self._repository.commits_changing(commit, _is_configuration)
        for change in changes[::-1][:_MAX_LOOK_BACK]:
            site = self.sites.read(RepositoryFiles(self._repository, change.id))
            if site.base_url:
                return urlsplit(site.base_url.value).hostname or ""
        return ""


def _is_configuration(path: str) -> bool:
    return path.rpartition("/")[2] in CONFIGURATION_NAMES


def _is_markdown(path: str) -> bool:
    return path.endswith(MARKDOWN_EXTENSIONS)


def _parents(changes: Iterable[Commit]) -> Iterator[CommitId]:
    return (change.parent for change in changes if change.parent is not None)


def _empties_a_folder(change: Commit, files: RepositoryFiles) -> bool:
    """Return whether ``change`` deleted pages of a folder that has none now."""
    folders = {each.path.rpartition("/")[0] for each in change.changes if each.kind == "deleted"}
    return any(not _has_pages(folder, files) for folder in folders)


def _has_pages(folder: str, files: RepositoryFiles) -> bool:
    return any(is_below(path, folder) for path in files.paths if _is_markdown(path))


def _relevant(blobs: Mapping[str, BlobId], read_paths: Collection[str]) -> Mapping[str, BlobId]:
    """Return the files that say something about a site.

    Of pages that were not read, such as samples of a folder are, only that they exist.
    """
    none = BlobId("")
    return {
        path: none
        if path.lower().endswith(MARKDOWN_EXTENSIONS) and path not in read_paths
        else blob
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
        if folder not in found.source.folders and not _has_pages(folder, files)
    ]
    if not gone or found.site is None or last.site is None:
        return found
    kept = (folder for folder in last.site.folders if folder.path in gone)
    return replace(
        found,
        source=replace(found.source, folders=(*found.source.folders, *gone)),
        site=replace(found.site, folders=(*found.site.folders, *kept)),
    )
