"""The stored ledger: the right to tell, what was told, and following it from any position."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syndicate.errors import Gone, StorageError
from syndicate.model.change import LedgerEntry
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import BlobId, Path, Post
from syndicate.storage.database import Database
from syndicate.storage.ledger import PUBLISHER_LEASE, Ledger
from tests import samples
from tests.databases import create_sqlite_database

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
A = samples.post("news/2024-01-29-a.md")
B = samples.post("news/2024-01-30-b.md", carousel=True)


def within(address: str, work: Callable[[Ledger], Awaitable[None]]) -> None:
    """Do ``work`` with an empty ledger at ``address``."""

    async def do() -> None:
        create_sqlite_database(address)
        database = await Database.open(address)
        try:
            await work(Ledger(database))
        finally:
            await database.close()

    asyncio.run(do())


def told(post: Post, *, live: bool = True, path: str = "") -> LedgerEntry:
    """Return what is told of ``post``."""
    row = LedgerRow.from_post(post, is_live=live, generation=0)
    return LedgerEntry(
        row=replace(row, path=Path(path) if path else row.path),
        reason="new" if live else "deleted",
        noticed_at=NOW,
        commit=samples.COMMIT,
    )


def test_one_publisher_at_a_time_may_tell(address: str) -> None:
    """Another one gets the right when it is given back or has run out."""

    async def work(ledger: Ledger) -> None:
        assert await ledger.acquire_lease("one", NOW)
        assert not await ledger.acquire_lease("two", NOW)
        assert await ledger.acquire_lease("one", NOW + timedelta(seconds=20))
        late = NOW + timedelta(seconds=21) + PUBLISHER_LEASE
        assert await ledger.acquire_lease("two", late)
        with pytest.raises(StorageError, match="lost its lease"):
            await ledger.record("one", [told(A)], late)
        assert not await ledger.entries()
        await ledger.release_lease("two")
        assert not await ledger.renew_lease("one", late)
        assert await ledger.acquire_lease("one", late)
        assert await ledger.renew_lease("one", late + 2 * PUBLISHER_LEASE)

    within(address, work)


def test_what_was_told_is_kept_exactly(address: str) -> None:
    """Every field, removals too, and a name that is no text."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        odd = told(B, path="news/caf\udce9 %41.md")
        assert await ledger.record("one", [told(A), odd], NOW) == 1
        assert await ledger.record("one", [told(A, live=False)], NOW) == 2
        gone = told(A, live=False)
        assert await ledger.entries() == {
            A.id: replace(gone, row=replace(gone.row, generation=2)),
            B.id: replace(odd, row=replace(odd.row, generation=1)),
        }

    within(address, work)


def test_a_ledger_is_followed_from_any_position(address: str) -> None:
    """In the order of telling, page by page, each post with its last word."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        await ledger.record("one", [told(A), told(B)], NOW)
        middle = await ledger.end_cursor()
        beginning, first = await ledger.entries_after(None, 1)
        assert beginning == middle.start()
        _, second = await ledger.entries_after(beginning.advanced_to(first[0]), 5)
        assert {one.row.post_id for one in (*first, *second)} == {A.id, B.id}
        assert await ledger.entries_after(middle, 5) == (middle, ())
        await ledger.record("one", [told(A, live=False)], NOW)
        _, (last,) = await ledger.entries_after(middle, 5)
        assert (last.row.post_id, last.row.is_live, last.reason) == (A.id, False, "deleted")
        assert (last.noticed_at, last.commit) == (NOW, samples.COMMIT)
        assert (await ledger.entries_after(await ledger.end_cursor(), 5))[1] == ()

    within(address, work)


def test_a_position_of_another_ledger_is_gone(address: str) -> None:
    """Nobody follows a database that was put back or made anew without hearing of it."""

    async def work(ledger: Ledger) -> None:
        head = await ledger.end_cursor()
        for strange in (
            replace(head, ledger_id="0"),
            replace(head, generation=head.generation + 1),
        ):
            with pytest.raises(Gone) as gone:
                await ledger.entries_after(strange, 5)
            assert gone.value.code == "cursor-gone"

    within(address, work)


def test_late_removals_are_found(address: str) -> None:
    """Those since a moment, the latest first; a post that came back is not among them."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        await ledger.record("one", [told(A, live=False)], NOW)
        later = replace(told(B, live=False), noticed_at=NOW + timedelta(days=1))
        await ledger.record("one", [later], NOW)
        assert [one.row.post_id for one in await ledger.removed(NOW)] == [B.id, A.id]
        assert [one.row.post_id for one in await ledger.removed(later.noticed_at)] == [B.id]
        await ledger.record("one", [told(B)], NOW)
        assert [one.row.post_id for one in await ledger.removed(NOW)] == [A.id]

    within(address, work)


def test_a_silent_change_moves_no_row(address: str) -> None:
    """A moved file is noted, but nobody who follows sees it again."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        await ledger.record("one", [told(A)], NOW)
        head = await ledger.end_cursor()
        moved = LedgerRow.from_post(
            replace(A, path=Path("news/moved.md"), blob=BlobId("b" * 40)),
            is_live=True,
            generation=9,
        )
        await ledger.record_silently("one", [moved], NOW)
        await ledger.record_silently("one", [], NOW)
        assert await ledger.end_cursor() == head
        assert await ledger.entries_after(head, 5) == (head, ())
        assert (await ledger.entries())[A.id].row == replace(moved, generation=1)

    within(address, work)


def test_an_empty_telling_is_a_generation_all_the_same(address: str) -> None:
    """The first start of a service without posts is a baseline, too."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        assert await ledger.record("one", [], NOW) == 1
        assert (await ledger.end_cursor()).generation == 2

    within(address, work)
