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
from syndicate.content.post_renderer import RenderBatch
from syndicate.content.render_jobs import when_all_done
from syndicate.errors import Rendering, StorageError
from syndicate.feeds import FeedCache
from syndicate.model.asset import Asset
from syndicate.model.change import LedgerEntry
from syndicate.model.delivery import Backlog
from syndicate.model.edition import Edition, Readiness
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import Post, RenderedPost, RenderedPosts
from syndicate.model.subscription_manager import SubscriptionManager
from syndicate.model.websub_request import WebSubRequest
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service import supervisor
from syndicate.service.content_service import ContentService
from syndicate.service.process_tuning import freeze_gc, lower_thread_priority

_FIRST_REQUEST_SECONDS: Final = 0.5
"""How long everything else waits for the first reader."""

_GC_PAUSE_SECONDS: Final = 60.0
"""How long no cycles are collected while a first edition is made, say of a slow remote."""

_LATE_MODULES: Final = (
    "publisher.ledger_service",
    "publisher.event_builder",
    "service.delivery_service",
)

_DATABASE_WAIT_SECONDS: Final = 5.0
"""How long somebody who follows waits for the chronicle to be opened."""

RESPONSE_SECONDS: Final = 4.5
"""A feed answers within 5 seconds (DESIGN.md section 4): half of one is for all the rest."""

RENDER_WAIT_SECONDS: Final = 4.0

_log = telemetry.logger("live")


