"""The ledger: the publisher lease, recording entries, and reading them from any cursor."""

from collections.abc import AsyncIterator
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

pytestmark = pytest.mark.anyio

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
A = samples.post("news/2024-01-29-a.md")
B = samples.post("news/2024-01-30-b.md", carousel=True)


@pytest.fixture
async def ledger(address: str) -> AsyncIterator[Ledger]:
    """Return an empty ledger."""
    database = await Database.open(address)
    yield Ledger(database)
    await database.close()


def entry(post: Post, *, live: bool = True, path: str = "") -> LedgerEntry:
    """Return the ledger entry of ``post``."""
    row = LedgerRow.from_post(post, is_live=live, generation=0)
    return LedgerEntry(
        row=replace(row, path=Path(path) if path else row.path),
        reason="new" if live else "deleted",
        noticed_at=NOW,
        commit=samples.COMMIT,
    )


async def test_one_process_at_a_time_has_the_lease(ledger: Ledger) -> None:
    """Another one acquires it when it is released or has expired."""
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


async def test_entries_are_stored_exactly(ledger: Ledger) -> None:
    """Every field, removals too, and a file name that is not UTF-8."""
    await ledger.acquire_lease("one", NOW)
    odd = entry(B, path="news/caf\udce9 %41.md")
    assert await ledger.record("one", [entry(A), odd], NOW) == 1
    assert await ledger.record("one", [entry(A, live=False)], NOW) == 2
    gone = entry(A, live=False)
    assert await ledger.entries() == {
        A.id: replace(gone, row=replace(gone.row, generation=2)),
        B.id: replace(odd, row=replace(odd.row, generation=1)),
    }


async def test_entries_are_read_from_any_cursor(ledger: Ledger) -> None:
    """In the order of recording, page by page, each post with its last state."""
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


async def test_cursor_of_another_ledger_is_gone(ledger: Ledger) -> None:
    """A reader notices that the database was restored or replaced."""
    head = await ledger.end_cursor()
    for strange in (
        replace(head, ledger_id="0"),
        replace(head, generation=head.generation + 1),
    ):
        with pytest.raises(Gone) as gone:
            await ledger.entries_after(strange, 5)
        assert gone.value.code == "cursor-gone"


async def test_removals_since_a_time_are_found(ledger: Ledger) -> None:
    """The latest first; a post that came back is not among them."""
    await ledger.acquire_lease("one", NOW)
    await ledger.record("one", [entry(A, live=False)], NOW)
    later = replace(entry(B, live=False), noticed_at=NOW + timedelta(days=1))
    await ledger.record("one", [later], NOW)
    assert [entry.row.post_id for entry in await ledger.removed(NOW)] == [B.id, A.id]
    assert [entry.row.post_id for entry in await ledger.removed(later.noticed_at)] == [B.id]
    await ledger.record("one", [entry(B)], NOW)
    assert [entry.row.post_id for entry in await ledger.removed(NOW)] == [A.id]


async def test_live_posts_are_counted_by_source(ledger: Ledger) -> None:
    """Without those that were removed."""
    await ledger.acquire_lease("one", NOW)
    other = samples.post("updates/x.md", source="updates")
    await ledger.record("one", [entry(A), entry(B), entry(other, live=False)], NOW)
    assert await ledger.live_posts_by_source() == {"news": 2}


async def test_silent_change_keeps_the_generation(ledger: Ledger) -> None:
    """A moved file is recorded, but readers do not get the entry again."""
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


async def test_recording_nothing_is_a_generation(ledger: Ledger) -> None:
    """The first start of a service without posts is a baseline, too."""
    await ledger.acquire_lease("one", NOW)
    assert await ledger.record("one", [], NOW) == 1
    assert (await ledger.end_cursor()).generation == 2
