"""Leases that a worker reclaims: at its start, and after they expire."""

import asyncio
import os
import pathlib
import socket
import sys
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event

from syndicate.storage import outbox as outbox_module
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
from tests.storage.outbox_fixture import LEASE, open_outbox


@pytest.fixture
def file(tmp_path: pathlib.Path) -> str:
    """Return the URL of an SQLite database."""
    return f"sqlite:///{tmp_path / 'syndicate.db'}"


async def test_deliveries_of_a_dead_process_are_reclaimed(file: str) -> None:
    """Of this host, by process id; live processes and other hosts keep their leases."""
    async with open_outbox(file) as outbox:
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
                await subscribe(outbox, name, receiver.url(f"/{name}"), 1)
                assert len(await outbox.claim(holder, now=now())) == 1
            async with running_worker(outbox):
                await wait_until(is_queue_empty(outbox, "a"))
                await wait_until(is_queue_empty(outbox, "b"))
            assert [
                attempt.cause for attempt in (await outbox.delivery_log.find("sub_a.1"))[1]
            ] == [
                "lost",
                "",
            ]
            assert await delivery_states(outbox, "c") == ["leased"]
            assert await delivery_states(outbox, "d") == ["leased"]


async def test_all_deliveries_of_a_dead_process_are_reclaimed(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In as many transactions as it takes."""
    monkeypatch.setattr(outbox_module, "_MAX_RECLAIMED", 2)

    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        for name in "abcde":
            await subscribe(outbox, name, receiver.url(f"/{name}"), 1)
        holder, later = f"{socket.gethostname()}:{os.getpid()}:x:1", now() + timedelta(hours=1)
        assert len(await outbox.claim(holder, now=later)) == 5
        async with running_worker(outbox):
            for name in "abcde":
                await wait_until(is_queue_empty(outbox, name))
        assert len(receiver.requests) == 5


async def test_expired_lease_is_reclaimed_under_load(file: str) -> None:
    """In the midst of a long queue of another subscriber."""
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url("/a"), 1)
        ends_soon = now() - LEASE + timedelta(seconds=0.5)
        assert await outbox.claim("elsewhere:1:x:1", now=ends_soon)
        await subscribe(outbox, "b", receiver.url("/b"), *range(2, 3_000))
        async with running_worker(outbox):
            await wait_until(is_queue_empty(outbox, "a"))
            assert "pending" in await delivery_states(outbox, "b")
        assert received_event_ids(receiver, "/a") == ["evt_1"]


async def test_claim_during_the_stop_is_released(file: str) -> None:
    """The database granted it, but the worker was cancelled before it returned."""
    claimers: list[asyncio.Task[object] | None] = []

    def hear(_: Connection, __: object, statement: str, *___: object) -> None:
        if "SET state='leased'" in statement:
            claimers.append(asyncio.current_task())

    def end(_: Connection) -> None:
        claimer = asyncio.current_task()
        if claimer and claimer in claimers:
            claimer.cancel()

    async with open_outbox(file) as outbox:

        async def claimed() -> bool:
            return await delivery_states(outbox) == ["leased"]

        await subscribe(outbox, "a", "http://127.0.0.1:9/", 1)
        event.listen(Engine, "before_cursor_execute", hear)
        event.listen(Engine, "commit", end)
        try:
            async with running_worker(outbox):
                await wait_until(claimed)
        finally:
            event.remove(Engine, "before_cursor_execute", hear)
            event.remove(Engine, "commit", end)
        assert await delivery_states(outbox) == ["pending"]
        assert (await outbox.delivery_log.find("sub_a.1"))[1] == ()
