"""The service, running inside a test, requested over HTTP and stopped by a signal."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import httpx

from syndicate.service.content_service import ContentService, current_time
from syndicate.service.server import serve
from syndicate.settings import Settings
from tests.render_pool import render_pool
from tests.tls_context import system_tls_context


@asynccontextmanager
async def running_service(
    settings: Settings,
    *,
    seconds: float = 20,
    clock: Callable[[], datetime] = current_time,
    load_settings: Callable[[], Settings] | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve ``settings`` for at most ``seconds``, yield a client, and stop with SIGTERM.

    ``load_settings`` reads them again after SIGHUP.
    """
    ports: asyncio.Queue[int] = asyncio.Queue()
    with ContentService(settings, clock=clock, render_pool=render_pool()) as content:
        task = asyncio.create_task(
            serve(content, on_started=ports.put_nowait, load_settings=load_settings)
        )
        async with asyncio.timeout(seconds):
            base_url = f"http://127.0.0.1:{await ports.get()}"
            try:
                async with httpx.AsyncClient(
                    base_url=base_url, timeout=20, verify=system_tls_context()
                ) as client:
                    await wait_for_response(client, "/readyz", lambda response: response.is_success)
                    yield client
            finally:
                if not task.done():
                    os.kill(os.getpid(), signal.SIGTERM)
                await task


async def wait_for_response(
    client: httpx.AsyncClient, path: str, is_expected: Callable[[httpx.Response], bool]
) -> httpx.Response:
    """Request ``path`` until the response is as expected, and return it."""
    while not is_expected(response := await client.get(path)):  # noqa: ASYNC110 — HTTP has no event
        await asyncio.sleep(0.01)
    return response


async def get_rendered(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """Request ``path`` until its posts are rendered, which a busy machine may not do in time."""
    return await wait_for_response(client, path, lambda response: response.status_code != 503)


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
