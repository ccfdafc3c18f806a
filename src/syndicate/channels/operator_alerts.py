"""Alerts for the operator: a POST when a subscription fails, recovers or is disabled.

Alerts are sent after the change was stored. Log and metrics report the same changes, and alerts
are lost when the process ends.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from syndicate import telemetry
from syndicate.channels.transport import Transport
from syndicate.model.retry_policy import OperatorAlert
from syndicate.model.subscription import Subscription

RETRY_PAUSES_SECONDS: Final = (0.0, 5.0, 60.0, 300.0)
"""Pauses before each attempt; after the last one only the log has the alert."""

_MAX_IN_FLIGHT: Final = 100
"""Maximum number of alerts being sent; during a mass failure further ones are dropped."""

_log = telemetry.logger("alerts")


class OperatorAlerts:
    """Sends alerts to ``url``; none if it is empty.

    Args:
        transport: Sends the requests, with its SSRF guard.
        url: Where the operator receives alerts.
        clock: Returns the time, with a time zone.
        pauses_seconds: Pauses before each attempt.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        *,
        clock: Callable[[], datetime],
        pauses_seconds: Sequence[float] = RETRY_PAUSES_SECONDS,
    ) -> None:
        self._transport = transport
        self._url = url
        self._clock = clock
        self._pauses_seconds = pauses_seconds
        self._in_flight: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._in_flight:
            task.cancel()
        await asyncio.gather(*self._in_flight, return_exceptions=True)

    def send(self, alert: OperatorAlert, subscription: Subscription) -> None:
        """Start sending an alert about the current state of ``subscription``."""
        if self._url and len(self._in_flight) < _MAX_IN_FLIGHT:
            task = asyncio.create_task(
                self._send_with_retries(_body(alert, subscription, self._clock()))
            )
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _send_with_retries(self, body: bytes) -> None:
        error = ""
        for pause in self._pauses_seconds:
            await asyncio.sleep(pause)
            headers = {"content-type": "application/json"}
            response = await self._transport.send("POST", self._url, headers, body)
            if not response.cause:
                return
            error = response.error
        _log.warning("operator alert not sent", reason=error)


def _body(alert: OperatorAlert, subscription: Subscription, at: datetime) -> bytes:
    """Return the JSON body of an alert, without secrets and URLs."""
    document = {
        "type": alert,
        "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "data": {
            "subscription": subscription.id,
            "owner": subscription.owner,
            "state": subscription.state,
            "reason": subscription.state_reason,
        },
    }
    return json.dumps(document).encode()
