"""What the world was told so far, for whoever looks once."""

from collections.abc import Mapping

from syndicate.model.change import Told
from syndicate.model.post import PostId
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger


async def told_so_far(address: str) -> Mapping[PostId, Told] | None:
    """Return what the ledger in the database at ``address`` holds; None if nobody told it ever.

    Nothing is made or brought up to date. Raises `StorageError`.
    """
    if not await Database.check_at(address):
        return None
    database = await Database.open(address)
    try:
        ledger = Ledger(database)
        head = await ledger.head()
        return await ledger.told() if head.generation > 1 else None
    finally:
        await database.close()
