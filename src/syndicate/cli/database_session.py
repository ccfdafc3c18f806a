"""Run a command with the subscription service of the settings."""

import asyncio
import getpass
import os
import pathlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from syndicate.model.audit import Actor
from syndicate.service.subscription_service import SubscriptionService, open_subscription_service
from syndicate.settings import Settings, load

T = TypeVar("T")


def command_actor() -> Actor:
    """Return the user of this host who runs the command, for the audit log."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = str(os.getuid())
    return Actor(name=f"command:{user}")


def run_with_subscriptions(
    config: pathlib.Path | None, work: Callable[[SubscriptionService, Settings], Awaitable[T]]
) -> T:
    """Return the result of ``work``, called with the subscription service and the settings."""
    settings = load(config, os.environ)

    async def run() -> T:
        async with open_subscription_service(settings) as service:
            return await work(service.acting_as(command_actor()), settings)

    return asyncio.run(run())
