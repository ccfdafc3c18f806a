"""Several processes share one PostgreSQL, which goes away and comes back: nothing is lost."""

import asyncio
import pathlib
import time

import pytest

from tests.channels.receiver import Receiver, answer, receiving
from tests.databases import postgresql_server
from tests.system.crew import SELECTIONS, TIMEOUT_SECONDS, crew, employ, heard_by, until

MARGIN_SECONDS = 10
"""What a busy machine may take to start processes, beside what is promised."""


@pytest.mark.timeout(400)
def test_two_of_each_share_a_database_that_crashes(tmp_path: pathlib.Path) -> None:
    """One of each is killed, the server ends at once: the others go on where they were."""
    received: list[Receiver] = []
    with postgresql_server() as server, crew(tmp_path, server.address) as staff:

        async def work() -> None:
            async with receiving(answer(204)) as receiver:
                for name in ("serve-1", "serve-2"):
                    await staff.start(name)
                await staff.subscribe(receiver)
                for name in ("deliver-1", "deliver-2"):
                    await staff.start(name)
                await staff.at_work(4)
                staff.write(20)
                await until(lambda: bool(receiver.requests))
                await staff.kill("deliver-1")
                staff.write(20)
                await staff.settled(receiver)
                await asyncio.to_thread(server.crash)
                staff.write(20)
                await staff.settled(receiver)
                await staff.kill("serve-1")
                staff.write(20)
                await staff.settled(receiver)
                await staff.dismiss()
                await staff.check(receiver)
                received.append(receiver)

        employ(work)
        staff.compare(received[0])


@pytest.mark.timeout(200)
def test_what_a_dead_sender_held_goes_on_in_time(tmp_path: pathlib.Path) -> None:
    """Its subscriptions wait for no longer than a request may take and five seconds."""
    with postgresql_server() as server, crew(tmp_path, server.address) as staff:

        async def work() -> None:
            async with receiving(answer(204)) as receiver:
                await staff.start("serve")
                await staff.subscribe(receiver)
                await staff.start("deliver")
                staff.write(200)
                await until(lambda: len(receiver.requests) > 9)
                for name in ("serve", "deliver"):
                    await staff.kill(name)
                died = time.monotonic()
                before = {name: len(heard_by(receiver, name)) for name in SELECTIONS}
                await staff.start("deliver")
                for name, count in before.items():
                    await until(lambda: len(heard_by(receiver, name)) > count)  # noqa: B023
                assert time.monotonic() - died < TIMEOUT_SECONDS + 5 + MARGIN_SECONDS
                await staff.settled(receiver)
                await staff.dismiss()
                await staff.check(receiver)

        employ(work)
