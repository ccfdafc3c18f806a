"""Posts that the operator took out of every feed, until they are restored or removed in git."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

import msgspec

from syndicate import telemetry
from syndicate.errors import Conflict, StorageError, UnknownName
from syndicate.git import Repository
from syndicate.model.departure import Departure, PostAttributes
from syndicate.model.edition import HiddenFile, SourceSnapshot, UnavailableSource
from syndicate.model.post import CommitId, Path, Post, PostId, PostKey
from syndicate.model.post_list import PostList
from syndicate.private_files import StateFile

_UNKNOWN: Final = PostId("")

_log = telemetry.logger("withdrawal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A post that was withdrawn at a time, and whether that has ended.

    ``commit`` was served then, and ``attributes`` are those of the post then. They decide which
    feeds were updated by that. ``restored`` says that it ended by a command, not in git.
    ``post_id`` is the ID of the post then.
    """

    key: PostKey
    path: Path
    commit: CommitId
    attributes: PostAttributes
    began: datetime
    ended: datetime | None = None
    restored: bool = False
    post_id: PostId = _UNKNOWN

    @classmethod
    def of(cls, post: Post, commit: CommitId, now: datetime) -> Self:
        """Withdraw ``post`` at ``now``."""
        attributes = PostAttributes.of(post)
        return cls(
            key=post.key,
            path=post.path,
            commit=commit,
            attributes=attributes,
            began=now,
            post_id=post.id,
        )

    def to_json(self) -> dict[str, object]:
        """Return the withdrawal as a JSON object."""
        values: dict[str, object] = msgspec.to_builtins(self)
        return values

    @property
    def departure(self) -> Departure:
        """The departure that keeps the dates of feeds from going back, also after a restoration."""
        return Departure(at=self.ended or self.began, before=self.attributes)


class WithdrawnPosts:
    """The withdrawals of all sources, in a file that commands write and a running service reads."""

    def __init__(self, file: StateFile, clock: Callable[[], datetime]) -> None:
        self._file: Final = file
        self._clock: Final = clock
        self._state: object = None
        self._withdrawals: tuple[Withdrawal, ...] = ()

    def withdrawals(self) -> tuple[Withdrawal, ...]:
        """Return all withdrawals, ended ones too; those last known if the file is unreadable.

        While the file does not change, this is one `stat`.
        """
        state = self._file.state()
        if state != self._state:
            try:
                self._withdrawals = _parse(self._file.read())
            except StorageError as error:
                _log.warning("withdrawals unreadable", reason=error.message)
            self._state = state
        return self._withdrawals

    def withdraw(self, post: Post, commit: CommitId) -> Withdrawal:
        """Withdraw ``post`` of ``commit``; raises `Conflict` and `StorageError`."""
        withdrawal = Withdrawal.of(post, commit, self._clock())
        with self._file.edit() as document:
            withdrawals = _parse(document)
            _require_not_withdrawn(withdrawals, post.key)
            _store(document, (*withdrawals, withdrawal))
        return withdrawal

    def require_not_withdrawn(self, key: str) -> None:
        """Raise `Conflict` if the post with ``key`` is withdrawn."""
        _require_not_withdrawn(self.withdrawals(), key)

    def restore(self, key: str) -> Withdrawal:
        """End the withdrawal of a post; raises `UnknownName` and `StorageError`."""
        with self._file.edit() as document:
            withdrawals = _parse(document)
            active = {each.key: each for each in _active(withdrawals)}
            if key not in active:
                raise UnknownName(
                    f"no withdrawn post has the key {key!r}",
                    code="unknown-post",
                    choices=tuple(active),
                )
            _store(document, _with_ended(withdrawals, {key}, self._clock(), restored=True))
        return active[PostKey(key)]

    def apply_unread(self, source: UnavailableSource) -> UnavailableSource:
        """Return ``source`` with the posts that are withdrawn."""
        withdrawn_ids = frozenset(each.post_id for each in _active(self._of(source)))
        return replace(source, withdrawn_ids=withdrawn_ids) if withdrawn_ids else source

    def apply(self, snapshot: SourceSnapshot) -> SourceSnapshot:
        """Return ``snapshot`` without the withdrawn posts."""
        own = self._of(snapshot)
        if not own:
            return snapshot
        active = {each.key: each for each in _active(own)}
        posts = [post for post in snapshot.posts if post.key in active] if active else []
        times = [each.began for each in own if not each.restored]
        return replace(
            snapshot,
            posts=PostList.from_posts(snapshot.posts).with_changes(posts, ()),
            hidden=(*snapshot.hidden, *(_hidden_file(post, active[post.key]) for post in posts)),
            departures=_latest_first(snapshot.departures, own),
            withdrawn=max(times, default=None),
            withdrawn_ids=frozenset(each.post_id for each in active.values()),
        )

    def end_removed(self, snapshot: SourceSnapshot, repository: Repository) -> None:
        """End the withdrawals of posts whose files a later commit removed.

        Another commit may then publish such a post again. A branch that was reset, other settings
        and a draft end nothing. Raises `RepositoryError`.
        """
        keys = {post.key for post in snapshot.posts}
        removed = [
            withdrawal
            for withdrawal in _active(self._of(snapshot))
            if withdrawal.key not in keys
            and repository.find_blob(snapshot.commit, withdrawal.path) is None
            and repository.commits_since(snapshot.commit, withdrawal.commit) is not None
        ]
        for withdrawal in removed:
            self._end(withdrawal)

    def _of(self, snapshot: SourceSnapshot | UnavailableSource) -> list[Withdrawal]:
        name = snapshot.source.name
        return [each for each in self.withdrawals() if each.attributes.source == name]

    def _end(self, withdrawal: Withdrawal) -> None:
        """End the withdrawal of a post that is gone, later if that cannot be stored now."""
        try:
            with self._file.edit() as document:
                ended = _with_ended(_parse(document), {withdrawal.key}, self._clock())
                _store(document, ended)
        except StorageError as error:
            _log.warning("withdrawals not stored", reason=error.message)
        else:
            _log.info("withdrawal ended", path=withdrawal.path, key=withdrawal.key)


