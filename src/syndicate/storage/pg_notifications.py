"""PostgreSQL notifications: learn at once that another process enqueued deliveries."""

import asyncio
from collections.abc import Callable
from typing import Final

from syndicate.storage.database import Database
from syndicate.storage.enqueue import NOTIFY_CHANNEL

RETRY_SECONDS: Final = 5.0


async def listen(
    database: Database, on_notify: Callable[[], None], *, retry_seconds: float = RETRY_SECONDS
) -> None:
    """Call ``on_notify`` for every notification of PostgreSQL, until cancelled.

    Also after each reconnect, since a notification may have been missed. SQLite has none: then it
    returns at once.
    """
    if database.is_sqlite:
        return
    import psycopg  # noqa: PLC0415 — 8 MB that SQLite does not need

    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(database.conninfo, autocommit=True)
            async with connection:
                await connection.execute(f"LISTEN {NOTIFY_CHANNEL}".encode())
                on_notify()
                async for _ in connection.notifies():
                    on_notify()
        except psycopg.Error:
            await asyncio.sleep(retry_seconds)
