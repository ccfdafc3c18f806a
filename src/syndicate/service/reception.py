"""Where the web leaves what is asked of the hub: inspected, limited, stored to be verified."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from syndicate.channels.guard import Guard
from syndicate.errors import Refused, UnknownName
from syndicate.model.intent import Intent
from syndicate.service.url_inspection import REFUSAL_SECONDS, inspect_discreetly
from syndicate.storage.intents import Intents


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
        """Return whether ``callback`` is the operator's own; raises `Refused`, in one wording."""
        refusal = Refused(
            "the callback is not accepted",
            code="callback-refused",
            hint="Use an https URL with a public host name and the usual port, without user name, "
            "password or fragment; the operator's log has the reason.",
        )
        seconds = self._refusal_seconds
        return await inspect_discreetly(self._guard, callback, refusal, seconds=seconds)

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
