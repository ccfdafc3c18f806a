"""The real server on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.types import ASGIApp

from syndicate.web.http.connection_limits import LIMITS, ConnectionLimits
from syndicate.web.http.server import serve


@asynccontextmanager
async def serve_app(
    app: ASGIApp, host: str = "127.0.0.1", *, limits: ConnectionLimits = LIMITS
) -> AsyncIterator[str]:
    """Serve ``app`` on a free port; yield the URL, and stop it afterwards."""
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    stopping = asyncio.Event()
    server = asyncio.create_task(
        serve(app, host, 0, stopping=stopping, on_started=ready.set_result, limits=limits)
    )
    try:
        port = await asyncio.wait_for(ready, 10)
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        stopping.set()
        await asyncio.wait_for(server, 15)


async def exchange_bytes(url: str, *chunks: bytes) -> bytes:
    """Send ``chunks`` one by one; return everything that is received."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for chunk in chunks:
        if not writer.is_closing():
            writer.write(chunk)
            await asyncio.sleep(0.02)
    received = b""
    with suppress(ConnectionError):
        received = await reader.read()
    writer.close()
    return received
