"""A scene of a hub and a subscriber, played to its end."""

import asyncio
import pathlib
from collections.abc import Awaitable, Callable

from tests.hub.rig import Rig, rig, until
from tests.hub.subscriber import Subscriber, subscriber

Scene = Callable[[Rig, Subscriber], Awaitable[None]]


def play(folder: pathlib.Path, scene: Scene) -> None:
    """Play a scene of a hub and a subscriber."""

    async def act() -> None:
        async with rig(folder) as hub, subscriber() as reader:
            await scene(hub, reader)

    asyncio.run(act())


async def delivered(reader: Subscriber, count: int) -> None:
    """Wait for so many deliveries."""
    await until(lambda: len(reader.contents) >= count)
