"""Runs a test with a hub and a subscriber."""

import asyncio
import pathlib
from collections.abc import Awaitable, Callable

from tests.worker.hub_fixture import TIMEOUT, HubFixture, open_hub, wait_until
from tests.worker.websub_subscriber import WebSubSubscriber, run_subscriber

HubScenario = Callable[[HubFixture, WebSubSubscriber], Awaitable[None]]


def run_scenario(
    folder: pathlib.Path,
    scenario: HubScenario,
    *,
    timeout_seconds: float = TIMEOUT.total_seconds(),
) -> None:
    """Run a test with a hub, whose requests take up to ``timeout_seconds``, and a subscriber."""

    async def act() -> None:
        async with (
            open_hub(folder, timeout_seconds=timeout_seconds) as hub,
            run_subscriber() as reader,
        ):
            await scenario(hub, reader)

    asyncio.run(act())


async def wait_for_deliveries(reader: WebSubSubscriber, count: int) -> None:
    """Wait for a number of deliveries."""
    await wait_until(lambda: len(reader.deliveries) >= count)
