"""The service running inside a test, visited over HTTP and stopped by a signal."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime

import httpx

from syndicate.service.newsroom import Newsroom, now
from syndicate.service.serving import serve
from syndicate.settings import Settings

Visit = Callable[[httpx.AsyncClient], Awaitable[None]]


def serving(
    settings: Settings,
    visit: Visit,
    *,
    seconds: float = 20,
    clock: Callable[[], datetime] = now,
) -> None:
    """Serve ``settings`` for one visit of at most ``seconds``, and stop as an operator would."""

    async def open_for_a_visit() -> None:
        ports: asyncio.Queue[int] = asyncio.Queue()
        with Newsroom(settings, clock=clock) as newsroom:
            running = asyncio.create_task(serve(newsroom, started=ports.put_nowait))
            async with asyncio.timeout(seconds):
                address = f"http://127.0.0.1:{await ports.get()}"
                try:
                    async with httpx.AsyncClient(base_url=address, timeout=20) as client:
                        await until(client, "/readyz", lambda answer: answer.status_code == 200)
                        await visit(client)
                finally:
                    if not running.done():
                        os.kill(os.getpid(), signal.SIGTERM)
                    await running

    asyncio.run(open_for_a_visit())


async def until(
    client: httpx.AsyncClient, path: str, holds: Callable[[httpx.Response], bool]
) -> httpx.Response:
    """Ask for ``path`` until the answer is as wanted."""
    while not holds(answer := await client.get(path)):  # noqa: ASYNC110 — HTTP has no event
        await asyncio.sleep(0.01)
    return answer


def free_port() -> int:
    """Return a port of loopback that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
