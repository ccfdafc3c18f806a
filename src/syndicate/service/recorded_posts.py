"""What the world was told so far, for whoever looks once."""

from collections.abc import Mapping

from syndicate.model.change import LedgerEntry
from syndicate.model.post import PostId
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger


async def read_ledger(database_url: str) -> Mapping[PostId, LedgerEntry] | None:
    """Return what the ledger in the database at ``address`` holds; None if nobody told it ever.

    Nothing is made or brought up to date. Raises `StorageError`.
    """
    if not await Database.check_at(database_url):
        return None
    database = await Database.open(database_url)
    try:
        ledger = Ledger(database)
        head = await ledger.end_cursor()
        return await ledger.entries() if head.generation > 1 else None
    finally:
        await database.close()
