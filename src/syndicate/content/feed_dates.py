"""What the dates of feeds depend on, besides the posts in them: posts that left, configuration."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter

from syndicate.content.file_history import BranchHistory, PostHistory, RemovedFile
from syndicate.content.parsed_file import FileParser, ParsedFile
from syndicate.content.site_source import SiteSource
from syndicate.dialects.fields import Fields
from syndicate.git import Repository, TreeEntry
from syndicate.model.departure import (
    Departure,
    PostAttributes,
    PostState,
    StateSince,
    departures_between,
)
from syndicate.model.post import CommitId, Path, Source


def departures_of_files(
    files: Iterable[tuple[TreeEntry, PostHistory]], source: Source, parser: FileParser
) -> dict[Path, tuple[Departure, ...]]:
    """Return when the versions of files left feeds, of files with more than one version."""
    histories = {file.path: history for file, history in files if len(history.versions) > 1}
    parsed = parser.parse(
        (path, version.blob) for path, history in histories.items() for version in history.versions
    )
    found = {
        path: find_departures(
            history, [parsed[path, version.blob] for version in history.versions], source
        )
        for path, history in histories.items()
    }
    return {path: departures for path, departures in found.items() if departures}


def find_departures(
    history: PostHistory,
    files: Sequence[ParsedFile],
    source: Source,
    *,
    removed_at: datetime | None = None,
) -> tuple[Departure, ...]:
    """Return when the versions of a file left feeds, the oldest first.

    ``files`` are the versions of ``history``, the oldest first; one with an error is not served.
    ``removed_at`` is the time of the commit that removed the file.
    """
    versions: list[StateSince] = [
        (version.time, _post_state(file.fields, history, source))
        for version, file in zip(history.versions, files, strict=True)
        if not file.error
    ]
    if removed_at is not None:
        versions.append((removed_at, None))
    return tuple(departures_between(versions))


def _post_state(fields: Fields | None, history: PostHistory, source: Source) -> PostState | None:
    if fields is None or fields.hidden_reason:
        return None
    return PostState(
        attributes=PostAttributes(
            source=source.name,
            categories=fields.categories,
            carousel=fields.carousel,
            language=fields.language,
        ),
        published=fields.published or history.created,
        expires=fields.expires,
    )


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

    def departures(
        self, branch: BranchHistory, changed: Iterable[Departure]
    ) -> tuple[Departure, ...]:
        """Return when posts left feeds, the latest first: by ``changed`` and by removed files."""
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
        return tuple(sorted(chain(changed, of_removed), key=attrgetter("at"), reverse=True))

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
