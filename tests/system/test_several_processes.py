"""Several processes share one PostgreSQL server that crashes and restarts: nothing is lost."""

import asyncio
import pathlib
import time

import pytest

from tests.channels.receiver import respond, run_receiver
from tests.databases import postgresql_server
from tests.system.service_processes import (
    SELECTIONS,
    TIMEOUT_SECONDS,
    requests_to,
    service_processes,
    wait_until,
)

MARGIN_SECONDS = 10
"""Time that a busy machine may need to start processes."""


@pytest.mark.timeout(400)
async def test_two_processes_of_each_kind_survive_a_database_crash(tmp_path: pathlib.Path) -> None:
    """One of each is killed, the server crashes, the others continue."""
    with postgresql_server() as server, service_processes(tmp_path, server.url) as processes:
        async with run_receiver(respond(204)) as receiver:
            for name in ("serve-1", "serve-2"):
                await processes.start(name)
            await processes.subscribe(receiver)
            for name in ("deliver-1", "deliver-2"):
                await processes.start(name)
            await processes.wait_until_listening(4)
            processes.commit_posts(20)
            await wait_until(lambda: bool(receiver.requests))
            await processes.kill("deliver-1")
            processes.commit_posts(20)
            await processes.wait_until_delivered(receiver)
            await asyncio.to_thread(server.crash)
            processes.commit_posts(20)
            await processes.wait_until_delivered(receiver)
            await processes.kill("serve-1")
            processes.commit_posts(20)
            await processes.wait_until_delivered(receiver)
            await processes.stop_all()
            await processes.check_delivery_log(receiver)
        await processes.compare_with_served_posts(receiver)


@pytest.mark.timeout(200)
async def test_deliveries_of_a_killed_worker_continue_in_time(tmp_path: pathlib.Path) -> None:
    """Its deliveries wait for at most the request timeout and five seconds."""
    with postgresql_server() as server, service_processes(tmp_path, server.url) as processes:
        async with run_receiver(respond(204)) as receiver:
            await processes.start("serve")
            await processes.subscribe(receiver)
            await processes.start("deliver")
            processes.commit_posts(200)
            await wait_until(lambda: len(receiver.requests) > 9)
            for name in ("serve", "deliver"):
                await processes.kill(name)
            died = time.monotonic()
            before = {name: len(requests_to(receiver, name)) for name in SELECTIONS}
            await processes.start("deliver")
            for name, count in before.items():
                await wait_until(lambda: len(requests_to(receiver, name)) > count)  # noqa: B023
            assert time.monotonic() - died < TIMEOUT_SECONDS + 5 + MARGIN_SECONDS
            await processes.wait_until_delivered(receiver)
            await processes.stop_all()
            await processes.check_delivery_log(receiver)
