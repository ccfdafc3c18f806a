"""Publishers and workers are killed at any instant: subscribers receive everything, in order."""

import asyncio
import os
import pathlib
import random
from contextlib import ExitStack
from typing import Final

import psycopg
import pytest

from tests.channels.receiver import respond, run_receiver
from tests.databases import DATABASE_KINDS, postgresql_database
from tests.system.service_processes import service_processes, wait_until

KILLS: Final = 50 if os.environ.get("SYNDICATE_SOAK") == "1" else 10
"""The number of kills on each kind of database."""

KILLED_COMMANDS: Final = (("deliver",), ("serve",), ("deliver", "serve"))


def expire_publisher_lease(database_url: str) -> None:
    """End the lease of a killed publisher on PostgreSQL, instead of waiting 30 seconds."""
    if database_url.startswith("postgresql"):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("UPDATE publisher SET lease_until_ms = 0")


@pytest.mark.soak
@pytest.mark.timeout(1_000)
@pytest.mark.parametrize("kind", DATABASE_KINDS)
async def test_no_event_is_lost_or_reordered_by_kills(
    tmp_path: pathlib.Path, kind: str, request: pytest.FixtureRequest
) -> None:
    """Under load; repeats have the same id, and a mirror is exact at the end."""
    chance = random.Random(7)  # noqa: S311 — instants, not secrets
    with ExitStack() as exit_stack:
        database_url = f"sqlite:///{tmp_path / 'var' / 'syndicate.db'}"
        if kind == "postgresql":
            server: str = request.getfixturevalue("postgresql")
            database_url = exit_stack.enter_context(postgresql_database(server))
        processes = exit_stack.enter_context(service_processes(tmp_path, database_url))

        async with run_receiver(respond(204)) as receiver:
            await processes.start("serve")
            await processes.subscribe(receiver)
            await processes.start("deliver")
            for kill_number in range(KILLS):
                processes.commit_posts(5)
                before = len(receiver.requests)
                await wait_until(lambda: len(receiver.requests) > before)  # noqa: B023
                await asyncio.sleep(chance.uniform(0, 0.3))
                processes.commit_posts(1)
                await asyncio.sleep(chance.uniform(0, 0.3))
                for name in KILLED_COMMANDS[kill_number % len(KILLED_COMMANDS)]:
                    await processes.kill(name)
                    await processes.start(name)
                expire_publisher_lease(database_url)
            await processes.wait_until_delivered(receiver)
            await processes.stop_all()
            await processes.check_delivery_log(receiver)
        await processes.compare_with_served_posts(receiver)
