"""When the versions of files left feeds (decision 33)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from syndicate.content.file_history import PostHistory
from syndicate.content.parsed_file import FileParser, ParsedFile
from syndicate.dialects.fields import Fields
from syndicate.git import TreeEntry
from syndicate.model.departure import (
    Departure,
    PostAttributes,
    PostState,
    StateSince,
    departures_between,
)
from syndicate.model.post import Path, Source


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
