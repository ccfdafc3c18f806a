"""Notices: a POST to the operator when a subscription fails, recovers or is given up.

They are told once something was decided, which the log and the metrics say as well, and are lost
with the process: what must be heard is in the database.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from syndicate import telemetry
from syndicate.channels.transport import Transport
from syndicate.model.retry import Notice
from syndicate.model.subscription import Subscription

PAUSES: Final = (0.0, 5.0, 60.0, 300.0)
"""Seconds before each attempt; after the last one the notice is left to the log."""

_MOST: Final = 100
"""Notices under way at a time: where more fail at once, the first ones say so."""

_log = telemetry.logger("notices")


class Notices:
    """Sends notices to ``url`` by ``transport``, through its guard; to nobody where it is empty.

    Args:
        transport: Takes them there.
        url: Where the operator hears of them.
        clock: Tells the time, with a zone.
        pauses: Seconds before each attempt.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        *,
        clock: Callable[[], datetime],
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._transport = transport
        self._url = url
        self._clock = clock
        self._pauses = pauses
        self._under_way: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def tell(self, notice: Notice, subscription: Subscription) -> None:
        """Begin to send a notice about ``subscription`` as it is now."""
        if self._url and len(self._under_way) < _MOST:
            task = asyncio.create_task(self._send(_body(notice, subscription, self._clock())))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send(self, body: bytes) -> None:
        error = ""
        for pause in self._pauses:
            await asyncio.sleep(pause)
            headers = {"content-type": "application/json"}
            answer = await self._transport.send("POST", self._url, headers, body)
            if not answer.cause:
                return
            error = answer.error
        _log.warning("operator not notified", reason=error)


def _body(notice: Notice, subscription: Subscription, at: datetime) -> bytes:
    """Return what a notice says: nothing by which anybody could send in our name."""
    said = {
        "type": notice,
        "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "data": {
            "subscription": subscription.id,
            "owner": subscription.owner,
            "state": subscription.state,
            "reason": subscription.state_reason,
        },
    }
    return json.dumps(said).encode()
