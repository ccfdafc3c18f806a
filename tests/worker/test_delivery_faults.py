"""An error with one delivery stays with it: an attempt records it, all others continue."""

import pathlib
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import text

from syndicate.model.retry_policy import OperatorAlert, RetrySchedule
from syndicate.model.subscription import Subscription
from syndicate.storage.unreadable_rows import exhaust
from tests.channels.receiver import respond, run_receiver
from tests.delivery_fixture import (
    LIMITS,
    RETRY_AFTER,
    delivery_states,
    execute_sql,
    has_delivery_states,
    is_queue_empty,
    received_event_ids,
    running_worker,
    subscribe,
    wait_until,
)
from tests.storage.outbox_fixture import (
    LEASE,
    NOW,
    OutboxFixture,
    finished_attempt,
    open_outbox,
)


@pytest.fixture
def file(tmp_path: pathlib.Path) -> str:
    """Return the URL of an SQLite database."""
    return f"sqlite:///{tmp_path / 'syndicate.db'}"


@pytest.mark.slow
async def test_absurd_retry_after_does_not_stop_the_worker(file: str) -> None:
    """Twenty-two values, each of its own receiver, and one receiver that succeeds."""
    async with open_outbox(file) as outbox:
        faulty = [respond(503, retry_after=value) for value in RETRY_AFTER]
        async with run_receiver(*faulty) as bad, run_receiver(respond(204)) as healthy:
            for number in range(len(RETRY_AFTER)):
                await subscribe(outbox, f"bad{number}", bad.url(f"/{number}"), 1)
            async with running_worker(outbox) as worker:

                async def came() -> bool:
                    found = [
                        await outbox.delivery_log.find(f"sub_bad{number}.1")
                        for number in range(len(RETRY_AFTER))
                    ]
                    return all(attempts for _, attempts in found)

                await wait_until(came)
                await subscribe(outbox, "b", healthy.url(), 1)
                worker.wake()
                await wait_until(is_queue_empty(outbox, "b"))
            _, attempts = await outbox.delivery_log.find("sub_bad0.1")
            assert (attempts[0].cause, attempts[0].status) == ("status", 503)
            assert received_event_ids(healthy, "/hook") == ["evt_1"]


async def test_attempt_that_cannot_be_evaluated_has_failed(file: str) -> None:
    """It is recorded with that cause, and the others of its batch with theirs."""
    async with open_outbox(file) as outbox:
        await outbox.subscribe("a", "b", events=[1])
        first, second = await outbox.claim("one")
        finished = finished_attempt(first.delivery, 503)
        headers = (("retry-after", 5),)
        attempt = replace(finished.attempt, headers=headers)  # type: ignore[arg-type]
        await outbox.outbox.complete(
            [replace(finished, attempt=attempt), finished_attempt(second.delivery)]
        )
        assert await delivery_states(outbox, "a") == ["pending"]
        assert await delivery_states(outbox, "b") == ["delivered"]
        recorded = (await outbox.delivery_log.find("sub_a.1"))[1][0]
        assert recorded.cause == "internal"
        assert recorded.error == "the service failed to evaluate the answer: AttributeError"


@pytest.mark.parametrize("together", [True, False])
async def test_attempt_that_cannot_be_stored_does_not_block_others(
    file: str, *, together: bool
) -> None:
    """Its delivery is set aside, and other due ones are claimed."""
    async with open_outbox(file) as outbox:
        await outbox.subscribe("a", "b", events=[1, 2])
        first, second = await outbox.claim("one")
        twice = "INSERT INTO attempt SELECT 'sub_a', 1, 1, '', 0, 0, '', NULL, '[]', '', '', ''"
        await execute_sql(outbox, twice)
        over = [finished_attempt(first.delivery), finished_attempt(second.delivery)]
        if together:
            _, claims = await outbox.outbox.complete_and_claim(
                over, 9, token="two", now=NOW, lease=LEASE
            )
            assert [claim.delivery.id for claim in claims] == ["sub_a.2", "sub_b.2"]
        else:
            await outbox.outbox.complete(over)
        assert (await delivery_states(outbox, "a"))[0] == "exhausted"
        assert (await delivery_states(outbox, "b"))[0] == "delivered"
        _, attempts = await outbox.delivery_log.find("sub_a.1")
        assert attempts[-1].error.endswith("its attempt cannot be stored")


