"""Check the URL of a subscription without revealing what the operator's DNS resolves."""

import asyncio
from math import ceil
from typing import Final

from syndicate import telemetry
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.errors import Refused

REFUSAL_SECONDS: Final = 0.5
"""Longer than a look-up in a nearby DNS server, successful or not."""

_log = telemetry.logger("guard")


async def inspect_privately(
    ssrf_guard: SsrfGuard, url: str, refusal: Refused, *, seconds: float = REFUSAL_SECONDS
) -> bool:
    """Return what `SsrfGuard.check_resolved` returns; raises ``refusal`` for every reason.

    The log has the reason. A refusal takes a whole multiple of ``seconds``, so that a name that
    resolves to a private IP address and one that does not resolve take equally long.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        return await ssrf_guard.check_resolved(url)
    except Refused as reason:
        _log.info("subscriber URL refused", code=reason.code, reason=reason.message)
    steps = ceil((loop.time() - began) / seconds)
    await asyncio.sleep(began + steps * seconds - loop.time())
    raise refusal
