"""Requests to the WebSub hub: checked, limited, and stored until they are verified."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from syndicate.channels.ssrf_guard import REFUSAL_SECONDS, SsrfGuard, inspect_privately
from syndicate.errors import Refused, UnknownName
from syndicate.model.websub_request import WebSubRequest
from syndicate.storage.websub_requests import WebSubRequests


class HubRequests:
    """Receives subscription requests of the WebSub hub.

    Args:
        requests: Stores the requests.
        ssrf_guard: Decides which callback URLs are allowed.
        clock: Returns the time, with a zone.
        notify_verifier: Called when there is a request to verify.
        refusal_seconds: Refusing a callback takes a multiple of this time.
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
        """Store ``request`` for verification and return zero, or return when to try again.

        Failed verifications of callbacks in the operator's own networks do not count, nor do
        clients there. Raises `Refused` if the callback is not allowed, `UnknownName` if there is
        nothing to unsubscribe, and `StorageError`.
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
        """Return whether ``callback`` is in the operator's networks; raises a fixed `Refused`."""
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
