"""What a deliverer takes back that others held: at its start, and when leases run out."""

import asyncio
import os
import pathlib
import socket
import sys
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event

from syndicate.storage import outbox
from tests.channels.receiver import respond, run_receiver
from tests.delivery_fixture import (
    delivery_states,
    is_queue_empty,
    now,
    received_event_ids,
    running_worker,
    subscribe,
    wait_until,
)
from tests.storage.outbox_fixture import LEASE, OutboxFixture, run_with_outbox


@pytest.fixture
def file(tmp_path: pathlib.Path) -> str:
    """Return the address of an SQLite database."""
    return f"sqlite:///{tmp_path / 'syndicate.db'}"


def test_what_a_dead_process_held_goes_on_at_once(file: str) -> None:
    """Of this host, by its number; what lives or is elsewhere keeps its lease."""

    async def work(mailroom: OutboxFixture) -> None:
        host = socket.gethostname()
        dead = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        await dead.wait()
        async with run_receiver(respond(204)) as receiver:
            holders = (
                f"{host}:{dead.pid}:x:1",
                f"{host}:{os.getpid()}:x:1",
                f"{host}:{os.getppid()}:x:1",
                "elsewhere:1:x:1",
            )
            for name, holder in zip("abcd", holders, strict=True):
                await subscribe(mailroom, name, receiver.url(f"/{name}"), 1)
                assert len(await mailroom.claim(holder, now=now())) == 1
            async with running_worker(mailroom):
                await wait_until(is_queue_empty(mailroom, "a"))
                await wait_until(is_queue_empty(mailroom, "b"))
            assert [one.cause for one in (await mailroom.delivery_log.find("sub_a.1"))[1]] == [
                "lost",
                "",
            ]
            assert await delivery_states(mailroom, "c") == ["leased"]
            assert await delivery_states(mailroom, "d") == ["leased"]

    run_with_outbox(file, work)


def test_all_that_a_dead_process_held_goes_on_at_once(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much it was: what one transaction does not take back, the next one does."""
    monkeypatch.setattr(outbox, "_MAX_RECLAIMED", 2)

    async def work(mailroom: OutboxFixture) -> None:
        async with run_receiver(respond(204)) as receiver:
            for name in "abcde":
                await subscribe(mailroom, name, receiver.url(f"/{name}"), 1)
            holder, later = f"{socket.gethostname()}:{os.getpid()}:x:1", now() + timedelta(hours=1)
            assert len(await mailroom.claim(holder, now=later)) == 5
            async with running_worker(mailroom):
                for name in "abcde":
                    await wait_until(is_queue_empty(mailroom, name))
            assert len(receiver.requests) == 5

    run_with_outbox(file, work)


def test_what_was_lost_goes_on_though_there_is_enough_else_to_do(file: str) -> None:
    """Its lease runs out in the midst of a long row of deliveries to somebody else."""

    async def work(mailroom: OutboxFixture) -> None:
        async with run_receiver(respond(204)) as receiver:
            await subscribe(mailroom, "a", receiver.url("/a"), 1)
            ends_soon = now() - LEASE + timedelta(seconds=0.5)
            assert await mailroom.claim("elsewhere:1:x:1", now=ends_soon)
            await subscribe(mailroom, "b", receiver.url("/b"), *range(2, 3_000))
            async with running_worker(mailroom):
                await wait_until(is_queue_empty(mailroom, "a"))
                assert "pending" in await delivery_states(mailroom, "b")
            assert received_event_ids(receiver, "/a") == ["evt_1"]

    run_with_outbox(file, work)


def test_what_was_claimed_in_the_moment_of_the_end_is_given_back(file: str) -> None:
    """The database has granted it, and nobody is there any more to hear that."""
    claimers: list[asyncio.Task[object] | None] = []

    def hear(_: Connection, __: object, statement: str, *___: object) -> None:
        if "SET state='leased'" in statement:
            claimers.append(asyncio.current_task())

    def end(_: Connection) -> None:
        claimer = asyncio.current_task()
        if claimer and claimer in claimers:
            claimer.cancel()

    async def work(mailroom: OutboxFixture) -> None:
        async def claimed() -> bool:
            return await delivery_states(mailroom) == ["leased"]

        await subscribe(mailroom, "a", "http://127.0.0.1:9/", 1)
        event.listen(Engine, "before_cursor_execute", hear)
        event.listen(Engine, "commit", end)
        try:
            async with running_worker(mailroom):
                await wait_until(claimed)
        finally:
            event.remove(Engine, "before_cursor_execute", hear)
            event.remove(Engine, "commit", end)
        assert await delivery_states(mailroom) == ["pending"]
        assert (await mailroom.delivery_log.find("sub_a.1"))[1] == ()

    run_with_outbox(file, work)
