"""When a site lost a file that configured it, which no later commit shows."""

from datetime import datetime
from heapq import nlargest
from operator import itemgetter
from typing import Final

from syndicate.content.configuration_changes import removed_configuration
from syndicate.content.site_source import RepositoryFiles
from syndicate.content.site_tracker import SiteReader
from syndicate.git import Commit
from syndicate.model.post import CommitId, Path

_MAX_COMMITS: Final = 20
"""Commits of which it is looked up whether the site read files that they removed."""


class RemovedConfiguration:
    """Records the latest time of a commit that removed configuration.

    The clocks of those who commit differ: the time of a commit may be before that of its parent.
    """

    def __init__(self, sites: SiteReader, at: datetime | None = None) -> None:
        self._sites: Final = sites
        self._unknown: list[tuple[datetime, CommitId, frozenset[Path]]] = []
        self.at = at

    def record(self, commit: Commit, configured_by: frozenset[str]) -> None:
        """Record what ``commit`` removed from a site that the files ``configured_by`` described.

        These may lack files of data, which `look_up` finds.
        """
        removed = frozenset(removed_configuration(commit))
        if not removed.isdisjoint(configured_by):
            self._record_time(commit.time)
        elif removed and commit.parent is not None:
            self._unknown.append((commit.time, commit.parent, removed))

    def look_up(self) -> None:
        """Look up whether the site read the removed files that are not known."""
        unknown, self._unknown = self._unknown, []
        for time, parent, removed in nlargest(_MAX_COMMITS, unknown, key=itemgetter(0)):
            is_later = self.at is None or time > self.at
            if is_later and not removed.isdisjoint(self._files_of(parent)):
                self._record_time(time)

    def _files_of(self, commit: CommitId) -> tuple[str, ...]:
        return self._sites.read(RepositoryFiles(self._sites.repository, commit)).files

    def _record_time(self, time: datetime) -> None:
        self.at = time if self.at is None else max(time, self.at)
