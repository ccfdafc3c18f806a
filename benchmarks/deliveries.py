"""Measure signed requests per CPU-second: ours beside bare aiohttp and beside plain httpx.

Nothing is written down here; `fanout.py` measures the whole way of a delivery. The receiver is a
process of its own that answers 204 at once, the sender one process and one thread. Each delivery
is a body of 4 kB, signed anew. Figures depend on the machine, their ratios hardly; the best of
three rounds counts, and the senders take turns.

Usage: python benchmarks/deliveries.py [DELIVERIES]
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network

import aiohttp
import httpx
import uvloop
from rig.receiver import receiver, url

from syndicate.channels import webhook
from syndicate.channels.guard import Guard
from syndicate.channels.transport import Transport
from syndicate.model.delivery import Delivery, DeliveryId
from syndicate.model.event import EventId
from syndicate.model.feed import Masthead
from syndicate.model.signature import Secret, sign
from syndicate.model.subscription import Subscription, SubscriptionId

ROUNDS = 3
AT_ONCE = (50, 200)
SLOWER = 10
"""Plain httpx gets a tenth of the work, so that the benchmark ends."""

SECRETS = (Secret(key=b"k" * 32),)
BODY = b"{" + b" " * 4_094 + b"}"
EVENT = EventId("evt_0123456789abcdef0123456789abcdef")

Send = Callable[[], Awaitable[int]]
"""Makes one delivery and returns the status of the answer."""


@dataclass(frozen=True)
class Result:
    """Deliveries per second of the sender's CPU time, and how long the slowest hundredth took."""

    per_cpu_second: float
    p99_ms: float


def signed() -> dict[str, str]:
    """Return the headers of a webhook, signed at this moment."""
    now = datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": EVENT,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": sign(SECRETS, message_id=EVENT, at=now, body=BODY),
        "syndicate-subscription": "sub_1",
    }


async def ours(url: str, stack: AsyncExitStack) -> Send:
    """Send as the service does."""
    guard = Guard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    masthead = Masthead(title="", public_url="https://feeds.example.gov", version="0")
    transport = await stack.enter_async_context(
        Transport(guard, masthead, connections_per_host=max(AT_ONCE))
    )
    known = SubscriptionId("sub_1")
    subscription = Subscription(id=known, url=url, secrets=SECRETS)
    delivery = Delivery(
        id=DeliveryId("1"),
        subscription=known,
        event=EVENT,
        seq=1,
        body=BODY,
        due=datetime.now(UTC),
    )

    async def send() -> int:
        now = datetime.now(UTC)
        return (await webhook.send(transport, subscription, delivery, now)).status or 0

    return send


async def bare_aiohttp(url: str, stack: AsyncExitStack) -> Send:
    """Send with aiohttp and nothing around it: no guard, no bounds, no record."""
    connector = aiohttp.TCPConnector(limit=0)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))

    async def send() -> int:
        async with session.post(url, data=BODY, headers=signed()) as answer:
            await answer.read()
            return answer.status

    return send


async def plain_httpx(url: str, stack: AsyncExitStack) -> Send:
    """Send with one shared client of httpx, as its documentation has it."""
    limits = httpx.Limits(max_connections=max(AT_ONCE))
    client = await stack.enter_async_context(httpx.AsyncClient(limits=limits, timeout=60))

    async def send() -> int:
        return (await client.post(url, content=BODY, headers=signed())).status_code

    return send


SENDERS = {"ours": ours, "bare aiohttp": bare_aiohttp, "plain httpx": plain_httpx}


async def measure(name: str, url: str, at_once: int, deliveries: int) -> Result:
    """Make ``deliveries``, ``at_once`` of them under way at any time."""
    waits: list[float] = []

    async def work(send: Send, count: int) -> None:
        for _ in range(count):
            began = time.perf_counter()
            status = await send()
            waits.append(time.perf_counter() - began)
            if status != httpx.codes.NO_CONTENT:
                raise SystemExit(f"{name}: the receiver answered {status}")

    async with AsyncExitStack() as stack:
        send = await SENDERS[name](url, stack)
        await asyncio.gather(*(work(send, 2) for _ in range(at_once)))
        waits.clear()
        began = time.process_time()
        await asyncio.gather(*(work(send, deliveries // at_once) for _ in range(at_once)))
        spent = time.process_time() - began
    return Result(
        per_cpu_second=len(waits) / spent, p99_ms=sorted(waits)[-len(waits) // 100 - 1] * 1_000
    )


def compare(url: str, at_once: int, deliveries: int) -> None:
    """Print what each sender makes of it, and its ratio to bare aiohttp."""
    results: dict[str, list[Result]] = {name: [] for name in SENDERS}
    for _ in range(ROUNDS):
        for name, found in results.items():
            count = deliveries // (SLOWER if name == "plain httpx" else 1)
            found.append(uvloop.run(measure(name, url, at_once, max(count, at_once))))
    best = {
        name: max(found, key=lambda result: result.per_cpu_second)
        for name, found in results.items()
    }
    for name, result in best.items():
        ratio = result.per_cpu_second / best["bare aiohttp"].per_cpu_second
        print(f"{name:<14}{at_once:>8}{result.per_cpu_second:>16,.0f}{ratio:>10.2f}", end="")
        print(f"{result.p99_ms:>10.0f}")


def main() -> None:
    """Start the receiver and compare the senders."""
    deliveries = int(sys.argv[1]) if len(sys.argv) > 1 else 6_000
    with receiver() as port:
        print(f"{'sender':<14}{'at once':>8}{'per CPU-second':>16}{'ratio':>10}{'p99 ms':>10}")
        for at_once in AT_ONCE:
            compare(url(port, 0), at_once, deliveries)


if __name__ == "__main__":
    main()
