"""What the web of a running service reads from and follows."""

import asyncio
import gc
import importlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

from syndicate import telemetry
from syndicate.errors import Rendering, StorageError
from syndicate.index.item import RenderBatch
from syndicate.index.render_jobs import when_all_done
from syndicate.model.asset import Asset
from syndicate.model.change import Told
from syndicate.model.delivery import Backlog
from syndicate.model.edition import Edition, Readiness
from syndicate.model.intent import Intent
from syndicate.model.office import Office
from syndicate.model.position import Position
from syndicate.model.post import Item, Post, RenderedPosts
from syndicate.publisher.following import Publisher
from syndicate.representation import Press
from syndicate.service import keeping
from syndicate.service.newsroom import Newsroom
from syndicate.service.process import give_way, started

_FIRST_SECONDS: Final = 0.5
"""How long everything else waits for the first reader."""

_START_SECONDS: Final = 60.0
"""How long no cycles are collected while a first edition is made, say of a slow remote."""

_LATE: Final = ("publisher.chronicle", "publisher.announcing", "service.delivering")

_OPENING_SECONDS: Final = 5.0
"""How long somebody who follows waits for the chronicle to be opened."""

ANSWER_SECONDS: Final = 4.5
"""A feed answers within 5 seconds (DESIGN.md section 4): half of one is for all the rest."""

WAIT_SECONDS: Final = 4.0

_log = telemetry.logger("live")


class _Chronicle(Protocol):
    """What is asked of a `Chronicle`, whose module is imported late."""

    @property
    def failing(self) -> str:
        """Why the database cannot be used."""
        ...

    @property
    def removed(self) -> tuple[Told, ...]:
        """What was told to be gone lately."""
        ...

    async def told(self, after: Position | None, limit: int) -> tuple[Position, tuple[Told, ...]]:
        """Return rows that were told after a position."""
        ...


class _Reception(Protocol):
    """What is asked of a `Reception`, whose module is imported late as well."""

    async def ask(self, intent: Intent) -> timedelta:
        """Have something verified, or say how long to wait."""
        ...


class _Deliverer(Protocol):
    """What is asked of a `Deliverer`, likewise."""

    @property
    def backlog(self) -> Backlog | None:
        """What is on its way."""
        ...


