"""WebSub verification: asks the callback of each request whether it wants the subscription."""

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
from syndicate.model.delivery import LEASE_MARGIN
from syndicate.model.websub_request import DEFAULT_HUB_LIMITS, HubLimits, WebSubRequest
from syndicate.storage.channels import listen
from syndicate.storage.database import Database
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.websub_requests import WebSubRequests
from syndicate.storage.websub_topics import WebSubTopics

MAX_CONCURRENT_CHALLENGES: Final = 64
"""Maximum number of concurrent verifications; a callback that does not respond takes one."""

_POLL_SECONDS: Final = 30.0
_MIN_WAIT_SECONDS: Final = 0.02
_RETRY_SECONDS: Final = 1.0
_PRUNE_INTERVAL: Final = timedelta(minutes=1)

_log = telemetry.logger("hub")


class HubVerifier:
    """Verifies requests while `run` runs; any number of verifiers can share a database.

    Each callback is asked once per request, so that the hub cannot be used to flood a host. Only if
    a verifier ended before it stored the result, another one asks again.

    Args:
        database: Holds the requests.
        secret_store: Encrypts the secrets of subscriptions.
        transport: Sends the requests.
        clock: Returns the time, with a time zone.
        timeout: For one request to a callback.
        limits: Maximum numbers of requests and subscriptions.
    """

    def __init__(  # noqa: PLR0913 — collaborators and limits
        self,
        database: Database,
        secret_store: SecretStore,
        transport: Transport,
        *,
        clock: Callable[[], datetime],
        timeout: timedelta,
        limits: HubLimits = DEFAULT_HUB_LIMITS,
    ) -> None:
        self._database = database
        self._requests = WebSubRequests(database, secret_store, limits)
        self._topics = WebSubTopics(database)
        self._transport = transport
        self._clock = clock
        self._lease = timeout + 2 * LEASE_MARGIN
        self.in_flight = 0
        """Number of verifications in flight."""
        self._woken = asyncio.Event()
        self._prune_at: datetime | None = None

    def wake(self) -> None:
        """Check for requests now: there is a new one."""
        self._woken.set()

    async def run(self) -> None:
        """Verify requests until cancelled; those in flight are verified again later.

        Raises a group with a `StorageError` if the keys decrypt no secret any more.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(self._database, self.wake))
            while True:
                self._woken.clear()
                try:
                    seconds = await self._run_once(tasks)
                except StorageError as error:
                    if error.code == "wrong-secret-key":
                        raise
                    _log.warning("database unavailable", reason=error.message)
                    seconds = _RETRY_SECONDS
                except Exception:  # noqa: BLE001 — any error: the next step may succeed
                    _log.exception("verification step failed")
                    seconds = _RETRY_SECONDS
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._woken.wait()

    async def _run_once(self, tasks: asyncio.TaskGroup) -> float:
        """Start due verifications; return after how many seconds to check again."""
        now = self._clock()
        if self._prune_at is None or self._prune_at <= now:
            await self._topics.prune(now)
            await self._requests.prune(now)
            self._prune_at = now + _PRUNE_INTERVAL
        free = MAX_CONCURRENT_CHALLENGES - self.in_flight
        if not free:
            return _POLL_SECONDS
        lease_token = secrets.token_hex(16)
        for request in await self._requests.claim(
            free, token=lease_token, now=now, lease=self._lease
        ):
            self.in_flight += 1
            tasks.create_task(self._verify(request, lease_token))
        due = await self._requests.next_due(now)
        if due is None:
            return _POLL_SECONDS
        return min(max((due - now).total_seconds(), _MIN_WAIT_SECONDS), _POLL_SECONDS)

    async def _verify(self, request: WebSubRequest, lease_token: str) -> None:
        try:
            error_text = await self._challenge(request)
            await self._requests.complete(request, error_text, token=lease_token, now=self._clock())
        except StorageError as error:
            _log.warning("verification result not stored", reason=error.message)
        except Exception:  # noqa: BLE001 — any error stays with its request
            _log.exception("verification result not stored", mode=request.mode)
        else:
            outcome = "failed" if error_text else "confirmed"
            telemetry.verifications_total.labels(request.mode, outcome).inc()
            _log.info(outcome, mode=request.mode, topic=request.topic, reason=error_text)
        finally:
            self.in_flight -= 1
            self.wake()

    async def _challenge(self, request: WebSubRequest) -> str:
        """Return why a request is not confirmed; "" if it is, or if a denial was sent."""
        try:
            subscription = request.to_subscription(self._clock())
            if request.mode == "denied":
                return await websub.deny(self._transport, subscription, reason=request.reason)
            return await websub.verify(
                self._transport,
                subscription,
                request.mode,
                challenge=secrets.token_urlsafe(32),
                lease_seconds=int(request.lease.total_seconds()),
            )
        except Exception as error:  # noqa: BLE001 — any error stays with its request
            _log.exception("callback verification failed", mode=request.mode)
            return f"internal error while verifying: {type(error).__name__}"
