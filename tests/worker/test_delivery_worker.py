"""Delivery worker with real databases and receivers: no loss, no delay by other receivers."""

import asyncio
import pathlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import insert, text

from syndicate.model.delivery import Backlog
from syndicate.model.retry_policy import OperatorAlert, RetrySchedule
from syndicate.model.subscription import UNDECRYPTABLE_REASON, SubscriptionId, rotate_secret
from syndicate.model.webhook_signature import verification_error
from syndicate.storage.schema import EVENT
from syndicate.storage.secret_store import SecretStore
from syndicate.worker import delivery_worker
from tests.channels.receiver import Received, never_respond, respond, run_receiver
from tests.databases import DATABASE_KINDS, database_of_kind
from tests.delivery_fixture import (
    LIMITS,
    SUBSCRIPTION_A,
    delivery_states,
    is_queue_empty,
    now,
    received_event_ids,
    running_worker,
    subscribe,
    wait_until,
)
from tests.metric_samples import metric_value
from tests.storage.outbox_fixture import (
    NOW,
    SECRET,
    OutboxFixture,
    change_subscription,
    open_outbox,
    subscriber,
)


@pytest.fixture
def file(tmp_path: pathlib.Path) -> str:
    """Return the URL of an SQLite database."""
    return f"sqlite:///{tmp_path / 'syndicate.db'}"