async def test_overflowing_schedule_does_not_block_others(file: str) -> None:
    """The attempt cannot be evaluated; its delivery is set aside."""
    async with open_outbox(file) as outbox:
        limits = replace(LIMITS, schedule=RetrySchedule(steps=(timedelta(0), timedelta.max)))
        async with run_receiver(respond(500)) as bad, run_receiver(respond(204)) as healthy:
            await subscribe(outbox, "a", bad.url(), 1)
            await subscribe(outbox, "b", healthy.url(), 1, 2)
            async with running_worker(outbox, limits):
                await wait_until(is_queue_empty(outbox, "a"))
                await wait_until(is_queue_empty(outbox, "b"))
            assert await delivery_states(outbox, "a") == ["exhausted"]
            assert await delivery_states(outbox, "b") == ["delivered"] * 2


async def test_failing_alert_does_not_stop_deliveries(file: str) -> None:
    """An exception of the alert callback is logged."""

    def fail(_: OperatorAlert, __: Subscription) -> None:
        raise ZeroDivisionError

    async with (
        open_outbox(file) as outbox,
        run_receiver(respond(410)) as opted_out,
        run_receiver(respond(204)) as healthy,
    ):
        await subscribe(outbox, "a", opted_out.url(), 1)
        await subscribe(outbox, "b", healthy.url(), 1, 2, 3)
        async with running_worker(outbox, on_alert=fail):
            await wait_until(is_queue_empty(outbox, "a"))
            await wait_until(is_queue_empty(outbox, "b"))
        assert await delivery_states(outbox, "b") == ["delivered"] * 3


async def test_invalid_header_fails_its_delivery_only(file: str) -> None:
    """The HTTP client refuses the header, and an attempt records that."""
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url("/a"), 1)
        await subscribe(outbox, "b", receiver.url("/b"), 2)
        await execute_sql(outbox, "UPDATE event SET media_type = :t WHERE id = 'evt_1'", t="a\nb")
        async with running_worker(outbox):
            await wait_until(is_queue_empty(outbox, "b"))
            await wait_until(is_queue_empty(outbox, "a"))
        _, attempts = await outbox.delivery_log.find("sub_a.1")
        assert attempts[0].cause == "internal"


BAD_SUBSCRIPTIONS: Final = [
    ("kind", "pigeon"),
    ("payload", "fat"),
    ("selection", "no JSON"),
    ("selection", "[]"),
    ("selection", '{"categories": 5, "carousel": null, "sources": null, "languages": null}'),
    ("types", "5"),
    ("types", '["post.eaten"]'),
    ("types", ""),
    ("fail_streak", "many"),
    ("fail_streak", -1),
    ("fail_streak", 2**62),
    ("failing_since_ms", "yesterday"),
    ("failing_since_ms", 2**62),
    ("lease_until_ms", "tomorrow"),
]

BAD_DELIVERIES: Final = [
    ("UPDATE event SET full_body = :v WHERE id = 'evt_1'", b"no JSON"),
    ("UPDATE event SET full_body = :v WHERE id = 'evt_1'", b"{}"),
    ("UPDATE event SET full_body = :v WHERE id = 'evt_1'", b""),
    ("UPDATE event SET full_body = :v WHERE id = 'evt_1'", "text"),
    ("UPDATE event SET full_body = :v WHERE id = 'evt_1'", 5),
    ("UPDATE event SET thin_body = :v WHERE id = 'evt_1'", b"\xff"),
    ("UPDATE event SET media_type = :v WHERE id = 'evt_1'", b"\xff"),
    ("UPDATE event SET id = :v WHERE id = 'evt_1'", "evt_lost"),
    ("UPDATE delivery SET event_id = :v WHERE subscription_id = 'sub_a' AND seq = 1", ""),
    ("UPDATE delivery SET payload = :v WHERE subscription_id = 'sub_a' AND seq = 1", "fat"),
    ("UPDATE delivery SET trigger = :v WHERE subscription_id = 'sub_a' AND seq = 1", ""),
    ("UPDATE delivery SET attempts = :v WHERE subscription_id = 'sub_a' AND seq = 1", "no"),
    ("UPDATE delivery SET attempts = :v WHERE subscription_id = 'sub_a' AND seq = 1", -1),
    ("UPDATE delivery SET step = :v WHERE subscription_id = 'sub_a' AND seq = 1", 2**62),
    ("UPDATE delivery SET due_ms = :v WHERE subscription_id = 'sub_a' AND seq = 1", -(2**62)),
]


async def column(outbox: OutboxFixture, name: str, subscription: str = "sub_a") -> object:
    """Return what a column of a subscription holds."""
    query = text(f"SELECT {name} FROM subscription WHERE id = :id")  # noqa: S608 — our own names
    async with outbox.database.read() as connection:
        return (await connection.execute(query, {"id": subscription})).scalar()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), BAD_SUBSCRIPTIONS)
