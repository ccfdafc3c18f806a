"""A host with several subscriptions that was down: nothing is lost, and the order stays."""

import asyncio
import pathlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from syndicate.model.retry_policy import RetrySchedule
from tests.channels.receiver import Received, respond, run_receiver
from tests.databases import DATABASE_KINDS, database_of_kind
from tests.delivery_fixture import (
    LIMITS,
    delivery_states,
    is_queue_empty,
    received_event_ids,
    running_worker,
    subscribe,
    wait_until,
)
from tests.storage.outbox_fixture import open_outbox

pytestmark = pytest.mark.anyio

EVENTS = (1, 2, 3)
NAMES = "abcdefgh"


@pytest.fixture(params=DATABASE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a database of each kind."""
    with database_of_kind(request, tmp_path / "syndicate.db") as url:
        yield url


@pytest.mark.slow
async def test_host_is_not_stormed_when_it_comes_back(address: str) -> None:
    """First one request at a time, then more; each subscription gets its events in order."""
    is_down = True
    delivered: list[tuple[str, str]] = []
    in_progress, at_once = 0, []

    async def receive(received: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal in_progress
        in_progress += 1
        await asyncio.sleep(0.01)
        if is_down:
            await respond(503)(received, writer)
        else:
            at_once.append(in_progress)
            delivered.append((received.target, received.headers["webhook-id"]))
            await respond(204)(received, writer)
        in_progress -= 1

    schedule = RetrySchedule.from_seconds([0, *[0.05] * 50])
    async with open_outbox(address) as outbox, run_receiver(receive) as receiver:
        for name in NAMES:
            await subscribe(outbox, name, receiver.url(f"/{name}"), *EVENTS)
        async with running_worker(outbox, replace(LIMITS, schedule=schedule)):
            await wait_until(lambda: has_received(receiver.requests, 3 * len(NAMES)))
            is_down = False
            for name in NAMES:
                await wait_until(is_queue_empty(outbox, name))
            states = [state for name in NAMES for state in await delivery_states(outbox, name)]
    assert states == ["delivered"] * len(EVENTS) * len(NAMES)
    assert at_once[0] == 1
    assert max(at_once[:3]) <= 3
    for name in NAMES:
        ids = [event for target, event in delivered if target == f"/{name}"]
        assert len(ids) == len(EVENTS)
        assert ids == list(dict.fromkeys(received_event_ids(receiver, f"/{name}")))


async def has_received(requests: list[Received], number: int) -> bool:
    """Return whether so many requests were received."""
    return len(requests) >= number
