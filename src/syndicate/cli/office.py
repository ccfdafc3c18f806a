"""Doing something with subscriptions in the database that the settings name."""

import asyncio
import os
import pathlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from syndicate.service.partners import Partners, partners
from syndicate.settings import Settings, load

T = TypeVar("T")


def at_office(config: pathlib.Path | None, work: Callable[[Partners, Settings], Awaitable[T]]) -> T:
    """Return what ``work`` makes of the settings and of who is subscribed."""
    settings = load(config, os.environ)

    async def do() -> T:
        async with partners(settings) as office:
            return await work(office, settings)

    return asyncio.run(do())
