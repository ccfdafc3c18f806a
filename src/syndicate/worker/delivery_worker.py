"""Delivery worker: claims due deliveries, sends them, and records the attempts."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, get_args

from syndicate import telemetry
from syndicate.channels import CHANNELS
from syndicate.channels.transport import TIMEOUT_SECONDS, Transport
from syndicate.errors import StorageError
from syndicate.model.delivery import LEASE_MARGIN, Attempt, Backlog
from syndicate.model.retention import DEFAULT_RETENTION, Retention
from syndicate.model.retry_policy import (
    DEFAULT_SCHEDULE,
    AttemptContext,
    AttemptResult,
    OperatorAlert,
    RetrySchedule,
)
from syndicate.model.subscription import Subscription, SubscriptionState
from syndicate.storage.audit_log import AuditLog
from syndicate.storage.channels import listen
from syndicate.storage.database import Database
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.free_space import release_free_pages
from syndicate.storage.lease_holder import is_dead_holder, make_holder_name
from syndicate.storage.outbox import Claim, FinishedAttempt, Outbox
from syndicate.storage.secret_store import SecretStore
from syndicate.telemetry import tracing
from syndicate.worker.lease_clock import LeaseClock

MAX_CONCURRENT_REQUESTS: Final = 512
"""Maximum number of concurrent requests; a receiver that does not respond takes one of them."""

GRACE_SECONDS: Final = 8.0
"""How long requests may still take when the worker stops."""

_SHUTDOWN_TIMEOUT_SECONDS: Final = 2.0
"""How long it may then take to record their attempts."""
_POLL_SECONDS: Final = 30.0
_MIN_WAIT_SECONDS: Final = 0.02
_SHIFTED_WAIT_SECONDS: Final = 0.25
"""How long to wait for leases that have ended by the clock of this host alone."""
_RESPONSE_WAIT_SECONDS: Final = 0.05
"""How long to wait for the next response before querying when the next delivery is due."""
_RECLAIM_SECONDS: Final = 1.0
"""How often expired leases are reclaimed at most while other work is due."""
_RETRY_SECONDS: Final = 1.0
_METRICS_SECONDS: Final = 15.0
_PRUNE_SECONDS: Final = 3_600.0

_log = telemetry.logger("delivery")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """Timeout, retry schedule and concurrency of a worker.

    ``timeout`` is that of a request, ``schedule`` that of the retries, ``max_concurrent`` is the
    number of concurrent requests, ``grace_seconds`` is how long to wait for them at the end,
    ``retention`` is how long finished deliveries and the audit log are kept.
    """

    timeout: timedelta = timedelta(seconds=TIMEOUT_SECONDS)
    schedule: RetrySchedule = DEFAULT_SCHEDULE
    max_concurrent: int = MAX_CONCURRENT_REQUESTS
    grace_seconds: float = GRACE_SECONDS
    retention: Retention = DEFAULT_RETENTION


class DeliveryWorker:
    """Sends due deliveries while `run` runs; any number of workers can share a database.

    Args:
        database: Holds the outbox.
        secret_store: Decrypts the secrets of subscriptions.
        transport: Sends the requests.
        clock: Returns the time, with a time zone.
        limits: Timeout, schedule and concurrency.
        on_alert: Called with each alert for the operator.
    """

    def __init__(  # noqa: PLR0913 — collaborators and limits
        self,
        database: Database,
        secret_store: SecretStore,
        transport: Transport,
        *,
        clock: Callable[[], datetime],
        limits: WorkerLimits,
        on_alert: Callable[[OperatorAlert, Subscription], None] = lambda _, __: None,
    ) -> None:
        self._database = database
        self._outbox = Outbox(database, secret_store)
        self._delivery_log = DeliveryLog(database)
        self._audit_log = AuditLog(database)
        self._transport = transport
        self._clock = clock
        self._limits = limits
        self._on_alert = on_alert
        self.backlog: Backlog | None = None
        """Unfinished deliveries as of the last measurement; None before the first."""
        self._lease_clock = LeaseClock(database, clock, limits.timeout + LEASE_MARGIN)
        self._name = make_holder_name()
        self._claims = 0
        self._pending_claim = ""
        """Lease token of a claim whose transaction has not returned yet."""
        self._in_flight: dict[asyncio.Task[None], Claim] = {}
        self._finished: list[FinishedAttempt] = []
        self._woken = asyncio.Event()
        self._reclaimed_at = -math.inf
        """When expired leases were last reclaimed, by the clock of the event loop."""

    def wake(self) -> None:
        """Check the outbox now: it has new deliveries."""
        self._woken.set()

    def report_wrong_key(self) -> None:
        """Report that nothing is sent, because the key is that of another service."""
        self.backlog = Backlog(has_wrong_key=True)

    async def run(self) -> None:
        """Send deliveries until cancelled; then finish or release those in flight, within 10 s.

        Raises a group with a `StorageError` if the keys decrypt no secret any more.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(listen(self._database, self.wake))
                tasks.create_task(_repeat(self._update_metrics, _METRICS_SECONDS))
                tasks.create_task(_repeat(self._prune, _PRUNE_SECONDS))
                tasks.create_task(self._deliver())
        finally:
            await self._shut_down()

    async def _deliver(self) -> None:
        await _try(self._lease_clock.synchronize)
        if self._database.is_sqlite:
            await _try(self._reclaim_from_dead_processes)
        await _repeat(self._run_once)

    async def _run_once(self) -> None:
        """Store finished attempts, start due deliveries, then wait until more work may exist."""
        self._woken.clear()
        if asyncio.get_running_loop().time() - self._reclaimed_at >= _RECLAIM_SECONDS:
            await self._reclaim_expired()
        free = self._limits.max_concurrent - len(self._in_flight)
        claimed = await self._complete_and_claim(free) if free or self._finished else 0
        if claimed < free or not free:
            await self._wait_for_work()

    async def _complete_and_claim(self, limit: int) -> int:
        """Start sending up to ``limit`` due deliveries; return their number.

        Finished attempts are stored in the same transaction.
        """
        self._claims += 1
        self._pending_claim = f"{self._name}:{self._claims}"
        batch, self._finished = self._finished, []
        now = self._clock()
        shift = self._lease_clock.for_new_leases - now
        try:
            results, claims = await self._outbox.complete_and_claim(
                batch,
                limit,
                token=self._pending_claim,
                now=now,
                lease=self._limits.timeout + LEASE_MARGIN + shift,
            )
        except BaseException:
            self._finished = batch + self._finished
            raise
        for claim in claims:
            task = asyncio.create_task(self._send(claim))
            self._in_flight[task] = claim
            task.add_done_callback(self._in_flight.pop)
        self._pending_claim = ""
        self._report(batch, results)
        return len(claims)

    async def _wait_for_work(self) -> None:
        """Wait until woken, or until the next delivery is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_RESPONSE_WAIT_SECONDS):
                await self._woken.wait()
                return
        with suppress(TimeoutError):
            async with asyncio.timeout(await self._seconds_until_due()):
                await self._woken.wait()

    async def _seconds_until_due(self) -> float:
        """Return how long no delivery is due."""
        if len(self._in_flight) >= self._limits.max_concurrent:
            return _POLL_SECONDS
        now = self._clock()
        due = await self._outbox.next_due(now)
        if due is None:
            return _POLL_SECONDS
        least_seconds = _MIN_WAIT_SECONDS
        if due <= now and not await self._reclaim_expired() and self._lease_clock.is_shifted(now):
            least_seconds = _SHIFTED_WAIT_SECONDS
        return min(max((due - now).total_seconds(), least_seconds), _POLL_SECONDS)

    async def _send(self, claim: Claim) -> None:
        delivery, subscription = claim.delivery, claim.subscription
        started = self._clock()
        try:
            send = CHANNELS[subscription.kind]
            attempt = await send(self._transport, subscription, delivery, started)
        except Exception as error:  # noqa: BLE001 — any error stays with its delivery
            _log.exception("delivery not sent", delivery=delivery.id)
            attempt = Attempt(
                number=delivery.attempts + 1,
                trigger=delivery.trigger,
                started=started,
                took_ms=0,
                cause="internal",
                error=f"internal error while sending: {type(error).__name__}",
            )
        self._finished.append(
            FinishedAttempt(delivery=delivery, attempt=attempt, context=self._attempt_context())
        )
        self.wake()
        tracing.current().delivery_attempted(
            delivery.event,
            delivery.body,
            (started, self._clock()),
            {
                "syndicate.delivery": delivery.id,
                "syndicate.attempt": attempt.number,
                "http.response.status_code": attempt.status or 0,
            },
            error=attempt.error,
        )

    async def _reclaim_expired(self, dead: Sequence[str] = ()) -> int:
        """Reclaim deliveries with expired leases or of ``dead`` processes; return their number."""
        self._reclaimed_at = asyncio.get_running_loop().time()
        reclaimed = await self._outbox.reclaim(
            self._attempt_context(), ended_before=self._lease_clock.for_expiry, dead_tokens=dead
        )
        for result in reclaimed:
            telemetry.deliveries_total.labels("lost").inc()
            _log.warning("delivery lease expired", delivery=result.delivery.id)
        return len(reclaimed)

    async def _reclaim_from_dead_processes(self) -> None:
        """Reclaim all deliveries of processes of this host that no longer exist."""
        holders = await self._outbox.lease_tokens()
        dead = [holder for holder in holders if is_dead_holder(holder, self._name)]
        while dead and await self._reclaim_expired(dead):
            continue

    async def _update_metrics(self) -> None:
        try:
            await self._lease_clock.synchronize()
            backlog = await self._outbox.backlog()
            states = await self._outbox.subscription_states()
        except StorageError:
            self.backlog = Backlog(is_unavailable=True)
            raise
        for state in get_args(SubscriptionState):
            telemetry.subscriptions.labels(state).set(states.get(state, 0))
        oldest = backlog.oldest_due
        telemetry.deliveries_waiting.set(backlog.waiting)
        telemetry.delivery_oldest_timestamp_seconds.set(oldest.timestamp() if oldest else 0)
        telemetry.deliveries_held.set(backlog.held_since is not None)
        self.backlog = backlog

    async def _prune(self) -> None:
        await self._outbox.repair_heads(self._clock())
        await self._audit_log.prune(self._clock(), self._limits.retention)
        while await self._delivery_log.prune(self._clock(), self._limits.retention):
            continue
        if pages := await release_free_pages(self._database):
            _log.info("free pages returned", pages=pages)

    def _attempt_context(self) -> AttemptContext:
        jitter = random.random()  # noqa: S311 — spreads retries, keeps no secret
        return AttemptContext(now=self._clock(), jitter=jitter, schedule=self._limits.schedule)

    def _report(self, batch: Sequence[FinishedAttempt], results: Sequence[AttemptResult]) -> None:
        """Update metrics for stored attempts, and send the alerts for the operator."""
        finished = {attempt.delivery.id: attempt for attempt in batch}
        for result in results:
            attempt, subscription = finished[result.delivery.id], result.subscription
            telemetry.deliveries_total.labels(attempt.attempt.outcome).inc()
            if attempt.attempt.outcome == "delivered" and attempt.delivery.attempts == 0:
                latency = attempt.context.now - attempt.delivery.due
                telemetry.delivery_seconds.observe(latency.total_seconds())
            for alert in result.alerts:
                _log.warning(alert, subscription=subscription.id, reason=subscription.state_reason)
                try:
                    self._on_alert(alert, subscription)
                except Exception:  # noqa: BLE001 — an alert must not stop deliveries
                    _log.exception("operator alert not sent", subscription=subscription.id)

    async def _shut_down(self) -> None:
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=self._limits.grace_seconds)
        unfinished = dict(self._in_flight)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        try:
            async with asyncio.timeout(_SHUTDOWN_TIMEOUT_SECONDS):
                self._report(self._finished, await self._outbox.complete(self._finished))
                await self._outbox.release(claim.delivery for claim in unfinished.values())
                await self._outbox.release_token(self._pending_claim)
        except (StorageError, TimeoutError) as error:
            _log.warning("leases left to expire", reason=str(error))


async def _repeat(step: Callable[[], Awaitable[None]], pause_seconds: float = 0.0) -> None:
    """Run a step repeatedly; after an error, with a pause."""
    while True:
        has_succeeded = await _try(step)
        await asyncio.sleep(pause_seconds if has_succeeded else max(pause_seconds, _RETRY_SECONDS))


async def _try(step: Callable[[], Awaitable[None]]) -> bool:
    """Return whether a step succeeded; raise `StorageError` if the keys decrypt no secret."""
    try:
        await step()
    except StorageError as error:
        if error.code == "wrong-secret-key":
            raise
        _log.warning("database unavailable", reason=error.message)
        return False
    except Exception:  # noqa: BLE001 — any error: the next step may succeed
        _log.exception("delivery step failed")
        return False
    return True
