"""Work through the outbox: claim, send, write down, again."""

import asyncio
import errno
import math
import os
import random
import re
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syndicate import telemetry
from syndicate.channels import CHANNELS
from syndicate.channels.transport import TIMEOUT_SECONDS, Transport
from syndicate.errors import StorageError
from syndicate.model.delivery import SLACK, Attempt, Backlog
from syndicate.model.retry import DEFAULT_SCHEDULE, After, Moment, Notice, Schedule
from syndicate.model.subscription import Subscription
from syndicate.storage.bell import listen
from syndicate.storage.database import Database
from syndicate.storage.journal import Journal
from syndicate.storage.outbox import Claim, Done, Outbox
from syndicate.storage.safe import Safe

SLOTS: Final = 512
"""Requests under way at a time; a receiver that hangs takes one of them."""

GRACE_SECONDS: Final = 8.0
"""How long requests under way may still take when we are to stop."""

_LEAVING_SECONDS: Final = 2.0
"""And how long it may take to write down what came of them."""
_NAP_SECONDS: Final = 30.0
_FILE_NAP_SECONDS: Final = 1.0
"""An SQLite file tells nobody that another process wrote to it."""
_SHORTEST_SECONDS: Final = 0.02
_SOON_SECONDS: Final = 0.05
"""How long to wait for the next answer before finding out when the next delivery is due."""
_LOST_SECONDS: Final = 1.0
"""How often at most it is looked for leases that ran out while there is enough else to do."""
_RETRY_SECONDS: Final = 1.0
_GAUGE_SECONDS: Final = 15.0
_PRUNE_SECONDS: Final = 3_600.0

_PID: Final = re.compile("[0-9]{1,9}", re.ASCII)