def _parse(document: Mapping[str, Any]) -> tuple[Withdrawal, ...]:
    try:
        return msgspec.convert(document.get("withdrawals", ()), tuple[Withdrawal, ...])
    except msgspec.ValidationError as error:
        raise StorageError(
            f"the withdrawn posts cannot be read: {error}",
            hint="Fix withdrawn.json in the data folder, or delete it and withdraw posts again.",
        ) from error


def _store(document: dict[str, Any], withdrawals: Iterable[Withdrawal]) -> None:
    document["withdrawals"] = [withdrawal.to_json() for withdrawal in withdrawals]


def _active(withdrawals: Iterable[Withdrawal]) -> Iterator[Withdrawal]:
    return (withdrawal for withdrawal in withdrawals if withdrawal.ended is None)


def _require_not_withdrawn(withdrawals: Iterable[Withdrawal], key: str) -> None:
    if any(each.key == key for each in _active(withdrawals)):
        raise Conflict(
            f"the post {key} is withdrawn already",
            hint="List what is withdrawn with: syndicate posts withdrawn",
            code="already-withdrawn",
        )


def _with_ended(
    withdrawals: Iterable[Withdrawal],
    keys: Collection[str],
    now: datetime,
    *,
    restored: bool = False,
) -> Iterator[Withdrawal]:
    for withdrawal in withdrawals:
        is_ending = withdrawal.key in keys and withdrawal.ended is None
        yield replace(withdrawal, ended=now, restored=restored) if is_ending else withdrawal


def _hidden_file(post: Post, withdrawal: Withdrawal) -> HiddenFile:
    began = withdrawal.began.astimezone(UTC)
    return HiddenFile(
        path=post.path, reason=f"withdrawn by the operator on {began:%Y-%m-%d %H:%M} UTC"
    )


def _latest_first(
    departures: Iterable[Departure], withdrawals: Iterable[Withdrawal]
) -> tuple[Departure, ...]:
    found = (*departures, *(withdrawal.departure for withdrawal in withdrawals))
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))
