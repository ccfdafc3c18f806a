"""Where the web leaves what is asked of the hub: inspected, limited, stored to be verified."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from syndicate.channels.guard import Guard
from syndicate.errors import UnknownName
from syndicate.model.intent import Intent
from syndicate.storage.intents import Intents


class Reception:
    """Takes what is asked of the hub.

    Args:
        intents: Where it waits.
        guard: Says where callbacks may be.
        clock: Tells the time, with a zone.
        ring: Called when there is something to verify.
    """

    def __init__(
        self,
        intents: Intents,
        guard: Guard,
        *,
        clock: Callable[[], datetime],
        ring: Callable[[], None],
    ) -> None:
        self._intents: Final = intents
        self._guard: Final = guard
        self._clock: Final = clock
        self._ring: Final = ring

    async def ask(self, intent: Intent) -> timedelta:
        """Have ``intent`` verified and return zero, or return how long to wait before asking.

        No limit is for callbacks or clients in the operator's own networks. Raises `Refused` if
        nothing may be sent to the callback, `UnknownName` if there is nothing to unsubscribe, and
        `StorageError`.
        """
        is_own = await self._guard.inspect(intent.callback)
        if intent.mode == "unsubscribe":
            await self._check_subscribed(intent)
        host = "" if is_own else str(urlsplit(intent.callback).hostname)
        client = "" if is_own or self._is_own(intent.client) else intent.client
        counted = replace(intent, host=host, client=client)
        wait = await self._intents.add(counted, self._clock())
        if not wait:
            self._ring()
        return wait

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
