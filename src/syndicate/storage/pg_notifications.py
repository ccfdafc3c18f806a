"""The bell: hears at once when another process has put something into the outbox."""

import asyncio
from collections.abc import Callable
from typing import Final

from syndicate.storage.database import Database
from syndicate.storage.enqueue import NOTIFY_CHANNEL

RETRY_SECONDS: Final = 5.0


async def listen(
    database: Database, on_notify: Callable[[], None], *, retry_seconds: float = RETRY_SECONDS
) -> None:
    """Call ``ring`` for every notification of PostgreSQL, until cancelled.

    Also whenever the connection was lost and is there again, since something may have been missed.
    An SQLite file notifies nobody: then it returns at once.
    """
    if database.is_sqlite:
        return
    import psycopg  # noqa: PLC0415 — 8 MB that a file does without

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
