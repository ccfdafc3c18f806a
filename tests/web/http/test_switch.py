"""Another application takes over, while requests are in progress and connections are open."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from tests.web.http.memory_connection import MemoryServer, get_request

pytestmark = pytest.mark.anyio


async def test_request_in_progress_is_finished_by_its_application() -> None:
    """The next one on the same connection goes to the other; one that hangs is not waited for."""
    begun, released = asyncio.Event(), asyncio.Event()

    async def first(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await released.wait()
        await PlainTextResponse("first")(scope, receive, send)

    server = MemoryServer(first)
    connection = server.connect()
    responding = asyncio.create_task(connection.send(get_request()))
    await begun.wait()
    await server.config.switch(PlainTextResponse("never used"), timeout_seconds=0.01)
    switching = asyncio.create_task(server.config.switch(PlainTextResponse("second")))
    await asyncio.sleep(0.01)
    assert not switching.done()
    released.set()
    await switching
    assert (await responding).endswith(b"first")
    assert (await connection.send(get_request())).endswith(b"second")
    idle = server.connect()
    await server.config.switch(PlainTextResponse("third"))
    assert (await idle.send(get_request())).endswith(b"third")