class Live:
    """The `Record` of the web: the edition in service, and what was told of it."""

    def __init__(
        self,
        newsroom: Newsroom,
        publisher: Publisher,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Serve what ``publisher`` publishes.

        Readers get `rendered` posts within ``answer_seconds``; for ``wait_seconds`` of these a
        post may keep them waiting, since its rendering was begun for the first of them.
        """
        self._newsroom = newsroom
        self._answer_seconds = answer_seconds
        self._wait_seconds = wait_seconds
        # Threads of their own: in the others, slow remotes may be fetched.
        self._rendering = ThreadPoolExecutor(4, "rendering", initializer=give_way)
        self._publisher = publisher
        self._chronicle: _Chronicle | None = None
        self._office: Office | None = None
        self._staffed = asyncio.Event()
        self._reception: _Reception | None = None
        self._deliverer: _Deliverer | None = None
        self._received = asyncio.Event()
        self._read = asyncio.Event()
        self._opened = asyncio.Event()
        self.stopping = asyncio.Event()
        self.restarts = keeping.Restarts()
        """Which components of the service ended lately."""

    @property
    def readiness(self) -> Readiness:
        """How the service is doing now."""
        return Readiness(
            settled=self._publisher.settled and not self.stopping.is_set(),
            database=self._chronicle.failing if self._chronicle else None,
            deliveries=self._deliverer.backlog if self._deliverer else None,
            components=self.restarts.components,
        )

    @property
    def edition(self) -> Edition:
        """The edition in service; raises `NotReady` before the first."""
        return self._publisher.edition

    @property
    def removed(self) -> tuple[Told, ...]:
        """What was told to be gone lately; nothing until the database was read."""
        return self._chronicle.removed if self._chronicle else ()

    async def items(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` of ``edition`` as items, in their order, made in another thread."""
        made = await asyncio.to_thread(self._newsroom.items, posts, edition)
        self._read.set()
        return made

    def close(self) -> None:
        """Give up rendering, and wait for the threads that begin it: they read the repositories."""
        self._newsroom.stop_rendering()
        self._rendering.shutdown(cancel_futures=True)

    async def rendered(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` as far as they are rendered in time, as a `Reader` does."""
        loop, newsroom = asyncio.get_running_loop(), self._newsroom
        try:
            async with asyncio.timeout(self._answer_seconds):
                batch = await loop.run_in_executor(self._rendering, newsroom.begin, posts, edition)
                await self._wait_for(batch)
                made = await loop.run_in_executor(self._rendering, newsroom.finish, batch)
        except TimeoutError:
            raise Rendering.of(len(posts)) from None
        self._read.set()
        return made

    async def _wait_for(self, batch: RenderBatch) -> None:
        late = [job for job in batch.jobs if not job.future.done()]
        if late:
            end = max(job.started for job in late) + self._wait_seconds
            all_done = asyncio.wrap_future(when_all_done([job.future for job in late]))
            try:
                await asyncio.wait([all_done], timeout=max(0.0, end - time.monotonic()))
            finally:
                all_done.cancel()

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return a file of the commit in service, read in another thread."""
        return await asyncio.to_thread(
            self._newsroom.asset, source, path, self.edition, with_content=with_content
        )

    async def office(self) -> Office:
        """Return who looks after subscriptions; waits a moment for the database to be opened."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_OPENING_SECONDS):
                await self._staffed.wait()
        if self._office is None:
            raise _unopened()
        return self._office

    def refresh(self, source: str) -> None:
        """Look at ``source`` now; raises `UnknownName`."""
        self._publisher.ask(source)

    async def ask(self, intent: Intent) -> timedelta:
        """Have ``intent`` verified, or return how long to wait, as a `Record` does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_OPENING_SECONDS):
                await self._received.wait()
        if self._reception is None:
            raise _unopened()
        return await self._reception.ask(intent)

    async def told(self, after: Position | None, limit: int) -> tuple[Position, tuple[Told, ...]]:
        """Return a position, and up to ``limit`` rows told after it, as a `Record` does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_OPENING_SECONDS):
                await self._opened.wait()
        if self._chronicle is None:
            raise _unopened()
        return await self._chronicle.told(after, limit)

    async def keep(self, press: Press, *, pause_seconds: float = keeping.PAUSE_SECONDS) -> None:
        """Keep the chronicle from the first edition on, and deliver, until cancelled.

        Topics are distributed as ``press`` makes them. Whatever ends that, even before it begins
        (an import may meet too many open files), it is tried again, ``pause_seconds`` later.
        """
        work = partial(self._keep, press)
        await keeping.keep(
            work,
            _log,
            "nothing is told",
            component="publisher",
            restarts=self.restarts,
            pause_seconds=pause_seconds,
        )

    async def _keep(self, press: Press) -> None:
        """What it takes is imported after the first reader was answered: it takes 0.3 s."""
        await self._settle()
        from syndicate.hub.distribution import Distributor  # noqa: PLC0415 — as said above
        from syndicate.publisher.announcing import Announcer  # noqa: PLC0415
        from syndicate.publisher.chronicle import Chronicle  # noqa: PLC0415
        from syndicate.service.delivering import Dispatch, keep_delivering  # noqa: PLC0415
        from syndicate.service.partners import keep_partners  # noqa: PLC0415

        settings, clock = self._newsroom.settings, self._newsroom.clock
        announcer = Announcer(self._newsroom, settings.masthead, clock)
        chronicle = Chronicle(
            settings.database_url,
            publisher=self._publisher,
            maker=self._newsroom,
            clock=clock,
            announce=announcer.announce,
            ended=partial(self.restarts.record, "publisher"),
        )
        chronicle.distribute = Distributor(self, press, settings.masthead, clock=clock).distribute
        self._chronicle = chronicle
        self._opened.set()

        def delivering(dispatch: Dispatch) -> None:
            chronicle.ring = dispatch.wake
            self._receive(dispatch.reception, dispatch.deliverer)

        def ring() -> None:
            chronicle.ring()

        partners = keep_partners(
            settings, clock=clock, shelf=self, ring=ring, opened=self._staff, restarts=self.restarts
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(chronicle.run())
            tasks.create_task(keep_delivering(settings, started=delivering, restarts=self.restarts))
            tasks.create_task(partners)

    async def _settle(self) -> None:
        """Let the first reader go first; then import what takes long, beside the loop."""
        asyncio.get_running_loop().call_later(_START_SECONDS, gc.enable)
        await self._publisher.next()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_SECONDS):
                await self._read.wait()
        started()
        with telemetry.hidden("rich"):  # which httpx would take for a command: 4 MB
            for name in _LATE:
                await asyncio.to_thread(importlib.import_module, f"syndicate.{name}")

    def _receive(self, reception: _Reception, deliverer: _Deliverer) -> None:
        self._deliverer = deliverer
        self._reception = reception
        self._received.set()

    def _staff(self, office: Office) -> None:
        self._office = office
        self._staffed.set()


def _unopened() -> StorageError:
    return StorageError("the database is being opened", hint="Try again in a minute.")
