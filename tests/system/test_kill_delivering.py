"""A deliverer that is killed at any instant loses nothing, and repeats only what was under way."""

import asyncio
import os
import pathlib
import random
import subprocess
import sys
from dataclasses import replace
from typing import Final

import pytest

from syndicate.model.subscription import SubscriptionId
from tests.channels.receiver import answer, receiving
from tests.content_repository import environment
from tests.publisher.conftest import SETTINGS
from tests.storage.mailroom import NOW, Mailroom, subscriber, within
from tests.system.test_delivering import DELIVERY

KILLS: Final = 100 if os.environ.get("SYNDICATE_SOAK") == "1" else 5
NAMES: Final = ("a", "b", "c")
LETTERS: Final = range(1, 61)
IDS: Final = tuple(SubscriptionId(f"sub_{name}") for name in NAMES)


async def start(settings: pathlib.Path) -> asyncio.subprocess.Process:
    """Start a process that delivers."""
    command = (sys.executable, "-m", "syndicate", "--config", str(settings), "deliver")
    return await asyncio.create_subprocess_exec(
        *command, env=environment({"PYTHONPATH": "src"}), stderr=subprocess.DEVNULL
    )


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_killed_at_any_instant_nothing_is_lost_or_reordered(tmp_path: pathlib.Path) -> None:
    """Every subscriber hears everything, in order but for repeats with the same id."""
    written = tmp_path / "syndicate.toml"
    written.write_text(SETTINGS + DELIVERY)
    chance = random.Random(7)  # noqa: S311 — instants, not secrets

    async def work(mailroom: Mailroom) -> None:
        async with receiving(answer(204)) as receiver:
            for name in NAMES:
                url = receiver.url(f"/{name}")
                await mailroom.subscriptions.add(replace(subscriber(name), url=url), NOW)
            for _ in range(KILLS):
                for name in NAMES:
                    await mailroom.send(name, *LETTERS)
                before = len(receiver.requests)
                process = await start(written)
                async with asyncio.timeout(60):
                    while len(receiver.requests) == before:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                await asyncio.sleep(chance.uniform(0, 0.5))
                process.kill()
                await process.wait()
            last = await start(written)
            async with asyncio.timeout(300):
                while sum((await mailroom.journal.pending(IDS)).values()):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            last.terminate()
            assert await last.wait() == 0
            for name in NAMES:
                mine = [one for one in receiver.requests if one.target == f"/{name}"]
                heard = [one.headers["webhook-id"] for one in mine]
                once = [one for n, one in enumerate(heard) if not n or heard[n - 1] != one]
                assert once == [f"evt_{number}" for _ in range(KILLS) for number in LETTERS]
                assert len(heard) - len(once) <= KILLS

    within(f"sqlite:///{tmp_path / 'var' / 'syndicate.db'}", work)
