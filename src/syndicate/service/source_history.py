"""What the last commits of a source changed, each of which is compared once per process."""

from itertools import islice
from typing import Final

from syndicate.content.source_index import SourceIndex
from syndicate.errors import UnknownSite
from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.git.commit_log import LoggedCommit, recent_commits
from syndicate.model.edition import Problem, SourceSnapshot
from syndicate.model.post import CommitId, Post
from syndicate.model.source_history import CommitReport, post_changes
from syndicate.sites.site import Site

MAX_COMMITS: Final = 10
_MAX_CHANGES: Final = 50
"""Changes that are kept of one commit; the others are counted."""
_CACHED_REPORTS: Final = 1_000

_Posts = tuple[tuple[Post, ...], tuple[Problem, ...]]
"""The posts at a commit, and the errors of files."""


class SourceHistory:
    """Compares the posts of a source at each of its last commits with those before it.

    Its index goes through the commits from the oldest on, so that only the first one is read
    completely. One thread at a time may call `reports`.
    """

    def __init__(self) -> None:
        self._reports = SizedLruCache[tuple[str, CommitId], CommitReport](
            _CACHED_REPORTS, getsizeof=lambda _: 1
        )
        self._latest: dict[str, tuple[CommitId, tuple[CommitReport, ...]]] = {}
        """The last result of each source, and the commit that it is of."""

    def known_reports(self, snapshot: SourceSnapshot) -> tuple[CommitReport, ...] | None:
        """Return the result of `reports` for ``snapshot`` if it was called, without git."""
        commit, reports = self._latest.get(snapshot.source.name, (None, ()))
        return reports if commit == snapshot.commit else None

    def reports(
        self, snapshot: SourceSnapshot, site: Site | None, index: SourceIndex
    ) -> tuple[CommitReport, ...]:
        """Return what the last commits up to that of ``snapshot`` changed, the newest first.

        Those count that changed a folder of posts or a file that the configuration of the ``site``
        is from. ``index`` is one of the same source that serves nothing. Raises `RepositoryError`.
        """
        source = snapshot.source
        paths = (*source.folders, *(site.files if site else ()))
        commits = recent_commits(index.repository, snapshot.commit, paths, MAX_COMMITS)
        posts: dict[CommitId, _Posts] = {}
        for commit in reversed(commits):
            if (source.name, commit.id) not in self._reports:
                report = _compare(snapshot, index, commit, posts)
                self._reports[source.name, commit.id] = report
        found = tuple(self._reports[source.name, commit.id] for commit in commits)
        self._latest[source.name] = snapshot.commit, found
        return found


def _compare(
    snapshot: SourceSnapshot,
    index: SourceIndex,
    commit: LoggedCommit,
    posts: dict[CommitId, _Posts],
) -> CommitReport:
    """Return what ``commit`` changed; ``posts`` keeps those of the last commit that was read."""
    before: _Posts = ((), ())
    if commit.parent is not None:
        before = posts[commit.parent] if commit.parent in posts else _read(index, commit.parent)
    after = _read(index, commit.id)
    posts.clear()
    posts[commit.id] = after
    changes = tuple(post_changes(before[0], after[0]))
    return CommitReport(
        id=commit.id,
        time=commit.time.astimezone(snapshot.source.zone),
        subject=commit.subject,
        changes=tuple(islice(changes, _MAX_CHANGES)),
        total=len(changes),
        broken=tuple(error for error in after[1] if error not in before[1])[:_MAX_CHANGES],
    )


def _read(index: SourceIndex, commit: CommitId) -> _Posts:
    """Return the posts and errors at ``commit``, none where nothing said yet where its site is."""
    try:
        snapshot = index.snapshot(commit)
    except UnknownSite:
        return (), ()
    errors = (problem for problem in snapshot.problems if problem.level == "error" and problem.path)
    return tuple(snapshot.posts), tuple(errors)
