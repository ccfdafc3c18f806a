"""What the dates of feeds depend on, besides the posts in them: posts that left, configuration."""

from datetime import datetime
from itertools import chain
from operator import attrgetter

from syndicate.content.file_classifier import FileTable
from syndicate.content.file_departures import find_departures
from syndicate.content.file_history import BranchHistory, RemovedFile
from syndicate.content.parsed_file import FileParser
from syndicate.content.site_source import SiteSource
from syndicate.git import Repository
from syndicate.model.departure import Departure
from syndicate.model.post import CommitId


class FeedDates:
    """Finds out when posts of one source left feeds, and when its site was last configured."""

    def __init__(self, described: SiteSource, repository: Repository, parser: FileParser) -> None:
        self._source = described.source
        self._files = described.site.files if described.site else ()
        self._repository = repository
        self._parser = parser
        self._removed: dict[RemovedFile, tuple[Departure, ...]] = {}
        self._configured: tuple[CommitId | None, datetime | None] = None, None
        """The time of the last commit of the configuration, up to a commit."""

    def departures(self, branch: BranchHistory, table: FileTable) -> tuple[Departure, ...]:
        """Return when posts left feeds, by changed and by removed files, the latest first."""
        new = [removed for removed in branch.removed if removed not in self._removed]
        parsed = self._parser.parse(
            (removed.path, version.blob) for removed in new for version in removed.history.versions
        )
        for removed in new:
            files = [parsed[removed.path, version.blob] for version in removed.history.versions]
            self._removed[removed] = find_departures(
                removed.history, files, self._source, removed_at=removed.time
            )
        of_removed = chain.from_iterable(self._removed[removed] for removed in branch.removed)
        return tuple(
            sorted(chain(table.departures, of_removed), key=attrgetter("at"), reverse=True)
        )

    def configured_at(self, commit: CommitId, *, is_successor: bool) -> datetime | None:
        """Return the time of the last commit of the site's configuration, None without one.

        Of a successor of the commit of the last call, only the commits in between are looked
        through.
        """
        if not self._files:
            return None
        since, at = self._configured if is_successor else (None, None)
        at = self._repository.last_change(commit, self._files, since=since) or at
        self._configured = commit, at
        return at