async def test_unreadable_subscription_is_suspended_alone(
    file: str, name: str, value: object
) -> None:
    """With the reason; its deliveries wait until the row is repaired."""
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url("/a"), 1)
        await subscribe(outbox, "b", receiver.url("/b"), 1, 2)
        good = await column(outbox, name)
        values = f"{name} = :value, not_before_ms = NULL"
        putting = f"UPDATE subscription SET {values} WHERE id = :id"  # noqa: S608
        await execute_sql(outbox, putting, value=value, id="sub_a")
        async with running_worker(outbox) as worker:

            async def suspended() -> bool:
                return await column(outbox, "state") == "suspended"

            await wait_until(is_queue_empty(outbox, "b"))
            await wait_until(suspended)
            assert await delivery_states(outbox, "a") == ["pending"]
            assert "sub_a cannot be read" in str(await column(outbox, "state_reason"))
            await execute_sql(outbox, putting, value=good, id="sub_a")
            worker.wake()
            await wait_until(is_queue_empty(outbox, "a"))
        assert await delivery_states(outbox, "a") == ["delivered"]
        assert await column(outbox, "state") == "active"


@pytest.mark.parametrize("secrets", ["", "no JSON", "5", "[5]", '[["whsec_", null]]', "[[1, 2]]"])
async def test_damaged_secret_suspends_the_subscription(file: str, secrets: str) -> None:
    """Nothing is sent unsigned; the subscription waits until its secret is rotated."""
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url("/a"), 1)
        await subscribe(outbox, "b", receiver.url("/b"), 1)
        damage = "UPDATE subscription SET secrets = :value WHERE id = 'sub_a'"
        await execute_sql(outbox, damage, value=secrets)
        async with running_worker(outbox):

            async def suspended() -> bool:
                return await column(outbox, "state") == "suspended"

            await wait_until(is_queue_empty(outbox, "b"))
            await wait_until(suspended)
        assert received_event_ids(receiver, "/a") == []


@pytest.mark.slow
@pytest.mark.parametrize(("statement", "value"), BAD_DELIVERIES)
async def test_unreadable_delivery_is_set_aside(file: str, statement: str, value: object) -> None:
    """With an attempt that has the reason; the next one of the subscription follows."""
    async with open_outbox(file) as outbox, run_receiver(respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url("/a"), 1, 2)
        await subscribe(outbox, "b", receiver.url("/b"), 3)
        await execute_sql(outbox, statement, v=value)
        async with running_worker(outbox):
            await wait_until(has_delivery_states(outbox, "a", "exhausted", "delivered"))
            await wait_until(has_delivery_states(outbox, "b", "delivered"))
        assert received_event_ids(receiver, "/a") == ["evt_2"]
        query = text("SELECT cause, error FROM attempt WHERE subscription_id = 'sub_a'")
        async with outbox.database.read() as connection:
            cause, error = (await connection.execute(query)).first() or ("", "")
        assert cause == "unreadable"
        assert error.startswith("the stored delivery cannot be read: ")


async def test_delivery_set_aside_is_still_listed(file: str) -> None:
    """Without its body; its attempts stay, unless they cannot be counted."""
    async with open_outbox(file) as outbox:
        await outbox.subscribe("a", events=[1])
        other = "INSERT INTO attempt SELECT 'sub_a', 1, 'x', '', 0, 0, '', NULL, '[]', '', '', ''"
        await execute_sql(outbox, other)
        await execute_sql(outbox, "UPDATE event SET full_body = 'no JSON'")
        assert await outbox.claim("one") == ()
        assert await delivery_states(outbox, "a") == ["exhausted"]
        found, attempts = await outbox.delivery_log.find("sub_a.1")
        assert (found.body, len(attempts)) == (b"", 1)


async def test_attempt_with_a_lost_lease_sets_nothing_aside(file: str) -> None:
    """The worker that now leases the delivery decides about it."""
    async with open_outbox(file) as outbox:
        await outbox.subscribe("a", events=[1])
        (claim,) = await outbox.claim("one")
        await execute_sql(outbox, "UPDATE delivery SET lease_by = 'two'")
        async with outbox.database.write() as connection:
            await exhaust(connection, "sub_a", 1, "damaged", NOW, lease_by=claim.delivery.lease_by)
        assert await delivery_states(outbox, "a") == ["leased"]
