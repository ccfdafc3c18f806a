"""The state of a `SourceIndex` in the disk cache, so that a start reads only newer commits.

Goal: a cached start at 10,000 posts serves the first feed within 0.7 s. Without the snapshot, all
posts are built again from the history and from cached front matter, and the same start takes
5.5 s (decision 0018). `SnapshotStore` is the only way in: without it, every start is a cold one.

State that follows from other state is not stored: posts get the zone and name of their source,
and the owner of each URL is decided again. Paths are bytes, because git allows any.
"""

import pathlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from hashlib import sha256
from sys import intern
from typing import Final

import msgspec

from syndicate import git, model
from syndicate.cache import Cache
from syndicate.content.code_fingerprint import code_digest, zone_data_digest
from syndicate.content.file_classifier import FileResult, FileTable
from syndicate.content.file_history import BranchHistory, PostHistory
from syndicate.content.parsed_file import PARSER_CODE
from syndicate.content.post_inputs import PostInputs
from syndicate.content.site_source import SiteSource
from syndicate.model.category import Category
from syndicate.model.departure import Departure, PostAttributes
from syndicate.model.edition import Problem, ProblemLevel
from syndicate.model.post import (
    BlobId,
    CommitId,
    DatePrecision,
    Path,
    Post,
    PostId,
    Source,
)

CACHE_NAMESPACE: Final = "index-snapshots"

_PACKAGES: Final = (__file__, git.__file__, model.__file__)
_CODE: Final = (*(pathlib.Path(file).parent for file in _PACKAGES), *PARSER_CODE)
"""The code that decides what a snapshot holds."""


@dataclass(frozen=True, slots=True)
class IndexSnapshot:
    """The state of an index at one commit; a copy that is never modified."""

    branch: BranchHistory
    results: Mapping[Path, FileResult]
    skipped: Mapping[Path, str]
    departures: tuple[Departure, ...]
    version_keys: bytes
    """The cache keys of the versions that a start without the snapshot reads for departures."""
    configuration_removed: datetime | None

    def to_file_table(self) -> FileTable:
        """Return a file table with the same results."""
        table = FileTable()
        table.update(self.results, self.skipped, ())
        return table


class SnapshotStore:
    """The snapshots of one source in the disk cache, by code, settings and accepted removals."""

    def __init__(self, described: SiteSource, rules: object, cache: Cache) -> None:
        """Store snapshots of a source; ``rules`` are further settings that they depend on."""
        self._source = described.source
        self._cache = cache
        made_by = code_digest(*_CODE), zone_data_digest(described.source.zone)
        self._rules = (made_by, described, rules)
        self._stored: tuple[str, CommitId | None] | None = None
        """Key and commit of the snapshot in the cache."""

    def key(self, accepted: Iterable[CommitId]) -> str:
        """Return the cache key; ``accepted`` are the commits that may empty a folder."""
        return sha256(repr((*self._rules, sorted(accepted))).encode()).hexdigest()

    def load(self, accepted: Iterable[CommitId]) -> IndexSnapshot | None:
        """Return the stored snapshot, None if there is none."""
        key = self.key(accepted)
        data = self._cache.get(CACHE_NAMESPACE, [key]).get(key)
        if data is None:
            return None
        snapshot = decode(data, self._source)
        self._stored = key, snapshot.branch.commit
        return snapshot

    def is_stored(self, commit: CommitId, accepted: Iterable[CommitId]) -> bool:
        """Return whether the snapshot of ``commit`` is stored already."""
        return self._stored == (self.key(accepted), commit)

    def store(self, snapshot: IndexSnapshot, accepted: Iterable[CommitId]) -> None:
        """Store ``snapshot`` in place of an earlier one."""
        key = self.key(accepted)
        self._cache.put(CACHE_NAMESPACE, {key: encode(snapshot)})
        self._stored = key, snapshot.branch.commit


class _Record(msgspec.Struct, array_like=True, gc=False):
    """Base of stored records; arrays without keys, because there are many."""


