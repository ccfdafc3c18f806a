"""An office on a real database, in which something was told, for tests of what partners can do."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from ipaddress import ip_network

from syndicate.channels.guard import Guard
from syndicate.channels.transport import Transport
from syndicate.model.change import Told
from syndicate.publisher.briefing import Shelf
from syndicate.service.partners import Partners
from syndicate.storage.database import Database
from syndicate.storage.journal import Journal
from syndicate.storage.ledger import Ledger
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions
from syndicate.storage.tokens import Tokens
from tests import samples
from tests.databases import prepare


@asynccontextmanager
async def office_at(
    address: str,
    shelf: Shelf,
    *,
    told: Iterable[Told] = (),
    clock: Callable[[], datetime] = lambda: samples.NOW,
) -> AsyncIterator[Partners]:
    """Open an office with the empty database at ``address``, and tell rows of the ledger there."""
    prepare(address)
    database = await Database.open(address)
    try:
        await tell(Ledger(database), told)
        async with staffed(database, shelf, clock=clock) as opened:
            yield opened
    finally:
        await database.close()


async def tell(ledger: Ledger, told: Iterable[Told]) -> None:
    """Write rows into the ledger, those of a generation together."""
    rows = list(told)
    for generation in sorted({one.row.generation for one in rows}):
        some = [one for one in rows if one.row.generation == generation]
        assert await ledger.lease("test", samples.NOW)
        assert await ledger.tell("test", some, samples.NOW) == generation
    await ledger.release("test")


@asynccontextmanager
async def staffed(
    database: Database, shelf: Shelf, *, clock: Callable[[], datetime]
) -> AsyncIterator[Partners]:
    """Open an office that may send to this host."""
    guard = Guard(
        allow_networks=[ip_network("127.0.0.0/8")], allow_http=True, lookup=_nobody_is_called_so
    )
    async with Transport(guard, samples.MASTHEAD, timeout_seconds=5) as transport:
        yield Partners(
            subscriptions=Subscriptions(database, Safe()),
            journal=Journal(database),
            tokens=Tokens(database),
            guard=guard,
            transport=transport,
            shelf=shelf,
            masthead=samples.MASTHEAD,
            clock=clock,
        )


async def _nobody_is_called_so(_: str, __: int) -> Iterable[str]:
    raise OSError(0, "names are not looked up in tests")
