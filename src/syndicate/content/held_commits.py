"""Holds commits of configuration that change many posts, until the operator accepts them.

One line of a site's configuration can move every post. Such a commit is compared with the one
before it; what is served stays at the latter while the commit is not accepted. Only commits after
the one served last are looked at: a source that is served for the first time is served as it is.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from syndicate import telemetry
from syndicate.cache import Cache
from syndicate.content.site_source import SiteSource, asks_site
from syndicate.content.site_tracker import SiteTracker
from syndicate.errors import StorageError
from syndicate.git import Commit, Repository
from syndicate.model.edition import Problem, SourceSnapshot
from syndicate.model.post import PAGE_EXTENSIONS, CommitId, Post, PostId, Source
from syndicate.private_files import StateFile
from syndicate.sites import CONFIGURATION_NAMES

SERVED_COMMITS_NAMESPACE: Final = "served-commits"
_MAX_CHANGED_POSTS: Final = 20
_MAX_CHANGED_FRACTION: Final = 0.1
"""A commit is held only if it changes more than both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCommit:
    """A commit that is not served: it changes ``changed`` of ``posts`` posts of ``parent``."""

    commit: CommitId
    parent: CommitId
    changed: int
    posts: int

    def problem(self, source: str) -> Problem:
        """Return the problem for the operator."""
        return Problem(
            level="error",
            rule="changes-held",
            source=source,
            message=(
                f"commit {self.commit[:12]} changes only configuration, and with it the URL, date"
                f" or visibility of {self.changed} of {self.posts} posts; the posts of the commit"
                " before stay in service"
            ),
            hint="Correct the configuration, or type: syndicate refresh --accept-changes",
        )


class ChangeBrake:
    """Finds the commits to hold, for one source.

    Args:
        source: The source as the settings describe it.
        repository: Its repository.
        tracker: Tells what the configuration of a commit says.
        read: Reads the posts of a commit.
        cache: Remembers which commit was served last.
    """

    def __init__(
        self,
        source: Source,
        repository: Repository,
        tracker: SiteTracker,
        *,
        read: Callable[[CommitId], SourceSnapshot],
        cache: Cache,
    ) -> None:
        self._repository = repository
        self._tracker = tracker
        self._read = read
        self._cache = cache
        self._is_needed = asks_site(source)
        identity = f"{source.name}\n{source.repository}\n{source.ref}".encode()
        self._key = sha256(identity).hexdigest()
        self._served: CommitId | None = None
        self._effects: dict[CommitId, HeldCommit | None] = {}
        """What commits that change only configuration do to the posts; None if not much."""

    def find(self, head: CommitId, accepted: Collection[CommitId]) -> HeldCommit | None:
        """Return the first commit up to ``head`` that is to be held, None if there is none.

        Raises `RepositoryError`.
        """
        served = self._last_served() if self._is_needed else None
        if served is None or served == head:
            return None
        delta = self._repository.commits_since(head, served)
        if delta is None:
            return None
        before, after = self._tracker.describe(served), self._tracker.describe(head)
        if before.source == after.source and before.site == after.site:
            return None
        files = _configuration_files(before, after)
        for commit in delta.all_commits:
            if commit.id not in accepted and _changes_only(commit, files):
                held = self._effect(commit)
                if held is not None:
                    return held
        return None

    def record(self, commit: CommitId) -> None:
        """Remember that ``commit`` is served."""
        if self._is_needed and commit != self._served:
            self._served = commit
            self._cache.put(SERVED_COMMITS_NAMESPACE, {self._key: commit.encode()})

    def _last_served(self) -> CommitId | None:
        if self._served is None:
            stored = self._cache.get(SERVED_COMMITS_NAMESPACE, [self._key]).get(self._key)
            self._served = None if stored is None else CommitId(stored.decode())
        return self._served

    def _effect(self, commit: Commit) -> HeldCommit | None:
        parent = commit.parent
        if parent is not None and commit.id not in self._effects:
            before, after = self._read(parent), self._read(commit.id)
            changed, posts = _count_changes(before, after), len(before.posts)
            is_large = changed > max(_MAX_CHANGED_POSTS, _MAX_CHANGED_FRACTION * posts)
            self._effects[commit.id] = (
                HeldCommit(commit=commit.id, parent=parent, changed=changed, posts=posts)
                if is_large
                else None
            )
        return self._effects.get(commit.id)


def _configuration_files(*described: SiteSource) -> frozenset[str]:
    return frozenset(path for each in described if each.site for path in each.site.files)


def _changes_only(commit: Commit, files: Collection[str]) -> bool:
    """Return whether ``commit`` changes configuration ``files`` and no page besides."""
    paths = {path for change in commit.changes for path in (change.path, change.old_path)}
    configuration = {
        path for path in paths if path in files or path.rpartition("/")[2] in CONFIGURATION_NAMES
    }
    others = paths - configuration
    return bool(configuration) and not any(
        path.lower().endswith(PAGE_EXTENSIONS) for path in others
    )


def _count_changes(before: SourceSnapshot, after: SourceSnapshot) -> int:
    """Return how many posts appear, disappear, or get another URL or date."""
    old, new = _visible(before.posts), _visible(after.posts)
    return sum(old.get(post_id) != new.get(post_id) for post_id in old.keys() | new.keys())


def _visible(posts: Iterable[Post]) -> dict[PostId, tuple[str, datetime]]:
    return {post.id: (post.url, post.published) for post in posts}


_NO_COMMITS: Final[frozenset[CommitId]] = frozenset()

_log = telemetry.logger("acceptance")


class AcceptedRemovals:
    """The commits, by source, that may empty a folder or change many posts; written by commands.

    The file is JSON: names of sources, each with a list of commits. A running service notices
    changes.
    """

    def __init__(self, file: StateFile) -> None:
        self._file: Final = file
        self._state: object = None
        self._accepted: dict[str, frozenset[CommitId]] = {}
        self._temporary: dict[str, frozenset[CommitId]] = {}

    def commits(self, source: str) -> frozenset[CommitId]:
        """Return the accepted commits of ``source``; none if the file cannot be read.

        While the file does not change, this is one `stat`.
        """
        state = self._file.state()
        if state != self._state:
            try:
                self._accepted = _parse_accepted(self._file.read())
            except StorageError as error:
                _log.warning("accepted removals unreadable", reason=error.message)
                self._accepted = {}
            self._state = state
        return self._accepted.get(source, _NO_COMMITS) | self._temporary.get(source, _NO_COMMITS)

    def accept_temporarily(self, source: str, commit: CommitId) -> None:
        """Accept ``commit`` in this process only, without writing the file."""
        self._temporary[source] = self._temporary.get(source, _NO_COMMITS) | {commit}

    def add(self, source: str, commit: CommitId) -> None:
        """Accept what ``commit`` did to the posts of ``source``, and write that to disk.

        Raises `StorageError`, also if the file exists and cannot be parsed.
        """
        with self._file.edit() as document:
            accepted = _parse_accepted(document).get(source, _NO_COMMITS)
            document[source] = sorted(accepted | {commit})


def _parse_accepted(document: Mapping[str, Any]) -> dict[str, frozenset[CommitId]]:
    try:
        return {name: frozenset(map(CommitId, commits)) for name, commits in document.items()}
    except TypeError as error:
        raise StorageError(
            f"the accepted removals cannot be read: {error}",
            hint="Fix accepted.json in the data folder, or delete it and accept removals again.",
        ) from error