class _LedgerService(Protocol):
    """What is asked of a `LedgerService`, whose module is imported late."""

    @property
    def failing(self) -> str:
        """Why the database cannot be used."""
        ...

    @property
    def removed(self) -> tuple[LedgerEntry, ...]:
        """What was told to be gone lately."""
        ...

    async def entries_after(
        self, after: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return rows that were told after a position."""
        ...


class _HubRequests(Protocol):
    """What is asked of a `HubRequests`, whose module is imported late as well."""

    async def request_subscription(self, request: WebSubRequest) -> timedelta:
        """Have something verified, or say how long to wait."""
        ...


class _DeliveryWorker(Protocol):
    """What is asked of a `DeliveryWorker`, likewise."""

    @property
    def backlog(self) -> Backlog | None:
        """What is on its way."""
        ...


class Runtime:
    """The `Services` of the web: the edition in service, and what was told of it."""

    def __init__(
        self,
        content: ContentService,
        watcher: SourceWatcher,
        *,
        response_seconds: float = RESPONSE_SECONDS,
        render_wait_seconds: float = RENDER_WAIT_SECONDS,
    ) -> None:
        """Serve what ``publisher`` publishes.

        Readers get `rendered` posts within ``answer_seconds``; for ``wait_seconds`` of these a
        post may keep them waiting, since its rendering was begun for the first of them.
        """
        self._content = content
        self._response_seconds = response_seconds
        self._render_wait_seconds = render_wait_seconds
        # Threads of their own: in the others, slow remotes may be fetched.
        self._render_threads = ThreadPoolExecutor(4, "rendering", initializer=lower_thread_priority)
        self._watcher = watcher
        self._ledger: _LedgerService | None = None
        self._subscriptions: SubscriptionManager | None = None
        self._subscriptions_ready = asyncio.Event()
        self._hub_requests: _HubRequests | None = None
        self._delivery_worker: _DeliveryWorker | None = None
        self._hub_ready = asyncio.Event()
        self._first_request = asyncio.Event()
        self._ledger_ready = asyncio.Event()
        self.stopping = asyncio.Event()
        self.restarts = supervisor.Restarts()
        """Which components of the service ended lately."""

    @property
    def readiness(self) -> Readiness:
        """How the service is doing now."""
        return Readiness(
            is_ready=self._watcher.is_ready and not self.stopping.is_set(),
            database_error=self._ledger.failing if self._ledger else None,
            backlog=self._delivery_worker.backlog if self._delivery_worker else None,
            restarted_components=self.restarts.components,
        )

    @property
    def edition(self) -> Edition:
        """The edition in service; raises `NotReady` before the first."""
        return self._watcher.edition

    @property
    def removed(self) -> tuple[LedgerEntry, ...]:
        """What was told to be gone lately; nothing until the database was read."""
        return self._ledger.removed if self._ledger else ()

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` as items, in their order, made in another thread."""
        rendered_posts = await asyncio.to_thread(self._content.render_posts, posts, edition)
        self._first_request.set()
        return rendered_posts

    def close(self) -> None:
        """Give up rendering, and wait for the threads that begin it: they read the repositories."""
        self._content.stop_rendering()
        self._render_threads.shutdown(cancel_futures=True)

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` as far as they are rendered in time, as a `ContentReader` does."""
        loop, content = asyncio.get_running_loop(), self._content
        try:
            async with asyncio.timeout(self._response_seconds):
                batch = await loop.run_in_executor(
                    self._render_threads, content.begin_rendering, posts, edition
                )
                await self._wait_for(batch)
                rendered_posts = await loop.run_in_executor(
                    self._render_threads, content.finish_rendering, batch
                )
        except TimeoutError:
            raise Rendering.of(len(posts)) from None
        self._first_request.set()
        return rendered_posts

    async def _wait_for(self, batch: RenderBatch) -> None:
        unfinished = [job for job in batch.jobs if not job.future.done()]
        if unfinished:
            end = max(job.started for job in unfinished) + self._render_wait_seconds
            all_done = asyncio.wrap_future(when_all_done([job.future for job in unfinished]))
            try:
                await asyncio.wait([all_done], timeout=max(0.0, end - time.monotonic()))
            finally:
                all_done.cancel()

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return a file of the commit in service, read in another thread."""
        return await asyncio.to_thread(
            self._content.asset, source, path, self.edition, with_content=with_content
        )

    async def subscription_service(self) -> SubscriptionManager:
        """Return who looks after subscriptions; waits a moment for the database to be opened."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_DATABASE_WAIT_SECONDS):
                await self._subscriptions_ready.wait()
        if self._subscriptions is None:
            raise _database_not_ready()
        return self._subscriptions

    def refresh(self, source: str) -> None:
        """Look at ``source`` now; raises `UnknownName`."""
        self._watcher.refresh_now(source)

    async def request_subscription(self, request: WebSubRequest) -> timedelta:
        """Have ``intent`` verified, or return how long to wait, as a `Services` does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_DATABASE_WAIT_SECONDS):
                await self._hub_ready.wait()
        if self._hub_requests is None:
            raise _database_not_ready()
        return await self._hub_requests.request_subscription(request)

    async def ledger_entries_after(
        self, after: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return a position, and up to ``limit`` rows told after it, as a `Services` does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_DATABASE_WAIT_SECONDS):
                await self._ledger_ready.wait()
        if self._ledger is None:
            raise _database_not_ready()
        return await self._ledger.entries_after(after, limit)

    async def run(
        self, feed_cache: FeedCache, *, pause_seconds: float = supervisor.PAUSE_SECONDS
    ) -> None:
        """Keep the chronicle from the first edition on, and deliver, until cancelled.

        Topics are distributed as ``press`` makes them. Whatever ends that, even before it begins
        (an import may meet too many open files), it is tried again, ``pause_seconds`` later.
        """
        work = partial(self._run_database_services, feed_cache)
        await supervisor.run_forever(
            work,
            _log,
            "nothing is told",
            component="publisher",
            restarts=self.restarts,
            pause_seconds=pause_seconds,
        )

    async def _run_database_services(self, feed_cache: FeedCache) -> None:
        """What it takes is imported after the first reader was answered: it takes 0.3 s."""
        await self._wait_for_first_request()
        from syndicate.publisher.event_builder import EventBuilder  # noqa: PLC0415
        from syndicate.publisher.ledger_service import LedgerService  # noqa: PLC0415
        from syndicate.service.delivery_service import DeliveryRuntime, run_delivery_service  # noqa: PLC0415
        from syndicate.service.subscription_service import run_subscription_service  # noqa: PLC0415
        from syndicate.worker.hub_distributor import HubDistributor  # noqa: PLC0415 — as said above

        settings, clock = self._content.settings, self._content.clock
        event_builder = EventBuilder(self._content, settings.service_info, clock)
        ledger = LedgerService(
            settings.database_url,
            watcher=self._watcher,
            renderer=self._content,
            clock=clock,
            prepare_events=event_builder.prepare,
            on_crash=partial(self.restarts.record, "publisher"),
        )
        ledger.distribute_topics = HubDistributor(
            self, feed_cache, settings.service_info, clock=clock
        ).distribute
        self._ledger = ledger
        self._ledger_ready.set()

        def connect_delivery(delivery: DeliveryRuntime) -> None:
            ledger.on_enqueued = delivery.wake
            self._set_hub(delivery.hub_requests, delivery.worker)

        def notify_workers() -> None:
            ledger.on_enqueued()

        subscriptions = run_subscription_service(
            settings,
            clock=clock,
            content=self,
            notify_workers=notify_workers,
            on_opened=self._set_subscriptions,
            restarts=self.restarts,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ledger.run())
            tasks.create_task(
                run_delivery_service(settings, on_started=connect_delivery, restarts=self.restarts)
            )
            tasks.create_task(subscriptions)

    async def _wait_for_first_request(self) -> None:
        """Let the first reader go first; then import what takes long, beside the loop."""
        asyncio.get_running_loop().call_later(_GC_PAUSE_SECONDS, gc.enable)
        await self._watcher.next_edition()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_REQUEST_SECONDS):
                await self._first_request.wait()
        freeze_gc()
        with telemetry.import_blocked("rich"):  # which httpx would take for a command: 4 MB
            for name in _LATE_MODULES:
                await asyncio.to_thread(importlib.import_module, f"syndicate.{name}")

    def _set_hub(self, hub_requests: _HubRequests, delivery_worker: _DeliveryWorker) -> None:
        self._delivery_worker = delivery_worker
        self._hub_requests = hub_requests
        self._hub_ready.set()

    def _set_subscriptions(self, subscriptions: SubscriptionManager) -> None:
        self._subscriptions = subscriptions
        self._subscriptions_ready.set()


def _database_not_ready() -> StorageError:
    return StorageError("the database is being opened", hint="Try again in a minute.")