class _Post(_Record):
    id: PostId
    tag: PostId
    blob: BlobId
    url: str
    title: str
    published: datetime
    offset_minutes: int | None
    """The offset of ``published`` where it is not that of the source: times are stored in UTC."""
    precision: DatePrecision
    updated: datetime
    language: str
    categories: tuple[tuple[str, str], ...]
    carousel: bool
    day: date
    expires: datetime | None
    translation: str
    digests: str
    is_named_after_file: bool


class _Problem(_Record):
    level: ProblemLevel
    rule: str
    line: int
    column: int
    message: str
    hint: str


class _Attributes(_Record):
    categories: tuple[tuple[str, str], ...]
    carousel: bool
    language: str


class _Departure(_Record):
    at: datetime
    before: _Attributes
    after: _Attributes | None


class _FileResult(_Record):
    blob: BlobId
    post: _Post | None
    hidden_reason: str
    problems: tuple[_Problem, ...]
    inputs: PostInputs


class _File(_Record):
    path: bytes
    history: PostHistory
    result: _FileResult | None


class _Snapshot(_Record):
    commit: CommitId | None
    current: tuple[_File, ...]
    deleted: tuple[tuple[bytes, PostHistory], ...]
    created_at_path: tuple[tuple[bytes, int], ...]
    post_counts: tuple[tuple[bytes, int], ...]
    last_complete_commit: CommitId | None
    emptied_by: CommitId | None
    skipped: tuple[tuple[bytes, str], ...]
    commits_without_time: tuple[CommitId, ...]
    departures: tuple[_Departure, ...]
    version_keys: bytes
    configuration_removed: datetime | None


_DECODER: Final = msgspec.msgpack.Decoder(_Snapshot)


def encode(snapshot: IndexSnapshot) -> bytes:
    """Return ``snapshot`` as MessagePack."""
    branch = snapshot.branch
    record = _Snapshot(
        commit=branch.commit,
        current=tuple(
            _File(_encode_path(path), history, _encode_result(snapshot.results.get(path)))
            for path, history in branch.current.items()
        ),
        deleted=tuple((_encode_path(path), history) for path, history in branch.deleted.items()),
        created_at_path=tuple(
            (_encode_path(path), count) for path, count in branch.created_at_path.items()
        ),
        post_counts=tuple(
            (_encode_path(path), count) for path, count in branch.post_counts.items()
        ),
        last_complete_commit=branch.last_complete_commit,
        emptied_by=branch.emptied_by,
        skipped=tuple((_encode_path(path), reason) for path, reason in snapshot.skipped.items()),
        commits_without_time=branch.commits_without_time,
        departures=tuple(
            _Departure(
                departure.at,
                _encode_attributes(departure.before),
                _encode_attributes(departure.after) if departure.after else None,
            )
            for departure in snapshot.departures
        ),
        version_keys=snapshot.version_keys,
        configuration_removed=snapshot.configuration_removed,
    )
    return msgspec.msgpack.encode(record)


def decode(data: bytes, source: Source) -> IndexSnapshot:
    """Return the snapshot that `encode` wrote for the same ``source``."""
    record = _DECODER.decode(data)
    branch = BranchHistory(
        commit=record.commit,
        current={_decode_path(file.path): file.history for file in record.current},
        deleted={_decode_path(path): history for path, history in record.deleted},
        created_at_path={_decode_path(path): count for path, count in record.created_at_path},
        post_counts={_decode_path(path): count for path, count in record.post_counts},
        last_complete_commit=record.last_complete_commit,
        emptied_by=record.emptied_by,
        commits_without_time=record.commits_without_time,
    )
    results: dict[Path, FileResult] = {}
    categories: dict[tuple[str, str], Category] = {}
    for file in record.current:
        if file.result is not None:
            path = _decode_path(file.path)
            results[path] = _decode_result(file.result, path, file.history, source, categories)
    skipped = {_decode_path(path): reason for path, reason in record.skipped}
    departures = tuple(_decode_departure(each, source) for each in record.departures)
    removed = record.configuration_removed
    return IndexSnapshot(branch, results, skipped, departures, record.version_keys, removed)


