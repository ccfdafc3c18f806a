"""Where the web leaves what is asked of the hub: inspected, limited, stored to be verified."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.errors import Refused, UnknownName
from syndicate.model.websub_request import WebSubRequest
from syndicate.service.url_inspection import REFUSAL_SECONDS, inspect_privately
from syndicate.storage.websub_requests import WebSubRequests


class HubRequests:
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
        requests: WebSubRequests,
        ssrf_guard: SsrfGuard,
        *,
        clock: Callable[[], datetime],
        notify_verifier: Callable[[], None],
        refusal_seconds: float = REFUSAL_SECONDS,
    ) -> None:
        self._requests: Final = requests
        self._ssrf_guard: Final = ssrf_guard
        self._clock: Final = clock
        self._notify_verifier: Final = notify_verifier
        self._refusal_seconds: Final = refusal_seconds

    async def request_subscription(self, request: WebSubRequest) -> timedelta:
        """Have ``intent`` verified and return zero, or return how long to wait before asking.

        Failed verifications of callbacks in the operator's own networks do not count, nor do
        clients there. Raises `Refused` if nothing may be sent to the callback, `UnknownName` if
        there is nothing to unsubscribe, and `StorageError`.
        """
        is_internal = await self._inspect(request.callback)
        if request.mode == "unsubscribe":
            await self._check_subscribed(request)
        client = "" if is_internal or self._is_internal(request.client) else request.client
        normalized = replace(request, host=self._ssrf_guard.host(request.callback), client=client)
        wait = await self._requests.add(normalized, self._clock(), count_failures=not is_internal)
        if not wait:
            self._notify_verifier()
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
        return await inspect_privately(self._ssrf_guard, callback, refusal, seconds=seconds)

    async def _check_subscribed(self, request: WebSubRequest) -> None:
        if not await self._requests.is_subscribed(request.callback, request.topic):
            raise UnknownName(
                "this callback is not subscribed to this topic",
                code="unknown-subscription",
                hint="Give callback and topic exactly as they were when you subscribed.",
            )

    def _is_internal(self, client: str) -> bool:
        try:
            address = ip_address(client)
        except ValueError:
            return False
        return any(address in network for network in self._ssrf_guard.allow_networks)
