"""The ledger: the publisher lease, recording entries, and reading them from any cursor."""

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


def run_with_ledger(address: str, work: Callable[[Ledger], Awaitable[None]]) -> None:
    """Run ``work`` with an empty ledger."""

    async def do() -> None:
        create_sqlite_database(address)
        database = await Database.open(address)
        try:
            await work(Ledger(database))
        finally:
            await database.close()

    asyncio.run(do())


def entry(post: Post, *, live: bool = True, path: str = "") -> LedgerEntry:
    """Return the ledger entry of ``post``."""
    row = LedgerRow.from_post(post, is_live=live, generation=0)
    return LedgerEntry(
        row=replace(row, path=Path(path) if path else row.path),
        reason="new" if live else "deleted",
        noticed_at=NOW,
        commit=samples.COMMIT,
    )


def test_one_process_at_a_time_has_the_lease(address: str) -> None:
    """Another one acquires it when it is released or has expired."""

    async def work(ledger: Ledger) -> None:
        assert await ledger.acquire_lease("one", NOW)
        assert not await ledger.acquire_lease("two", NOW)
        assert await ledger.acquire_lease("one", NOW + timedelta(seconds=20))
        late = NOW + timedelta(seconds=21) + PUBLISHER_LEASE
        assert await ledger.acquire_lease("two", late)
        with pytest.raises(StorageError, match="lost its lease"):
            await ledger.record("one", [entry(A)], late)
        assert not await ledger.entries()
        await ledger.release_lease("two")
        assert not await ledger.renew_lease("one", late)
        assert await ledger.acquire_lease("one", late)
        assert await ledger.renew_lease("one", late + 2 * PUBLISHER_LEASE)

    run_with_ledger(address, work)


def test_entries_are_stored_exactly(address: str) -> None:
    """Every field, removals too, and a file name that is not UTF-8."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        odd = entry(B, path="news/caf\udce9 %41.md")
        assert await ledger.record("one", [entry(A), odd], NOW) == 1
        assert await ledger.record("one", [entry(A, live=False)], NOW) == 2
        gone = entry(A, live=False)
        assert await ledger.entries() == {
            A.id: replace(gone, row=replace(gone.row, generation=2)),
            B.id: replace(odd, row=replace(odd.row, generation=1)),
        }

    run_with_ledger(address, work)


def test_entries_are_read_from_any_cursor(address: str) -> None:
    """In the order of recording, page by page, each post with its last state."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        await ledger.record("one", [entry(A), entry(B)], NOW)
        middle = await ledger.end_cursor()
        beginning, first = await ledger.entries_after(None, 1)
        assert beginning == middle.start()
        _, second = await ledger.entries_after(beginning.advanced_to(first[0]), 5)
        assert {entry.row.post_id for entry in (*first, *second)} == {A.id, B.id}
        assert await ledger.entries_after(middle, 5) == (middle, ())
        await ledger.record("one", [entry(A, live=False)], NOW)
        _, (last,) = await ledger.entries_after(middle, 5)
        assert (last.row.post_id, last.row.is_live, last.reason) == (A.id, False, "deleted")
        assert (last.noticed_at, last.commit) == (NOW, samples.COMMIT)
        assert (await ledger.entries_after(await ledger.end_cursor(), 5))[1] == ()

    run_with_ledger(address, work)


def test_cursor_of_another_ledger_is_gone(address: str) -> None:
    """A reader notices that the database was restored or replaced."""

    async def work(ledger: Ledger) -> None:
        head = await ledger.end_cursor()
        for strange in (
            replace(head, ledger_id="0"),
            replace(head, generation=head.generation + 1),
        ):
            with pytest.raises(Gone) as gone:
                await ledger.entries_after(strange, 5)
            assert gone.value.code == "cursor-gone"

    run_with_ledger(address, work)


def test_removals_since_a_time_are_found(address: str) -> None:
    """The latest first; a post that came back is not among them."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        await ledger.record("one", [entry(A, live=False)], NOW)
        later = replace(entry(B, live=False), noticed_at=NOW + timedelta(days=1))
        await ledger.record("one", [later], NOW)
        assert [entry.row.post_id for entry in await ledger.removed(NOW)] == [B.id, A.id]
        assert [entry.row.post_id for entry in await ledger.removed(later.noticed_at)] == [B.id]
        await ledger.record("one", [entry(B)], NOW)
        assert [entry.row.post_id for entry in await ledger.removed(NOW)] == [A.id]

    run_with_ledger(address, work)


def test_silent_change_keeps_the_generation(address: str) -> None:
    """A moved file is recorded, but readers do not get the entry again."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        await ledger.record("one", [entry(A)], NOW)
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

    run_with_ledger(address, work)


def test_recording_nothing_is_a_generation(address: str) -> None:
    """The first start of a service without posts is a baseline, too."""

    async def work(ledger: Ledger) -> None:
        await ledger.acquire_lease("one", NOW)
        assert await ledger.record("one", [], NOW) == 1
        assert (await ledger.end_cursor()).generation == 2

    run_with_ledger(address, work)
