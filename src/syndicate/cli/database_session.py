"""Doing something with subscriptions in the database that the settings name."""

import asyncio
import os
import pathlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from syndicate.service.subscription_service import SubscriptionService, open_subscription_service
from syndicate.settings import Settings, load

T = TypeVar("T")


def run_with_subscriptions(
    config: pathlib.Path | None, work: Callable[[SubscriptionService, Settings], Awaitable[T]]
) -> T:
    """Return what ``work`` makes of the settings and of who is subscribed."""
    settings = load(config, os.environ)

    async def run() -> T:
        async with open_subscription_service(settings) as office:
            return await work(office, settings)

    return asyncio.run(run())
