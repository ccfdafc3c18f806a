"""Measure signed requests per CPU-second, compared with bare aiohttp and plain httpx.

Nothing is stored; `fanout.py` measures whole deliveries. The receiver is another process that
responds with 204 at once, the sender one process with one thread. Each delivery is a signed body of
4 kB. Figures depend on the machine, their ratios hardly do; the best of three rounds counts, and
the senders alternate.

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
from harness.webhook_receiver import receiver_url, run_receiver

from syndicate.channels import webhook
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.model.delivery import Delivery, DeliveryId
from syndicate.model.event import EventId
from syndicate.model.feed import ServiceInfo
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.webhook_signature import Secret, sign

ROUNDS = 3
CONCURRENCY = (50, 200)
HTTPX_DIVISOR = 10
"""Plain httpx gets a tenth of the deliveries, so that the benchmark ends."""

SECRETS = (Secret(key=b"k" * 32),)
BODY = b"{" + b" " * 4_094 + b"}"
EVENT = EventId("evt_0123456789abcdef0123456789abcdef")

SendOne = Callable[[], Awaitable[int]]
"""A function that makes one delivery and returns the status of the response."""


@dataclass(frozen=True)
class Result:
    """Deliveries per second of the sender's CPU time, and the 99th percentile of their duration."""

    per_cpu_second: float
    p99_ms: float


def signed_headers() -> dict[str, str]:
    """Return the headers of a webhook, signed now."""
    now = datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": EVENT,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": sign(SECRETS, message_id=EVENT, at=now, body=BODY),
        "syndicate-subscription": "sub_1",
    }


async def syndicate_sender(url: str, stack: AsyncExitStack) -> SendOne:
    """Send as the service does."""
    ssrf_guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    service_info = ServiceInfo(title="", public_url="https://feeds.example.gov", version="0")
    transport = await stack.enter_async_context(
        Transport(ssrf_guard, service_info, connections_per_host=max(CONCURRENCY))
    )
    subscription_id = SubscriptionId("sub_1")
    subscription = Subscription(id=subscription_id, url=url, secrets=SECRETS)
    delivery = Delivery(
        id=DeliveryId("1"),
        subscription=subscription_id,
        event=EVENT,
        seq=1,
        body=BODY,
        due=datetime.now(UTC),
    )

    async def send() -> int:
        now = datetime.now(UTC)
        return (await webhook.send(transport, subscription, delivery, now)).status or 0

    return send


async def aiohttp_sender(url: str, stack: AsyncExitStack) -> SendOne:
    """Send with aiohttp alone: no SSRF guard, no limits, no delivery log."""
    connector = aiohttp.TCPConnector(limit=0)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))

    async def send() -> int:
        async with session.post(url, data=BODY, headers=signed_headers()) as response:
            await response.read()
            return response.status

    return send


async def httpx_sender(url: str, stack: AsyncExitStack) -> SendOne:
    """Send with one shared httpx client, as in its documentation."""
    limits = httpx.Limits(max_connections=max(CONCURRENCY))
    client = await stack.enter_async_context(httpx.AsyncClient(limits=limits, timeout=60))

    async def send() -> int:
        return (await client.post(url, content=BODY, headers=signed_headers())).status_code

    return send


SENDERS = {
    "Syndicate": syndicate_sender,
    "bare aiohttp": aiohttp_sender,
    "plain httpx": httpx_sender,
}


async def measure(name: str, url: str, concurrency: int, deliveries: int) -> Result:
    """Make ``deliveries``, with ``concurrency`` requests at a time."""
    durations: list[float] = []

    async def work(send: SendOne, count: int) -> None:
        for _ in range(count):
            started = time.perf_counter()
            status = await send()
            durations.append(time.perf_counter() - started)
            if status != httpx.codes.NO_CONTENT:
                raise SystemExit(f"{name}: the receiver responded with {status}")

    async with AsyncExitStack() as stack:
        send = await SENDERS[name](url, stack)
        await asyncio.gather(*(work(send, 2) for _ in range(concurrency)))
        durations.clear()
        cpu_started = time.process_time()
        await asyncio.gather(*(work(send, deliveries // concurrency) for _ in range(concurrency)))
        cpu_seconds = time.process_time() - cpu_started
    return Result(
        per_cpu_second=len(durations) / cpu_seconds,
        p99_ms=sorted(durations)[-len(durations) // 100 - 1] * 1_000,
    )


def compare(url: str, concurrency: int, deliveries: int) -> None:
    """Print the result of each sender, and its ratio to bare aiohttp."""
    results: dict[str, list[Result]] = {name: [] for name in SENDERS}
    for _ in range(ROUNDS):
        for name, measured in results.items():
            count = deliveries // (HTTPX_DIVISOR if name == "plain httpx" else 1)
            measured.append(uvloop.run(measure(name, url, concurrency, max(count, concurrency))))
    best = {
        name: max(measured, key=lambda result: result.per_cpu_second)
        for name, measured in results.items()
    }
    for name, result in best.items():
        ratio = result.per_cpu_second / best["bare aiohttp"].per_cpu_second
        print(f"{name:<14}{concurrency:>8}{result.per_cpu_second:>16,.0f}{ratio:>10.2f}", end="")
        print(f"{result.p99_ms:>10.0f}")


def main() -> None:
    """Start the receiver and compare the senders."""
    deliveries = int(sys.argv[1]) if len(sys.argv) > 1 else 6_000
    with run_receiver() as port:
        print(f"{'sender':<14}{'at once':>8}{'per CPU-second':>16}{'ratio':>10}{'p99 ms':>10}")
        for concurrency in CONCURRENCY:
            compare(receiver_url(port, 0), concurrency, deliveries)


if __name__ == "__main__":
    main()
