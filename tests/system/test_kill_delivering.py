"""Publishers and deliverers are killed at any instant: subscribers hear everything, in order."""

import asyncio
import os
import pathlib
import random
from contextlib import ExitStack
from typing import Final

import psycopg
import pytest

from tests.channels.receiver import Receiver, answer, receiving
from tests.databases import KINDS, postgresql_database
from tests.system.crew import crew, employ, until

KILLS: Final = 50 if os.environ.get("SYNDICATE_SOAK") == "1" else 10
"""On each database."""

VICTIMS: Final = (("deliver",), ("serve",), ("deliver", "serve"))


def expire(address: str) -> None:
    """Let the half minute pass for which a publisher that died is waited for on PostgreSQL."""
    if address.startswith("postgresql"):
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("UPDATE publisher SET lease_until_ms = 0")


@pytest.mark.soak
@pytest.mark.timeout(1_000)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_instant_nothing_is_lost_or_reordered(
    tmp_path: pathlib.Path, kind: str, request: pytest.FixtureRequest
) -> None:
    """Under load, again and again; repeats have the same id, and a mirror is exact in the end."""
    chance = random.Random(7)  # noqa: S311 — instants, not secrets
    with ExitStack() as closing:
        address = f"sqlite:///{tmp_path / 'var' / 'syndicate.db'}"
        if kind == "postgresql":
            server: str = request.getfixturevalue("postgresql")
            address = closing.enter_context(postgresql_database(server))
        staff = closing.enter_context(crew(tmp_path, address))

        async def work() -> None:
            async with receiving(answer(204)) as receiver:
                await staff.start("serve")
                await staff.subscribe(receiver)
                await staff.start("deliver")
                for turn in range(KILLS):
                    staff.write(5)
                    before = len(receiver.requests)
                    await until(lambda: len(receiver.requests) > before)  # noqa: B023
                    await asyncio.sleep(chance.uniform(0, 0.3))
                    staff.write(1)
                    await asyncio.sleep(chance.uniform(0, 0.3))
                    for name in VICTIMS[turn % len(VICTIMS)]:
                        await staff.kill(name)
                        await staff.start(name)
                    expire(address)
                await staff.settled(receiver)
                await staff.dismiss()
                await staff.check(receiver)
                heard.append(receiver)

        heard: list[Receiver] = []
        employ(work)
        staff.compare(heard[0])
