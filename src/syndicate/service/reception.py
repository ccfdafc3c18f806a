"""Where the web leaves what is asked of the hub: inspected, limited, stored to be verified."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from math import ceil
from typing import Final

from syndicate import telemetry
from syndicate.channels.guard import Guard
from syndicate.errors import Refused, UnknownName
from syndicate.model.intent import Intent
from syndicate.storage.intents import Intents

REFUSAL_SECONDS: Final = 0.5
"""Longer than a look-up in a DNS server nearby takes, whatever comes of it."""

_log = telemetry.logger("hub")


class Reception:
    """Takes what is asked of the hub.

    Args:
        intents: Where it waits.
        guard: Says where callbacks may be.
        clock: Tells the time, with a zone.
        ring: Called when there is something to verify.
        refusal_seconds: A refusal of a callback takes a multiple of this time.
    """

    def __init__(
        self,
        intents: Intents,
        guard: Guard,
        *,
        clock: Callable[[], datetime],
        ring: Callable[[], None],
        refusal_seconds: float = REFUSAL_SECONDS,
    ) -> None:
        self._intents: Final = intents
        self._guard: Final = guard
        self._clock: Final = clock
        self._ring: Final = ring
        self._refusal_seconds: Final = refusal_seconds

    async def ask(self, intent: Intent) -> timedelta:
        """Have ``intent`` verified and return zero, or return how long to wait before asking.

        Failed verifications of callbacks in the operator's own networks do not count, nor do
        clients there. Raises `Refused` if nothing may be sent to the callback, `UnknownName` if
        there is nothing to unsubscribe, and `StorageError`.
        """
        is_own = await self._inspect(intent.callback)
        if intent.mode == "unsubscribe":
            await self._check_subscribed(intent)
        client = "" if is_own or self._is_own(intent.client) else intent.client
        counted = replace(intent, host=self._guard.host(intent.callback), client=client)
        wait = await self._intents.add(counted, self._clock(), count_failures=not is_own)
        if not wait:
            self._ring()
        return wait

    async def _inspect(self, callback: str) -> bool:
        """Return whether ``callback`` is the operator's own; raises `Refused`.

        The answer must not tell a stranger what the operator's DNS knows: one text for every
        reason, and not before a full step of `REFUSAL_SECONDS` has passed, so that names that
        resolve and names that do not take equally long. The log has the reason.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await self._guard.inspect(callback)
        except Refused as refusal:
            _log.info("callback refused", code=refusal.code, reason=refusal.what)
        steps = ceil((loop.time() - began) / self._refusal_seconds)
        await asyncio.sleep(began + steps * self._refusal_seconds - loop.time())
        raise Refused(
            "the callback is not accepted",
            code="callback-refused",
            hint="Use an https URL with a public host name and the usual port, without user name, "
            "password or fragment; the operator's log has the reason.",
        )

    async def _check_subscribed(self, intent: Intent) -> None:
        if not await self._intents.is_subscribed(intent.callback, intent.topic):
            raise UnknownName(
                "this callback is not subscribed to this topic",
                code="unknown-subscription",
                hint="Give callback and topic exactly as they were when you subscribed.",
            )

    def _is_own(self, client: str) -> bool:
        try:
            address = ip_address(client)
        except ValueError:
            return False
        return any(address in network for network in self._guard.allow_networks)
