"""The stored ledger: the right to tell, what was told, and following it from any position."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syndicate.errors import StorageError
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import BlobId, Path, Post, PostId
from syndicate.storage.database import Database
from syndicate.storage.ledger import LEASE, Ledger, Told
from tests import samples

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
A = samples.post("news/2024-01-29-a.md")
B = samples.post("news/2024-01-30-b.md", carousel=True)


def within(address: str, work: Callable[[Ledger], Awaitable[None]]) -> None:
    """Do ``work`` with an empty ledger at ``address``."""

    async def do() -> None:
        await Database.upgrade_at(address)
        database = await Database.open(address)
        try:
            await work(Ledger(database))
        finally:
            await database.close()

    asyncio.run(do())


def told(post: Post, *, live: bool = True, path: str = "") -> Told:
    """Return what is told of ``post``."""
    row = LedgerRow.of(post, live=live, generation=0)
    return Told(
        row=replace(row, path=Path(path) if path else row.path),
        reason="new" if live else "deleted",
        at=NOW,
        commit=samples.COMMIT,
    )


def test_one_publisher_at_a_time_may_tell(address: str) -> None:
    """Another one gets the right when it is given back or has run out."""

    async def work(ledger: Ledger) -> None:
        assert await ledger.lease("one", NOW)
        assert not await ledger.lease("two", NOW)
        assert await ledger.lease("one", NOW + timedelta(seconds=20))
        late = NOW + timedelta(seconds=21) + LEASE
        assert await ledger.lease("two", late)
        with pytest.raises(StorageError, match="lost its lease"):
            await ledger.tell("one", [told(A)], late)
        assert not await ledger.rows()
        await ledger.release("two")
        assert await ledger.lease("one", late)

    within(address, work)


def test_what_was_told_is_kept_exactly(address: str) -> None:
    """Every field, removals too, and a name that is no text."""

    async def work(ledger: Ledger) -> None:
        await ledger.lease("one", NOW)
        odd = told(B, path="news/caf\udce9 %41.md")
        assert await ledger.tell("one", [told(A), odd], NOW) == 1
        assert await ledger.tell("one", [told(A, live=False)], NOW) == 2
        rows = await ledger.rows()
        assert rows == {
            A.id: LedgerRow.of(A, live=False, generation=2),
            B.id: replace(odd.row, generation=1),
        }

    within(address, work)


def test_a_ledger_is_followed_from_any_position(address: str) -> None:
    """In the order of telling, page by page, each post with its last word."""

    async def work(ledger: Ledger) -> None:
        await ledger.lease("one", NOW)
        beginning = replace(await ledger.head(), generation=0)
        await ledger.tell("one", [told(A), told(B)], NOW)
        middle = await ledger.head()
        first = await ledger.moved(beginning, 1)
        place = replace(beginning, generation=1, post=first[0].row.post)
        second = await ledger.moved(place, 5)
        assert {one.row.post for one in (*first, *second)} == {A.id, B.id}
        assert await ledger.moved(middle, 5) == ()
        await ledger.tell("one", [told(A, live=False)], NOW)
        (last,) = await ledger.moved(middle, 5)
        assert (last.row.post, last.row.live, last.reason) == (A.id, False, "deleted")
        assert (last.at, last.commit) == (NOW, samples.COMMIT)
        assert await ledger.moved(await ledger.head(), 5) == ()

    within(address, work)


def test_a_silent_change_moves_no_row(address: str) -> None:
    """A moved file is noted, but nobody who follows sees it again."""

    async def work(ledger: Ledger) -> None:
        await ledger.lease("one", NOW)
        await ledger.tell("one", [told(A)], NOW)
        head = await ledger.head()
        moved = LedgerRow.of(
            replace(A, path=Path("news/moved.md"), blob=BlobId("b" * 40)), live=True, generation=9
        )
        await ledger.note("one", [moved], NOW)
        await ledger.note("one", [], NOW)
        assert await ledger.head() == head
        assert await ledger.moved(head, 5) == ()
        assert (await ledger.rows())[PostId(A.id)] == replace(moved, generation=1)

    within(address, work)


def test_an_empty_telling_is_a_generation_all_the_same(address: str) -> None:
    """The first start of a service without posts is a baseline, too."""

    async def work(ledger: Ledger) -> None:
        await ledger.lease("one", NOW)
        assert await ledger.tell("one", [], NOW) == 1
        assert (await ledger.head()).generation == 2

    within(address, work)