_log = telemetry.logger("delivery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast, how often and how long.

    ``timeout`` is the longest that a request may take, ``schedule`` when to try again, ``slots``
    how many requests are made at a time, ``grace_seconds`` how long to wait for them at the end.
    """

    timeout: timedelta = timedelta(seconds=TIMEOUT_SECONDS)
    schedule: Schedule = DEFAULT_SCHEDULE
    slots: int = SLOTS
    grace_seconds: float = GRACE_SECONDS


class Deliverer:
    """Delivers what is due while `run` runs, beside any number of others on the same database.

    Args:
        database: Where the outbox is.
        safe: Opens the secrets of subscribers.
        transport: Takes requests to receivers.
        clock: Tells the time, with a zone.
        pace: How fast to go about it.
    """

    def __init__(
        self,
        database: Database,
        safe: Safe,
        transport: Transport,
        *,
        clock: Callable[[], datetime],
        pace: Pace,
    ) -> None:
        self._database = database
        self._outbox = Outbox(database, safe)
        self._journal = Journal(database)
        self._transport = transport
        self._clock = clock
        self._pace = pace
        self.announce: Callable[[Notice, Subscription], None] = lambda _, __: None
        """Told what the operator should know of a subscription."""
        self.backlog: Backlog | None = None
        """What is on its way, as of a moment ago; None before it was first looked at."""
        self._name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._claims = 0
        self._asking = ""
        """The token of a claim of which nobody has heard yet whether it was granted."""
        self._under_way: dict[asyncio.Task[None], Claim] = {}
        self._done: list[Done] = []
        self._woken = asyncio.Event()
        self._looked = -math.inf
        """When leases that ran out were looked for, by the clock of the loop."""

    def wake(self) -> None:
        """Look at the outbox now: something was put into it."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled; then finish or give back what is under way, within 10 s."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(listen(self._database, self.wake))
                tasks.create_task(_again(self._gauge, _GAUGE_SECONDS))
                tasks.create_task(_again(self._prune, _PRUNE_SECONDS))
                tasks.create_task(self._deliver())
        finally:
            await self._leave()

    async def _deliver(self) -> None:
        if self._database.is_sqlite:
            await _attempted(self._bury)
        await _again(self._turn)

    async def _turn(self) -> None:
        """Write down what is over and begin what is due; then wait until there may be more."""
        self._woken.clear()
        if asyncio.get_running_loop().time() - self._looked >= _LOST_SECONDS:
            await self._take_back()
        free = self._pace.slots - len(self._under_way)
        claimed = await self._exchange(free) if free or self._done else 0
        if claimed < free or not free:
            await self._rest()

    async def _exchange(self, most: int) -> int:
        """Begin to send up to ``most`` that are due; return how many there were.

        What is over by now is written down in the same transaction.
        """
        self._claims += 1
        self._asking = f"{self._name}:{self._claims}"
        batch, self._done = self._done, []
        try:
            afters, claims = await self._outbox.exchange(
                batch,
                most,
                by=self._asking,
                now=self._clock(),
                lease=self._pace.timeout + SLACK,
            )
        except BaseException:
            self._done = batch + self._done
            raise
        for claim in claims:
            task = asyncio.create_task(self._send(claim))
            self._under_way[task] = claim
            task.add_done_callback(self._under_way.pop)
        self._asking = ""
        self._tell(batch, afters)
        return len(claims)

    async def _rest(self) -> None:
        """Wait until woken or until something is due."""
        if not await self._is_woken(_SOON_SECONDS):
            await self._is_woken(await self._rest_seconds())

    async def _is_woken(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._woken.wait()
        except TimeoutError:
            return False

    async def _rest_seconds(self) -> float:
        """Return how long nothing will be due, unless somebody wakes us."""
        nap = _FILE_NAP_SECONDS if self._database.is_sqlite else _NAP_SECONDS
        if len(self._under_way) >= self._pace.slots:
            return nap
        now = self._clock()
        due = await self._outbox.next_due(now)
        if due is None:
            return nap
        if due <= now:
            await self._take_back()
        return min(max((due - now).total_seconds(), _SHORTEST_SECONDS), nap)

    async def _send(self, claim: Claim) -> None:
        delivery, subscription = claim.delivery, claim.subscription
        started = self._clock()
        try:
            send = CHANNELS[subscription.kind]
            attempt = await send(self._transport, subscription, delivery, started)
        except Exception as error:  # noqa: BLE001 — whatever it is, the other deliveries go on
            _log.exception("sending failed", delivery=delivery.id)
            attempt = Attempt(
                number=delivery.attempts + 1,
                trigger=delivery.trigger,
                started=started,
                took_ms=0,
                cause="internal",
                error=f"the service failed to send: {type(error).__name__}",
            )
        self._done.append(Done(delivery=delivery, attempt=attempt, moment=self._moment()))
        self.wake()

    async def _take_back(self, dead: Sequence[str] = ()) -> int:
        """Take back some of what is lost to its senders; return how much."""
        self._looked = asyncio.get_running_loop().time()
        lost = await self._outbox.reclaim(self._moment(), dead=dead)
        for after in lost:
            telemetry.deliveries_total.labels("lost").inc()
            _log.warning("delivery lost its sender", delivery=after.delivery.id)
        return len(lost)

    async def _bury(self) -> None:
        """Take back at once all that processes of this host hold that do not live any more."""
        holders = await self._outbox.holders()
        dead = [by for by in holders if self._is_dead(by)]
        while dead and await self._take_back(dead):
            continue

    def _is_dead(self, holder: str) -> bool:
        host, _, rest = holder.partition(":")
        pid = rest.partition(":")[0]
        mine, own, _ = self._name.split(":")
        if host != mine or not _PID.fullmatch(pid):
            return False
        return pid == own or not _lives(int(pid))

    async def _gauge(self) -> None:
        try:
            waiting, oldest = await self._outbox.depth()
        except StorageError:
            self.backlog = Backlog(failing=True)
            raise
        self.backlog = Backlog(waiting=waiting, oldest=oldest)
        telemetry.deliveries_waiting.set(waiting)
        telemetry.delivery_oldest_timestamp_seconds.set(oldest.timestamp() if oldest else 0)

    async def _prune(self) -> None:
        await self._outbox.mend(self._clock())
        while await self._journal.prune(self._clock()):
            continue

    def _moment(self) -> Moment:
        chance = random.random()  # noqa: S311 — spreads retries, keeps no secret
        return Moment(now=self._clock(), chance=chance, schedule=self._pace.schedule)

    def _tell(self, batch: Sequence[Done], afters: Sequence[After]) -> None:
        """Count what was written down, and tell the operator what there is to know."""
        over = {one.delivery.id: one for one in batch}
        for after in afters:
            one, whose = over[after.delivery.id], after.subscription
            telemetry.deliveries_total.labels(one.attempt.outcome).inc()
            if one.attempt.outcome == "delivered" and one.delivery.attempts == 0:
                waited = one.moment.now - one.delivery.due
                telemetry.delivery_seconds.observe(waited.total_seconds())
            for notice in after.notices:
                _log.warning(notice, subscription=whose.id, reason=whose.state_reason)
                try:
                    self.announce(notice, whose)
                except Exception:  # noqa: BLE001 — a notice is an extra
                    _log.exception("operator not notified", subscription=whose.id)

    async def _leave(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._pace.grace_seconds)
        late = dict(self._under_way)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        try:
            async with asyncio.timeout(_LEAVING_SECONDS):
                self._tell(self._done, await self._outbox.complete(self._done))
                await self._outbox.give_back(claim.delivery for claim in late.values())
                await self._outbox.release(self._asking)
        except (StorageError, TimeoutError) as error:
            _log.warning("leases are left to run out", reason=str(error))


async def _again(step: Callable[[], Awaitable[None]], pause_seconds: float = 0.0) -> None:
    """Take a step again and again; while the database or the step itself fails, less often."""
    while True:
        well = await _attempted(step)
        await asyncio.sleep(pause_seconds if well else max(pause_seconds, _RETRY_SECONDS))


async def _attempted(step: Callable[[], Awaitable[None]]) -> bool:
    try:
        await step()
    except StorageError as error:
        _log.warning("database fails", reason=error.what)
        return False
    except Exception:  # noqa: BLE001 — whatever it is, the next step may do
        _log.exception("delivery step failed")
        return False
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno != errno.ESRCH
    return True
