"""Watch the sources: poll them, keep the last good snapshots, and build editions."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from syndicate import telemetry
from syndicate.content.source_index import SourceIndex
from syndicate.content.withdrawn_posts import WithdrawnPosts
from syndicate.errors import NotReady, SyndicateError, UnknownName
from syndicate.model.category import Vocabulary
from syndicate.model.edition import Edition, NamedFeed, SourceSnapshot, UnavailableSource
from syndicate.model.post import CommitId, Source
from syndicate.publisher.folder_watcher import watch_folders
from syndicate.telemetry import tracing

Result = TypeVar("Result")


_CHECK_SECONDS: Final = 1.0
"""How often a branch whose folders are watched is checked: it may be on a network file system."""

_MAX_CHECKS_PER_SECOND: Final = 10
"""Checks of all these branches together: each takes about 0.2 ms of the event loop."""

_UNWATCHED_CHECK_SECONDS: Final = 0.01
_MAX_UNWATCHED_CHECKS_PER_SECOND: Final = 250
"""The same for branches whose folders cannot be watched."""

_PRERENDER_TIMEOUT_SECONDS: Final = 1.0
"""How long an edition waits for its posts: one slow post does not hold back the others."""

_WITHDRAWAL_SECONDS: Final = 0.25
"""How often the withdrawals of the operator are looked at: one `stat`."""

_MAX_SLEEP_SECONDS: Final = 3600.0
"""Clocks are set and machines suspended, so a long wait is not one sleep."""

_log = telemetry.logger("publisher")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionBuilder:
    """Builds editions with the categories and the named feeds of the settings, at a time.

    Posts that the operator withdrew are in none.
    """

    vocabulary: Vocabulary
    named_feeds: tuple[NamedFeed, ...]
    clock: Callable[[], datetime]
    withdrawn_posts: WithdrawnPosts

    def build(
        self,
        snapshots: Sequence[SourceSnapshot | UnavailableSource],
        previous: Edition | None = None,
        *,
        at: datetime | None = None,
    ) -> Edition:
        """Build an edition of ``snapshots``, faster if it differs little from ``previous``."""
        sources = [
            self.withdrawn_posts.apply(source)
            for source in snapshots
            if isinstance(source, SourceSnapshot)
        ]
        unavailable = [
            self.withdrawn_posts.apply_unread(source)
            for source in snapshots
            if isinstance(source, UnavailableSource)
        ]
        at = at or self.clock()
        if previous is not None:
            return previous.with_snapshots(sources, at=at, unavailable=unavailable)
        return Edition.build(
            sources,
            unavailable=unavailable,
            at=at,
            vocabulary=self.vocabulary,
            named_feeds=self.named_feeds,
        )


class SourceReader:
    """Reads one source.

    Args:
        source: The source.
        poll_seconds: How often a remote is fetched, and a failed source tried again.
        open_index: Opens the repository; called until it succeeds once.
        previews: The refs of a remote, with ``*`` for any characters, that are fetched beside the
            published one.
        withdrawn_posts: Withdrawals, to end those of posts that commits remove.
    """

    def __init__(
        self,
        source: Source,
        *,
        poll_seconds: float,
        open_index: Callable[[], SourceIndex],
        previews: Sequence[str] = (),
        withdrawn_posts: WithdrawnPosts | None = None,
    ) -> None:
        self.source: Final = source
        self.poll_seconds: Final = poll_seconds
        self._open_index = open_index
        self._previews: Final = previews
        self._withdrawn_posts: Final = withdrawn_posts
        self.preview_error = ""
        """Why the last fetch of branches for previews failed, empty if it did not."""
        self._index: SourceIndex | None = None
        self._state: Hashable = None
        self._snapshot: SourceSnapshot | None = None

    def poll(self) -> SourceSnapshot | UnavailableSource:
        """Fetch the source and return its snapshot, or the last good one with the error.

        Errors are part of the result, never raised: other sources are not affected.
        """
        reason = error_code = ""
        try:
            self._index = self._index or self._open_index()
            try:
                self._index.repository.fetch()
            except SyndicateError as error:
                reason, error_code = error.message, error.code
            head = self._index.repository.head()
            state = (head, self._index.accepted())
            if state != self._state:
                self._snapshot = self._index.served(head)
                self._state = state
                self._end_withdrawals(self._snapshot, self._index)
        except SyndicateError as error:
            reason, error_code = error.message, error.code
        except Exception as error:  # noqa: BLE001 — a bad source must not stop the others
            _log.exception("source read failed", source=self.source.name)
            reason = f"source {self.source.name} cannot be read: {type(error).__name__}"
            error_code = "internal-error"
        if self._snapshot is None:
            return UnavailableSource(source=self.source, error=reason, error_code=error_code)
        if not reason:
            return _with_signature_error(self._snapshot, self._index)
        return replace(self._snapshot, error=reason, error_code=error_code, is_stale=True)

    def _end_withdrawals(self, snapshot: SourceSnapshot, index: SourceIndex) -> None:
        if self._withdrawn_posts is not None and not snapshot.error:
            self._withdrawn_posts.end_removed(snapshot, index.repository)

    def fetch_previews(self) -> None:
        """Fetch the branches for previews after a `poll`; an error is logged once and no more."""
        index = self._index
        mirror = index.repository.mirror if index else None
        if not self._previews or index is None or mirror is None:
            return
        try:
            for name in mirror.fetch_previews(self._previews):
                commit = index.repository.resolve(name)
                index.repository.fetch_contents(commit, index.needed_files)
        except SyndicateError as error:
            if error.message != self.preview_error:
                _log.warning("previews failing", source=self.source.name, reason=error.message)
            self.preview_error = error.message
        else:
            self.preview_error = ""

    def fingerprint(self) -> Hashable:
        """Return a value that changes when a local branch moved or a removal was accepted."""
        return self._index and (self._index.repository.fingerprint(), self._index.accepted())

    def watched_folders(self) -> tuple[str, ...]:
        """Return the folders that change when a local branch moves."""
        return self._index.repository.watched_folders() if self._index else ()


def _with_signature_error(snapshot: SourceSnapshot, index: SourceIndex | None) -> SourceSnapshot:
    """Return ``snapshot`` with the reason why an earlier commit than the head is served, if any."""
    verifier = None if index is None else index.repository.verifier
    if verifier is None or verifier.error is None:
        return snapshot
    return replace(snapshot, error=verifier.error.message, error_code=verifier.error.code)


class SourceWatcher:
    """Keeps `edition` up to date while `run` runs.

    Sources are watched independently; future posts appear and expired ones disappear on time.

    Args:
        readers: One for each source.
        build_edition: Builds an edition of snapshots at the current time, from the previous one.
        clock: Returns the time, with a zone.
        prerender: Renders what clients will request first, while the previous edition is still
            in service.
        threads: Read the repositories; without them, the threads of the event loop do.
        withdrawals: Returns what the operator withdrew; a change builds another edition, also
            while a remote does not respond.
    """

    def __init__(  # noqa: PLR0913 — collaborators
        self,
        readers: Iterable[SourceReader],
        *,
        build_edition: Callable[
            [Sequence[SourceSnapshot | UnavailableSource], Edition | None], Edition
        ],
        clock: Callable[[], datetime],
        prerender: Callable[[Edition], None] = lambda _: None,
        threads: Executor | None = None,
        withdrawals: Callable[[], Hashable] = lambda: None,
    ) -> None:
        self._readers = {reader.source.name: reader for reader in readers}
        self._edition_builder = build_edition
        self._clock = clock
        self._prerender = prerender
        self._threads = threads
        self._withdrawals = withdrawals
        self._snapshots: dict[str, SourceSnapshot | UnavailableSource] = {}
        self._edition: Edition | None = None
        self._changed = asyncio.Event()
        self._published = asyncio.Event()
        self._refresh_requests = set[str]()
        self._wake_ups = {name: asyncio.Event() for name in self._readers}
        self._prerendering: asyncio.Task[None] | None = None

    @property
    def edition(self) -> Edition:
        """The edition in service; `NotReady` until every source has been tried once."""
        if self._edition is None:
            raise NotReady("the first edition is being built", hint="Try again in a second.")
        return self._edition

    @property
    def is_ready(self) -> bool:
        """Whether every source has been tried once and an edition is in service."""
        return self._edition is not None

    async def next_edition(self, previous: Edition | None = None) -> Edition:
        """Wait until another edition than ``previous`` is in service, and return it."""
        while self._edition is None or self._edition is previous:
            await self._published.wait()
        return self._edition

    def refresh_now(self, source: str) -> None:
        """Poll ``source`` now; raises `UnknownName`.

        Requests during a poll are served by one more poll after it.
        """
        if source not in self._readers:
            message, choices = f"there is no source called {source!r}", tuple(self._readers)
            raise UnknownName(message, code="unknown-source", choices=choices)
        self._refresh_requests.add(source)
        self._wake_ups[source].set()

    async def run(self) -> None:
        """Watch every source until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reader in self._readers.values():
                tasks.create_task(self._watch(reader))
            tasks.create_task(self._publish())
            tasks.create_task(self._watch_withdrawals())

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _watch(self, reader: SourceReader) -> None:
        name = reader.source.name
        while True:
            self._refresh_requests.discard(name)
            fingerprint = reader.fingerprint()
            started = self._clock()
            snapshot = await self._in_thread(reader.poll)
            if not snapshot.error:
                read_at = self._clock().timestamp()
                telemetry.source_read_timestamp_seconds.labels(name).set(read_at)
            if snapshot != self._snapshots.get(name):
                for commit in _new_commits([snapshot], [self._snapshots.get(name)]).values():
                    tracing.current().commit_read(name, commit, (started, self._clock()))
                _report_snapshot(snapshot)
                self._snapshots[name] = snapshot
                self._changed.set()
            await self._in_thread(reader.fetch_previews)
            await self._wait_for_source_change(reader, fingerprint)

    async def _wait_for_source_change(self, reader: SourceReader, fingerprint: Hashable) -> None:
        loop, wake_up = asyncio.get_running_loop(), self._wake_ups[reader.source.name]
        next_poll = loop.time() + reader.poll_seconds
        while loop.time() < next_poll:
            wake_up.clear()
            with watch_folders(reader.watched_folders(), wake_up.set) as is_watched:
                seconds = self._check_seconds(is_watched=is_watched)
                while not wake_up.is_set() and loop.time() < next_poll:
                    if self._must_poll(reader, fingerprint):
                        return
                    with suppress(TimeoutError):
                        async with asyncio.timeout(seconds):
                            await wake_up.wait()

    def _must_poll(self, reader: SourceReader, fingerprint: Hashable) -> bool:
        return reader.source.name in self._refresh_requests or reader.fingerprint() != fingerprint

    def _check_seconds(self, *, is_watched: bool) -> float:
        if is_watched:
            return max(_CHECK_SECONDS, len(self._readers) / _MAX_CHECKS_PER_SECOND)
        most = _MAX_UNWATCHED_CHECKS_PER_SECOND
        return max(_UNWATCHED_CHECK_SECONDS, len(self._readers) / most)

    async def _watch_withdrawals(self) -> None:
        withdrawals = self._withdrawals()
        while True:
            await asyncio.sleep(_WITHDRAWAL_SECONDS)
            if withdrawals != (withdrawals := self._withdrawals()):
                self._changed.set()

    async def _publish(self) -> None:
        while True:
            self._changed.clear()
            if self._snapshots.keys() == self._readers.keys():
                snapshots = [self._snapshots[name] for name in self._readers]
                started, previous = self._clock(), self._edition
                self._edition = await self._build_edition(snapshots)
                commits = _new_commits(snapshots, previous.snapshots if previous else ())
                tracing.current().edition_built(commits, (started, self._clock()))
                self._published.set()
                self._published = asyncio.Event()
                telemetry.editions_total.inc()
                telemetry.edition_timestamp_seconds.set(self._edition.at.timestamp())
            await self._wait_for_change()

    async def _build_edition(
        self, snapshots: Sequence[SourceSnapshot | UnavailableSource]
    ) -> Edition:
        edition = await self._in_thread(partial(self._edition_builder, snapshots, self._edition))
        # A thread cannot be stopped: while one prerenders an older edition, this one is not.
        if self._prerendering is None or self._prerendering.done():
            self._prerendering = asyncio.create_task(self._prerender_edition(edition))
            await asyncio.wait({self._prerendering}, timeout=_PRERENDER_TIMEOUT_SECONDS)
        if not self._prerendering.done():
            _log.info("prerendering timed out")
        return edition

    async def _prerender_edition(self, edition: Edition) -> None:
        try:
            await self._in_thread(partial(self._prerender, edition))
        except Exception:  # noqa: BLE001 — a request for the post reports the error
            _log.exception("prerendering failed")

    async def _wait_for_change(self) -> None:
        seconds = _MAX_SLEEP_SECONDS
        if self._edition and self._edition.next_change_at:
            seconds = max(0.0, (self._edition.next_change_at - self._clock()).total_seconds())
        try:
            async with asyncio.timeout(min(seconds, _MAX_SLEEP_SECONDS)):
                await self._changed.wait()
        except TimeoutError:
            return


def _new_commits(
    snapshots: Iterable[SourceSnapshot | UnavailableSource],
    previous: Iterable[SourceSnapshot | UnavailableSource | None],
) -> dict[str, CommitId]:
    """Return the commit of each source that is at another one than before."""
    before = {(old.source.name, old.commit) for old in previous if isinstance(old, SourceSnapshot)}
    return {
        new.source.name: new.commit
        for new in snapshots
        if isinstance(new, SourceSnapshot) and (new.source.name, new.commit) not in before
    }


def _report_snapshot(snapshot: SourceSnapshot | UnavailableSource) -> None:
    name = snapshot.source.name
    telemetry.source_failing.labels(name).set(1 if snapshot.error else 0)
    if snapshot.error:
        _log.warning("source failing", source=name, reason=snapshot.error)
    if isinstance(snapshot, SourceSnapshot):
        for level in ("error", "warning", "notice"):
            count = sum(problem.level == level for problem in snapshot.problems)
            telemetry.problems.labels(name, level).set(count)
        _log.info(
            "source read",
            source=name,
            commit=snapshot.commit,
            posts=len(snapshot.posts),
            hidden=len(snapshot.hidden),
            problems=len(snapshot.problems),
        )
