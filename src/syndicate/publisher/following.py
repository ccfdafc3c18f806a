"""Follow the sources: notice new commits, keep the last good part, publish editions."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from syndicate import telemetry
from syndicate.errors import NotReady, SyndicateError, UnknownName
from syndicate.index.part import SourceIndex
from syndicate.model.edition import Edition, Part, Unread
from syndicate.model.post import Source
from syndicate.publisher.watching import watching

_GLANCE_SECONDS: Final = 0.01
"""How often a local branch is glanced at, where there are few; file systems may tell sooner."""

_GLANCES_PER_SECOND: Final = 250
"""How many glances there are at most at all of them: each takes about 0.1 ms of the loop."""

_PREPARING_SECONDS: Final = 1.0
"""How long an edition may be prepared: one post that takes for ever does not keep the others."""

_LONGEST_SLEEP: Final = 3600.0
"""Seconds; clocks are set and machines suspended, so a far turn is not slept through in one."""

_log = telemetry.logger("publisher")


class Follower:
    """Looks at one source, again and again.

    Args:
        source: What is followed.
        poll_seconds: How often a remote is asked, and whatever fails is tried again.
        open_index: Opens the repository; called until it succeeds once.
    """

    def __init__(
        self, source: Source, *, poll_seconds: float, open_index: Callable[[], SourceIndex]
    ) -> None:
        self.source: Final = source
        self.poll_seconds: Final = poll_seconds
        self._open_index = open_index
        self._index: SourceIndex | None = None
        self._seen: Hashable = None
        self._part: Part | None = None

    def look(self) -> Part | Unread:
        """Fetch, and return the source as it is now, or as it last was with what is wrong.

        Whatever goes wrong is reported in the answer, never raised: the other sources go on.
        """
        trouble = kind = ""
        try:
            self._index = self._index or self._open_index()
            try:
                self._index.repository.fetch()
            except SyndicateError as error:
                trouble, kind = error.what, error.code
            head = self._index.repository.head()
            seen = (head, self._index.accepted())
            if seen != self._seen:
                self._part = self._index.part(head)
                self._seen = seen
        except SyndicateError as error:
            trouble, kind = error.what, error.code
        except Exception as error:  # noqa: BLE001 — one bad source stays one bad source
            _log.exception("reading failed", source=self.source.name)
            trouble = f"source {self.source.name} cannot be read: {type(error).__name__}"
            kind = "internal-error"
        if self._part is None:
            return Unread(source=self.source, failing=trouble, failing_kind=kind)
        if not trouble:
            return self._part
        return replace(self._part, failing=trouble, failing_kind=kind, is_stale=True)

    def stamp(self) -> Hashable:
        """Return what differs from the last stamp if there may be something new on this host.

        A branch moved, or the operator accepted a removal.
        """
        return self._index and (self._index.repository.stamp(), self._index.accepted())

    def folders(self) -> tuple[str, ...]:
        """Return the folders in which something changes when a branch on this host moves."""
        return self._index.repository.folders() if self._index else ()


class Publisher:
    """Keeps `edition` up to date while `run` runs.

    Each source moves on by itself; posts of the future appear and expiring ones vanish on time.

    Args:
        followers: One for each source.
        put_together: Makes an edition of what the followers saw, at the time of the clock, out of
            the one before.
        clock: Tells the time, with a zone.
        prepare: Makes what readers will ask for first, so that nobody waits for it while the
            edition before is still in service.
    """

    def __init__(
        self,
        followers: Iterable[Follower],
        *,
        put_together: Callable[[Sequence[Part | Unread], Edition | None], Edition],
        clock: Callable[[], datetime],
        prepare: Callable[[Edition], None] = lambda _: None,
    ) -> None:
        self._followers = {follower.source.name: follower for follower in followers}
        self._put_together = put_together
        self._clock = clock
        self._prepare = prepare
        self._seen: dict[str, Part | Unread] = {}
        self._edition: Edition | None = None
        self._changed = asyncio.Event()
        self._published = asyncio.Event()
        self._asked = {name: asyncio.Event() for name in self._followers}
        self._preparing: asyncio.Task[None] | None = None
        self._pause = max(_GLANCE_SECONDS, len(self._followers) / _GLANCES_PER_SECOND)

    @property
    def edition(self) -> Edition:
        """The edition in service; `NotReady` until every source has been tried once."""
        if self._edition is None:
            raise NotReady("the first edition is being made", hint="Try again in a second.")
        return self._edition

    @property
    def settled(self) -> bool:
        """Whether every source has been tried and the edition of that is in service."""
        return self._edition is not None

    async def next(self, after: Edition | None = None) -> Edition:
        """Wait until another edition than ``after`` is in service, and return it."""
        while self._edition is None or self._edition is after:
            await self._published.wait()
        return self._edition

    def ask(self, source: str) -> None:
        """Look at ``source`` now instead of at its next turn; raises `UnknownName`.

        While a look is under way, whoever asks is served by one more after it.
        """
        if source not in self._asked:
            raise UnknownName(
                f"there is no source called {source!r}",
                code="unknown-source",
                known=tuple(self._asked),
            )
        self._asked[source].set()

    async def run(self) -> None:
        """Follow every source until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for follower in self._followers.values():
                tasks.create_task(self._follow(follower))
            tasks.create_task(self._publish())

    async def _follow(self, follower: Follower) -> None:
        name = follower.source.name
        while True:
            self._asked[name].clear()
            stamp = follower.stamp()
            seen = await asyncio.to_thread(follower.look)
            if seen != self._seen.get(name):
                _report(seen)
                self._seen[name] = seen
                self._changed.set()
            await self._rest(follower, stamp)

    async def _rest(self, follower: Follower, stamp: Hashable) -> None:
        loop, asked, stirred = asyncio.get_running_loop(), self._asked, asyncio.Event()
        turn = loop.time() + follower.poll_seconds
        with watching(follower.folders(), stirred.set):
            while follower.stamp() == stamp and loop.time() < turn:
                if asked[follower.source.name].is_set():
                    return
                stirred.clear()
                glance = loop.call_later(self._pause, stirred.set)
                await stirred.wait()
                glance.cancel()

    async def _publish(self) -> None:
        while True:
            self._changed.clear()
            if self._seen.keys() == self._followers.keys():
                seen = [self._seen[name] for name in self._followers]
                self._edition = await self._made(seen)
                self._published.set()
                self._published = asyncio.Event()
                telemetry.editions_total.inc()
                telemetry.edition_timestamp_seconds.set(self._edition.at.timestamp())
            await self._wait_for_change()

    async def _made(self, seen: Sequence[Part | Unread]) -> Edition:
        edition = await asyncio.to_thread(self._put_together, seen, self._edition)
        # A thread cannot be ended: while one is at work on another edition, this one does without.
        if self._preparing is None or self._preparing.done():
            self._preparing = asyncio.create_task(self._prepared(edition))
            await asyncio.wait({self._preparing}, timeout=_PREPARING_SECONDS)
        if not self._preparing.done():
            _log.info("edition not prepared in time")
        return edition

    async def _prepared(self, edition: Edition) -> None:
        try:
            await asyncio.to_thread(self._prepare, edition)
        except Exception:  # noqa: BLE001 — whoever asks for an item meets its trouble
            _log.exception("preparing failed")

    async def _wait_for_change(self) -> None:
        seconds = _LONGEST_SLEEP
        if self._edition and self._edition.turns:
            seconds = max(0.0, (self._edition.turns - self._clock()).total_seconds())
        try:
            async with asyncio.timeout(min(seconds, _LONGEST_SLEEP)):
                await self._changed.wait()
        except TimeoutError:
            return


def _report(seen: Part | Unread) -> None:
    name = seen.source.name
    telemetry.source_failing.labels(name).set(1 if seen.failing else 0)
    if seen.failing:
        _log.warning("source failing", source=name, reason=seen.failing)
    if isinstance(seen, Part):
        for level in ("error", "warning", "notice"):
            count = sum(problem.level == level for problem in seen.problems)
            telemetry.problems.labels(name, level).set(count)
        _log.info(
            "source read",
            source=name,
            commit=seen.commit,
            posts=len(seen.posts),
            hidden=len(seen.hidden),
            problems=len(seen.problems),
        )
