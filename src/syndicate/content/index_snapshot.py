"""What an index found out about its source, written down, so that a start goes on from there.

Everything is kept but what follows from the rest: posts have the zone and name of their source,
and who has which address is found out anew. Paths are bytes, as in git: some are not UTF-8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from sys import intern
from typing import Final

import msgspec

from syndicate.content.file_classifier import FileResult
from syndicate.content.file_history import BranchHistory, PostHistory
from syndicate.content.file_table import FileTable
from syndicate.model.category import Category
from syndicate.model.edition import Problem, ProblemLevel
from syndicate.model.post import BlobId, CommitId, DatePrecision, Path, Post, PostId, Source

CACHE_NAMESPACE: Final = "registers"


@dataclass(frozen=True, slots=True)
class IndexSnapshot:
    """What replaying and examining a source has shown; nothing in it is changed any more."""

    branch: BranchHistory
    results: Mapping[Path, FileResult]
    skipped: Mapping[Path, str]

    @classmethod
    def capture(cls, branch: BranchHistory, table: FileTable) -> "IndexSnapshot":
        """Take down how things stand, quickly, while nobody changes them."""
        return cls(branch.copy(), dict(table.results), dict(table.skipped))

    def to_file_table(self) -> FileTable:
        """Return the register that holds the same."""
        table = FileTable()
        table.update(self.results, self.skipped, ())
        return table


class _Record(msgspec.Struct, array_like=True, gc=False):
    """Something that is written down; as short as can be, for there are very many."""


class _Post(_Record):
    id: PostId
    blob: BlobId
    url: str
    title: str
    published: datetime
    precision: DatePrecision
    updated: datetime
    language: str
    categories: tuple[tuple[str, str], ...]
    carousel: bool
    day: date
    expires: datetime | None
    translation: str


class _Problem(_Record):
    level: ProblemLevel
    rule: str
    line: int
    column: int
    message: str
    hint: str


class _FileResult(_Record):
    blob: BlobId
    post: _Post | None
    hidden_reason: str
    problems: tuple[_Problem, ...]


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


_DECODER: Final = msgspec.msgpack.Decoder(_Snapshot)


def encode(snapshot: IndexSnapshot) -> bytes:
    """Return ``memory`` as bytes."""
    branch = snapshot.branch
    record = _Snapshot(
        commit=branch.commit,
        current=tuple(
            _File(_encode_path(path), lineage, _encode_result(snapshot.results.get(path)))
            for path, lineage in branch.current.items()
        ),
        deleted=tuple((_encode_path(path), lineage) for path, lineage in branch.deleted.items()),
        created_at_path=tuple(
            (_encode_path(path), count) for path, count in branch.created_at_path.items()
        ),
        post_counts=tuple(
            (_encode_path(path), count) for path, count in branch.post_counts.items()
        ),
        last_complete_commit=branch.last_complete_commit,
        emptied_by=branch.emptied_by,
        skipped=tuple((_encode_path(path), why) for path, why in snapshot.skipped.items()),
        commits_without_time=branch.commits_without_time,
    )
    return msgspec.msgpack.encode(record)


def decode(data: bytes, source: Source) -> IndexSnapshot:
    """Return what `encode` made ``data`` of, for the same ``source``."""
    record = _DECODER.decode(data)
    branch = BranchHistory(
        commit=record.commit,
        deleted={_decode_path(path): lineage for path, lineage in record.deleted},
        created_at_path={_decode_path(path): count for path, count in record.created_at_path},
        post_counts={_decode_path(path): count for path, count in record.post_counts},
        last_complete_commit=record.last_complete_commit,
        emptied_by=record.emptied_by,
        commits_without_time=record.commits_without_time,
    )
    results: dict[Path, FileResult] = {}
    categories: dict[tuple[str, str], Category] = {}
    for file in record.current:
        path = _decode_path(file.path)
        branch.current[path] = file.history
        if file.result is not None:
            results[path] = _decode_result(file.result, path, file.history, source, categories)
    skipped = {_decode_path(path): why for path, why in record.skipped}
    return IndexSnapshot(branch, results, skipped)


def _encode_result(result: FileResult | None) -> _FileResult | None:
    if result is None:
        return None
    return _FileResult(
        blob=result.blob,
        post=_encode_post(result.post) if result.post else None,
        hidden_reason=result.hidden_reason,
        problems=tuple(
            _Problem(one.level, one.rule, one.line, one.column, one.message, one.hint)
            for one in result.problems
        ),
    )


def _encode_post(post: Post) -> _Post:
    return _Post(
        id=post.id,
        blob=post.blob,
        url=post.url,
        title=post.title,
        published=post.published,
        precision=post.precision,
        updated=post.updated,
        language=post.language,
        categories=tuple((each.slug, each.title) for each in post.categories),
        carousel=post.carousel,
        day=post.day,
        expires=post.expires,
        translation=post.translation,
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
                level=one.level,
                rule=one.rule,
                source=source.name,
                path=path,
                line=one.line,
                column=one.column,
                message=one.message,
                hint=one.hint,
            )
            for one in record.problems
        ),
    )


def _decode_post(
    record: _Post,
    path: Path,
    newest: BlobId,
    source: Source,
    categories: dict[tuple[str, str], Category],
) -> Post:
    """Return the post; what many have, or have already, is the same object for all of them."""
    return Post(
        id=record.id,
        source=source.name,
        path=path,
        blob=newest if record.blob == newest else record.blob,
        url=record.url,
        title=record.title,
        published=record.published.astimezone(source.zone),
        precision=record.precision,
        updated=record.updated.astimezone(source.zone),
        language=intern(record.language),
        categories=tuple(
            categories.get(each)
            or categories.setdefault(each, Category(slug=each[0], title=each[1]))
            for each in record.categories
        ),
        carousel=record.carousel,
        day=record.day,
        expires=record.expires,
        translation=record.translation,
    )


def _encode_path(path: Path) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _decode_path(path: bytes) -> Path:
    return Path(path.decode("utf-8", "surrogateescape"))
