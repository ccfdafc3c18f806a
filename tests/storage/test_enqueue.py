"""Putting events into the outbox: who hears what, numbered without a gap."""

import asyncio
from dataclasses import replace

from syndicate.model.event import WebhookEvent
from syndicate.model.ledger import PostEvent
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId, pause
from syndicate.storage.enqueue import (
    EventBatch,
    StoredEvent,
    enqueue,
    subscriber_groups,
)
from syndicate.storage.pg_notifications import listen
from syndicate.storage.subscription_rows import subscriber_group
from tests import samples
from tests.storage.outbox_fixture import (
    NOW,
    OutboxFixture,
    run_with_outbox,
    stored_event,
    subscriber,
)

CAROUSEL = Selection(carousel=True)


async def tell(mailroom: OutboxFixture, hearing: dict[str, list[int]]) -> int:
    """Post the numbered letters to each audience."""
    numbers = sorted({number for wanted in hearing.values() for number in wanted})
    letters = {number: stored_event(number) for number in numbers}
    async with mailroom.database.write() as connection:
        heard = {which: [letters[one].id for one in some] for which, some in hearing.items()}
        mail = EventBatch(events=tuple(letters.values()), events_by_group=heard)
        return await enqueue(connection, mail, NOW)


async def heard(mailroom: OutboxFixture, name: str) -> list[tuple[int, str]]:
    """Return numbers and events of what is on its way to a subscription, the oldest first."""
    found = await mailroom.delivery_log.list(SubscriptionId(f"sub_{name}"))
    return [(one.seq, one.event) for one in reversed(found)]


def test_equal_wishes_are_one_audience(address: str) -> None:
    """Whoever is disabled or not verified yet is in none; the paused are."""

    async def work(mailroom: OutboxFixture) -> None:
        a, b = subscriber("a"), pause(subscriber("b"))
        narrow = replace(subscriber("c"), selection=CAROUSEL, minor=False, types=("post.removed",))
        others: tuple[Subscription, ...] = (
            replace(subscriber("d"), payload="thin"),
            replace(subscriber("e"), state="disabled", minor=False),
            replace(subscriber("f"), kind="websub", topic="https://feeds.example.gov/"),
        )
        for one in (a, b, narrow, *others):
            await mailroom.subscriptions.add(one, NOW)
        async with mailroom.database.read() as connection:
            found = {one.id: one for one in await subscriber_groups(connection)}
        assert found.keys() == {subscriber_group(one) for one in (a, narrow, others[0])}
        few = found[subscriber_group(narrow)]
        assert few.selection == CAROUSEL
        assert few.accepts(PostEvent(kind="post.removed", reason="left"))
        assert not few.accepts(PostEvent(kind="post.published", reason="new"))
        all_but_minor = replace(few, types=("post.updated",))
        assert not all_but_minor.accepts(PostEvent(kind="post.updated", changed=("markup",)))
        assert all_but_minor.accepts(PostEvent(kind="post.updated", changed=("title",)))

    run_with_outbox(address, work)


def test_each_subscription_counts_for_itself(address: str) -> None:
    """Numbers rise by one, in the order of the events, whatever others hear."""

    async def work(mailroom: OutboxFixture) -> None:
        await mailroom.subscribe("a", "b")
        narrow = replace(subscriber("c"), selection=CAROUSEL)
        await mailroom.subscriptions.add(narrow, NOW)
        everybody, few = subscriber_group(subscriber("a")), subscriber_group(narrow)
        assert await tell(mailroom, {everybody: [1, 2], few: [2]}) == 5
        assert await tell(mailroom, {everybody: [3], few: []}) == 2
        assert await tell(mailroom, {few: [4]}) == 1
        for name in ("a", "b"):
            assert await heard(mailroom, name) == [(1, "evt_1"), (2, "evt_2"), (3, "evt_3")]
        assert await heard(mailroom, "c") == [(1, "evt_2"), (2, "evt_4")]

    run_with_outbox(address, work)


def test_nobody_hears_what_is_told_to_an_audience_that_left(address: str) -> None:
    """The events are kept once, however often they are posted."""

    async def work(mailroom: OutboxFixture) -> None:
        assert await tell(mailroom, {"nobody": [1]}) == 0
        assert await tell(mailroom, {"nobody": [1]}) == 0
        assert await mailroom.claim("one") == ()

    run_with_outbox(address, work)


def test_a_letter_holds_the_event_in_both_forms(address: str) -> None:
    """A subscriber gets the form it asked for."""

    async def work(mailroom: OutboxFixture) -> None:
        event = WebhookEvent(
            post_event=PostEvent(kind="post.published", reason="new"),
            generation=7,
            post_id=samples.post().id,
            url="https://www.example.gov/a",
            title="A",
            source="news",
            commit=samples.COMMIT,
            noticed_at=NOW,
            item_json=b'{"id":"tag:x"}',
        )
        kept = StoredEvent.from_event(event, "c7")
        assert (kept.id, kept.type, kept.noticed_at) == (event.id, "post.published", NOW)
        await mailroom.subscriptions.add(subscriber("whole"), NOW)
        await mailroom.subscriptions.add(replace(subscriber("thin"), payload="thin"), NOW)
        async with mailroom.database.write() as connection:
            ids = [one.id for one in await subscriber_groups(connection)]
            mail = EventBatch(events=(kept,), events_by_group={which: [kept.id] for which in ids})
            await enqueue(connection, mail, NOW)
        thin, whole = [one.delivery.body for one in await mailroom.claim("one")]
        assert b'"post":{"id":"tag:x"}' in whole
        assert b'"title":"A"' in thin

    run_with_outbox(address, work)


def test_postgresql_rings_when_something_was_posted(address: str) -> None:
    """At the beginning, when something is posted, and after a lost connection; a file never."""

    async def work(mailroom: OutboxFixture) -> None:
        rung = asyncio.Event()

        async def next_ring() -> None:
            await asyncio.wait_for(rung.wait(), 20)
            rung.clear()

        listening = asyncio.create_task(listen(mailroom.database, rung.set, retry_seconds=0.01))
        if mailroom.database.is_sqlite:
            await listening
            assert not rung.is_set()
            return
        await next_ring()
        await mailroom.subscribe("a", events=(1,))
        await next_ring()
        async with mailroom.database.read() as connection:
            await connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query = 'LISTEN syndicate_outbox'"
            )
        await next_ring()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    run_with_outbox(address, work)