def _encode_result(result: FileResult | None) -> _FileResult | None:
    if result is None:
        return None
    return _FileResult(
        blob=result.blob,
        post=_encode_post(result.post) if result.post else None,
        hidden_reason=result.hidden_reason,
        problems=tuple(
            _Problem(
                problem.level,
                problem.rule,
                problem.line,
                problem.column,
                problem.message,
                problem.hint,
            )
            for problem in result.problems
        ),
        inputs=result.inputs,
    )


def _encode_attributes(attributes: PostAttributes) -> _Attributes:
    return _Attributes(
        tuple((category.slug, category.title) for category in attributes.categories),
        attributes.carousel,
        attributes.language,
    )


def _decode_departure(record: _Departure, source: Source) -> Departure:
    return Departure(
        at=record.at,
        before=_decode_attributes(record.before, source),
        after=_decode_attributes(record.after, source) if record.after else None,
    )


def _decode_attributes(record: _Attributes, source: Source) -> PostAttributes:
    return PostAttributes(
        source=source.name,
        categories=tuple(Category(slug=slug, title=title) for slug, title in record.categories),
        carousel=record.carousel,
        language=record.language,
    )


def _encode_post(post: Post) -> _Post:
    return _Post(
        id=post.id,
        tag=post.tag,
        blob=post.blob,
        url=post.url,
        title=post.title,
        published=post.published,
        offset_minutes=_own_offset(post.published),
        precision=post.precision,
        updated=post.updated,
        language=post.language,
        categories=tuple((category.slug, category.title) for category in post.categories),
        carousel=post.carousel,
        day=post.day,
        expires=post.expires,
        translation=post.translation,
        digests=post.digests,
        is_named_after_file=post.is_named_after_file,
    )


def _decode_result(
    record: _FileResult,
    path: Path,
    history: PostHistory,
    source: Source,
    categories: dict[tuple[str, str], Category],
) -> FileResult:
    newest = history.versions[-1].blob
    return FileResult(
        blob=newest if record.blob == newest else record.blob,
        history=history,
        post=_decode_post(record.post, path, newest, source, categories) if record.post else None,
        hidden_reason=record.hidden_reason,
        problems=tuple(
            Problem(
                level=problem.level,
                rule=problem.rule,
                source=source.name,
                path=path,
                line=problem.line,
                column=problem.column,
                message=problem.message,
                hint=problem.hint,
            )
            for problem in record.problems
        ),
        inputs=record.inputs,
    )


def _decode_post(
    record: _Post,
    path: Path,
    newest: BlobId,
    source: Source,
    categories: dict[tuple[str, str], Category],
) -> Post:
    """Return the post; values that many posts share are one object, to save memory."""
    published = record.published.astimezone(_zone(record, source))
    return Post(
        id=record.id,
        tag=record.tag,
        source=source.name,
        path=path,
        blob=newest if record.blob == newest else record.blob,
        url=record.url,
        title=record.title,
        published=published,
        precision=record.precision,
        updated=_updated(record, published, source),
        language=intern(record.language),
        categories=tuple(
            categories.get(names)
            or categories.setdefault(names, Category(slug=names[0], title=names[1]))
            for names in record.categories
        ),
        carousel=record.carousel,
        day=record.day,
        expires=record.expires.astimezone(source.zone) if record.expires else None,
        translation=record.translation,
        digests=record.digests,
        is_named_after_file=record.is_named_after_file,
    )


def _own_offset(time: datetime) -> int | None:
    """Return the offset in minutes that ``time`` was written with, None if it is that of a zone."""
    offset = time.utcoffset() if isinstance(time.tzinfo, timezone) else None
    return None if offset is None else offset // timedelta(minutes=1)


def _zone(record: _Post, source: Source) -> tzinfo:
    minutes = record.offset_minutes
    return source.zone if minutes is None else timezone(timedelta(minutes=minutes))


def _updated(record: _Post, published: datetime, source: Source) -> datetime:
    """Return the time of the last change: in the zone of ``source`` unless it is ``published``."""
    updated = record.updated
    return published if updated == published else updated.astimezone(source.zone)


def _encode_path(path: Path) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _decode_path(path: bytes) -> Path:
    return Path(path.decode("utf-8", "surrogateescape"))