@pytest.fixture(params=DATABASE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a migrated database of each kind."""
    with database_of_kind(request, tmp_path / "syndicate.db") as url:
        yield url


async def test_events_arrive_signed_and_in_order(address: str) -> None:
    """At every subscriber, and the log has them."""
    async with open_outbox(address) as outbox, run_receiver(respond(204)) as receiver:
        for name in "abc":
            await subscribe(outbox, name, receiver.url(f"/{name}"), 1, 2, 3, 4)
        async with running_worker(outbox):
            for name in "abc":
                await wait_until(is_queue_empty(outbox, name))
        for name in "abc":
            assert received_event_ids(receiver, f"/{name}") == [
                "evt_1",
                "evt_2",
                "evt_3",
                "evt_4",
            ]
            assert await delivery_states(outbox, name) == ["delivered"] * 4
        for request in receiver.requests:
            assert not verification_error(
                [SECRET], headers=request.headers, body=request.body, now=now()
            )


async def test_failed_delivery_is_retried_and_then_exhausted(file: str) -> None:
    """By the schedule; the next event follows in any case."""
    async with (
        open_outbox(file) as outbox,
        run_receiver(*[respond(500)] * 4, respond(204)) as receiver,
    ):
        await subscribe(outbox, "a", receiver.url(), 1, 2)
        async with running_worker(outbox):
            await wait_until(is_queue_empty(outbox))
        assert received_event_ids(receiver, "/hook") == ["evt_1"] * 3 + ["evt_2"] * 2
        assert await delivery_states(outbox) == ["exhausted", "delivered"]
        assert len((await outbox.delivery_log.find("sub_a.1"))[1]) == 3


async def test_delivery_that_is_not_due_is_not_sent(file: str) -> None:
    """However often the worker is woken meanwhile."""
    limits = replace(LIMITS, schedule=RetrySchedule.from_seconds((0, 600)))

    async with open_outbox(file) as outbox, run_receiver(respond(500)) as receiver:
        await subscribe(outbox, "a", receiver.url(), 1)
        async with running_worker(outbox, limits) as worker:
            await wait_until(has_attempts(outbox, "sub_a.1", 1))
            for _ in range(3):
                worker.wake()
                await asyncio.sleep(0.1)
        assert received_event_ids(receiver, "/hook") == ["evt_1"]
        assert await delivery_states(outbox) == ["pending"]


def has_attempts(
    outbox: OutboxFixture, delivery_id: str, count: int
) -> Callable[[], Awaitable[bool]]:
    """Return a condition: ``count`` attempts of a delivery are stored."""

    async def has_them() -> bool:
        return len((await outbox.delivery_log.find(delivery_id))[1]) == count

    return has_them


@pytest.mark.slow
async def test_unresponsive_receivers_do_not_delay_others(file: str) -> None:
    """Fifty of them; a responsive one gets all its events before any of them times out."""
    async with (
        open_outbox(file) as outbox,
        run_receiver(never_respond) as stuck,
        run_receiver(respond(204)) as healthy,
    ):
        for number in range(50):
            await subscribe(outbox, f"stuck{number}", stuck.url(f"/{number}"), 1)
        await subscribe(outbox, "a", healthy.url(), 1, 2, 3)
        async with running_worker(outbox, replace(LIMITS, timeout=timedelta(minutes=5))):
            await wait_until(is_queue_empty(outbox))
            assert len(healthy.requests) == 3
            assert await delivery_states(outbox, "stuck0") == ["leased"]


async def test_timeout_frees_a_slot(file: str) -> None:
    """With one concurrent request, the next delivery waits for it."""
    async with open_outbox(file) as outbox:
        limits = replace(LIMITS, max_concurrent=1, timeout=timedelta(seconds=0.2))
        async with run_receiver(never_respond) as stuck, run_receiver(respond(204)) as healthy:
            await subscribe(outbox, "a", stuck.url(), 1)
            await subscribe(outbox, "b", healthy.url(), 1)
            async with running_worker(outbox, limits):
                await wait_until(is_queue_empty(outbox, "b"))
            _, attempts = await outbox.delivery_log.find("sub_a.1")
            assert attempts[0].cause == "timeout"


async def test_new_delivery_is_noticed_at_once(address: str) -> None:
    """By a wake-up on SQLite, by a notification on PostgreSQL."""
    async with (
        open_outbox(address) as outbox,
        run_receiver(respond(204)) as receiver,
        running_worker(outbox) as worker,
    ):
        await subscribe(outbox, "a", receiver.url(), 1)
        worker.wake()
        await wait_until(is_queue_empty(outbox))
        await outbox.enqueue("a", 2)
        await wait_until(is_queue_empty(outbox))
        assert received_event_ids(receiver, "/hook") == ["evt_1", "evt_2"]


async def test_delivery_of_another_process_is_found(file: str) -> None:
    """Without a wake-up, SQLite is polled."""
    async with (
        open_outbox(file) as outbox,
        run_receiver(respond(204)) as receiver,
        running_worker(outbox),
    ):
        await subscribe(outbox, "a", receiver.url())
        await asyncio.sleep(0.3)  # by then it rests
        await outbox.enqueue("a", 1)
        await wait_until(is_queue_empty(outbox))
        assert received_event_ids(receiver, "/hook") == ["evt_1"]


async def test_stop_finishes_or_releases_deliveries(file: str) -> None:
    """A request with a prompt response is recorded; another one is as if never sent."""
    async with open_outbox(file) as outbox:

        async def slow(_: Received, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.2)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()

        async with run_receiver(slow) as soon, run_receiver(never_respond) as never:
            await subscribe(outbox, "a", soon.url(), 1)
            await subscribe(outbox, "b", never.url(), 1)

            async def both() -> bool:
                return bool(soon.requests and never.requests)

            async with running_worker(outbox):
                await wait_until(both)
            assert await delivery_states(outbox, "a") == ["delivered"]
            assert await delivery_states(outbox, "b") == ["pending"]
            assert (await outbox.delivery_log.find("sub_b.1"))[1] == ()


async def test_results_are_stored_after_a_database_error(file: str) -> None:
    """Responses in the meantime are recorded later, and their requests are not repeated."""

    async def rename(outbox: OutboxFixture, old: str, new: str) -> None:
        async with outbox.database.write() as connection:
            await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url(), 1)
        await rename(outbox, "attempt", "away")

        async def came() -> bool:
            return bool(receiver.requests)

        async with running_worker(outbox):
            await wait_until(came)
            await asyncio.sleep(0.1)
            assert await delivery_states(outbox) == ["leased"]
            await rename(outbox, "away", "attempt")
            await wait_until(is_queue_empty(outbox))
        assert len(receiver.requests) == 1
        await outbox.enqueue("a", 2)
        await rename(outbox, "attempt", "away")

        async def came_again() -> bool:
            return len(receiver.requests) == 2

        async with running_worker(outbox):
            await wait_until(came_again)
        assert await delivery_states(outbox) == ["delivered", "leased"]


async def test_old_deliveries_are_pruned(file: str) -> None:
    """Without a request."""
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url(), 1)
        async with running_worker(outbox):
            await wait_until(is_queue_empty(outbox))

        async def forgotten() -> bool:
            return not await delivery_states(outbox)

        async with running_worker(outbox, clock=lambda: now() + timedelta(days=100)):
            await wait_until(forgotten)


async def test_file_gives_space_back_while_deliveries_go_on(
    tmp_path: pathlib.Path, file: str
) -> None:
    """Once the retention has deleted most of it."""
    old = {"detected_ms": 0, "media_type": "", "thin_body": b"", "full_body": bytes(4_000)}
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        async with outbox.database.write() as connection:
            rows = [
                {"id": str(number), "type": "", "post_id": "", "commit_id": "", **old}
                for number in range(2_000)
            ]
            await connection.execute(insert(EVENT), rows)
        await subscribe(outbox, "a", receiver.url(), 1)

        async def is_small() -> bool:
            return (tmp_path / "syndicate.db").stat().st_size < 2_000_000

        with closing(sqlite3.connect(tmp_path / "syndicate.db")) as checkpoint:
            checkpoint.execute("PRAGMA wal_checkpoint(FULL)")
        assert not await is_small()
        async with running_worker(outbox):
            await wait_until(is_small)
            await outbox.enqueue("a", 2)
            await wait_until(is_queue_empty(outbox))
        assert len(receiver.requests) == 2


async def test_410_ends_the_subscription(file: str) -> None:
    """And the operator gets an alert."""
    alerts: list[tuple[OperatorAlert, SubscriptionId]] = []

    async with open_outbox(file) as outbox, run_receiver(respond(410)) as receiver:
        await subscribe(outbox, "a", receiver.url(), 1, 2)
        async with running_worker(
            outbox, on_alert=lambda alert, subscription: alerts.append((alert, subscription.id))
        ):

            async def announced() -> bool:
                return alerts == [("subscription.disabled", SUBSCRIPTION_A)]

            await wait_until(announced)
            await wait_until(is_queue_empty(outbox))
        assert len(receiver.requests) == 1
        assert (await outbox.subscriptions.find(SUBSCRIPTION_A)).state == "disabled"


async def test_backlog_is_known_while_the_database_works(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And unavailable while it does not."""
    monkeypatch.setattr(delivery_worker, "_METRICS_SECONDS", 0.05)

    async with open_outbox(file) as outbox, run_receiver(never_respond) as receiver:
        await subscribe(outbox, "a", receiver.url(), 1, 2)
        async with running_worker(outbox) as worker:
            assert worker.backlog is None

            async def known() -> bool:
                return worker.backlog == Backlog(waiting=2, oldest_due=NOW)

            await wait_until(known)
            assert metric_value('syndicate_subscriptions{state="active"}') == 1
            assert metric_value('syndicate_subscriptions{state="paused"}') == 0
            async with outbox.database.write() as connection:
                await connection.execute(text("ALTER TABLE delivery RENAME TO away"))

            async def failing() -> bool:
                return worker.backlog == Backlog(is_unavailable=True)

            await wait_until(failing)
            async with outbox.database.write() as connection:
                await connection.execute(text("ALTER TABLE away RENAME TO delivery"))


async def test_long_queues_do_not_delay_other_subscribers(file: str) -> None:
    """Five hundred deliveries for each of three, then one for another."""
    async with (
        open_outbox(file) as outbox,
        run_receiver(respond(204)) as busy,
        run_receiver(respond(204)) as quiet,
    ):
        for name in "abc":
            await subscribe(outbox, name, busy.url(f"/{name}"), *range(1, 501))
        async with running_worker(outbox) as worker:

            async def begun() -> bool:
                return bool(busy.requests)

            await wait_until(begun)
            await subscribe(outbox, "d", quiet.url(), 501)
            before = len(busy.requests)
            worker.wake()

            async def has_arrived() -> bool:
                return bool(quiet.requests)

            await wait_until(has_arrived)
            # It was in the very next claims, whatever the machine made of a second.
            assert len(busy.requests) - before <= 3 * 10
            assert len(busy.requests) < 3 * 500


async def test_unreadable_secret_suspends_its_subscription_only(file: str) -> None:
    """The alert has the reason; with a new secret the waiting deliveries arrive."""
    async with open_outbox(file, key="right") as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url("/a"), 1)
        found = replace(subscriber("b"), url=receiver.url("/b"), secrets=())
        await outbox.subscriptions.add(found, NOW)
        await outbox.enqueue("b", 1)
        other = SecretStore("other")
        alerts: list[tuple[OperatorAlert, str]] = []
        async with running_worker(
            outbox,
            secret_store=other,
            on_alert=lambda alert, subscription: alerts.append((alert, subscription.state_reason)),
        ) as worker:

            async def has_alert() -> bool:
                return bool(alerts)

            await wait_until(is_queue_empty(outbox, "b"))
            await wait_until(has_alert)
            assert received_event_ids(receiver, "/a") == []
            assert alerts == [("subscription.failing", UNDECRYPTABLE_REASON)]
            change = partial(rotate_secret, secret=SECRET, at=now())
            await change_subscription(outbox.database, other, SUBSCRIPTION_A, change)
            worker.wake()
            await wait_until(is_queue_empty(outbox))
        assert received_event_ids(receiver, "/a") == ["evt_1"]
