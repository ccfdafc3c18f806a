"""Verification: whoever owns a callback is asked whether it meant what was asked of the hub."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from syndicate import telemetry
from syndicate.channels import websub
from syndicate.channels.transport import Transport
from syndicate.errors import StorageError
from syndicate.model.delivery import SLACK
from syndicate.model.intent import HUB_LIMITS, HubLimits, Intent
from syndicate.storage.bell import listen
from syndicate.storage.database import Database
from syndicate.storage.intents import Intents
from syndicate.storage.safe import Safe
from syndicate.storage.topics import Topics

SLOTS: Final = 64
"""Callbacks asked at a time; one that hangs takes one of them."""

_NAP_SECONDS: Final = 30.0
_FILE_NAP_SECONDS: Final = 1.0
"""An SQLite file tells nobody that another process wrote to it."""
_SHORTEST_SECONDS: Final = 0.02
_RETRY_SECONDS: Final = 1.0
_PRUNE: Final = timedelta(minutes=1)

_log = telemetry.logger("hub")


class Verifier:
    """Verifies what is asked while `run` runs, beside any number of others on the same database.

    Each intent is asked about once: nobody can make us ask a stranger again and again. Only where
    a verifier died before it wrote down the answer does another ask anew.

    Args:
        database: Where the intents are.
        safe: Keeps the secrets of subscribers.
        transport: Takes requests to callbacks.
        clock: Tells the time, with a zone.
        timeout: The longest that a request may take.
        limits: How many subscriptions there may be.
    """

    def __init__(  # noqa: PLR0913 — everything it works with
        self,
        database: Database,
        safe: Safe,
        transport: Transport,
        *,
        clock: Callable[[], datetime],
        timeout: timedelta,
        limits: HubLimits = HUB_LIMITS,
    ) -> None:
        self._database = database
        self._intents = Intents(database, safe, limits)
        self._topics = Topics(database)
        self._transport = transport
        self._clock = clock
        self._lease = timeout + 2 * SLACK
        self.under_way = 0
        """How many are being asked now."""
        self._woken = asyncio.Event()
        self._prune_at: datetime | None = None

    def wake(self) -> None:
        """Look at what is asked now: there is something new."""
        self._woken.set()

    async def run(self) -> None:
        """Verify until cancelled; what is under way then is asked about again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(self._database, self.wake))
            while True:
                self._woken.clear()
                try:
                    seconds = await self._turn(tasks)
                except StorageError as error:
                    _log.warning("database fails", reason=error.what)
                    seconds = _RETRY_SECONDS
                except Exception:  # noqa: BLE001 — whatever it is, the next turn may do
                    _log.exception("verification turn failed")
                    seconds = _RETRY_SECONDS
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._woken.wait()

    async def _turn(self, tasks: asyncio.TaskGroup) -> float:
        """Begin to verify what is due; return after how many seconds to look again."""
        now = self._clock()
        if self._prune_at is None or self._prune_at <= now:
            await self._topics.prune(now)
            await self._intents.prune(now)
            self._prune_at = now + _PRUNE
        nap = _FILE_NAP_SECONDS if self._database.is_sqlite else _NAP_SECONDS
        free = SLOTS - self.under_way
        if not free:
            return nap
        by = secrets.token_hex(16)
        for intent in await self._intents.claim(free, by=by, now=now, lease=self._lease):
            self.under_way += 1
            tasks.create_task(self._verify(intent, by))
        due = await self._intents.next_due(now)
        if due is None:
            return nap
        return min(max((due - now).total_seconds(), _SHORTEST_SECONDS), nap)

    async def _verify(self, intent: Intent, by: str) -> None:
        try:
            fault = await self._ask(intent)
            await self._intents.settle(intent, fault, by=by, now=self._clock())
        except StorageError as error:
            _log.warning("verification not written down", reason=error.what)
        except Exception:  # noqa: BLE001 — one request is no reason to end the others
            _log.exception("verification not written down", mode=intent.mode)
        else:
            outcome = "failed" if fault else "confirmed"
            telemetry.verifications_total.labels(intent.mode, outcome).inc()
            _log.info(outcome, mode=intent.mode, topic=intent.topic, reason=fault)
        finally:
            self.under_way -= 1
            self.wake()

    async def _ask(self, intent: Intent) -> str:
        """Return why an intent is not confirmed; empty if it is, or if a denial was heard."""
        try:
            subscription = intent.subscription(self._clock())
            if intent.mode == "denied":
                return await websub.deny(self._transport, subscription, reason=intent.reason)
            return await websub.verify(
                self._transport,
                subscription,
                intent.mode,
                challenge=secrets.token_urlsafe(32),
                lease_seconds=int(intent.lease.total_seconds()),
            )
        except Exception as error:  # noqa: BLE001 — whatever it is, the others go on
            _log.exception("asking failed", mode=intent.mode)
            return f"the service failed to ask: {type(error).__name__}"
