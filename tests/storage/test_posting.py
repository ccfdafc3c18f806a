"""Putting events into the outbox: who hears what, numbered without a gap."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from syndicate.model.event import Event
from syndicate.model.ledger import Telling
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId, pause
from syndicate.storage.bell import listen
from syndicate.storage.posting import Audience, Letter, Mail, audiences, post, posting
from syndicate.storage.subscriptions import audience
from tests import samples
from tests.storage.mailroom import NOW, Mailroom, letter, subscriber, within

CAROUSEL = Selection(carousel=True)


async def tell(mailroom: Mailroom, hearing: dict[str, list[int]]) -> int:
    """Post the numbered letters to each audience."""
    numbers = sorted({number for wanted in hearing.values() for number in wanted})
    letters = {number: letter(number) for number in numbers}
    async with mailroom.database.write() as connection:
        heard = {which: [letters[one].id for one in some] for which, some in hearing.items()}
        mail = Mail(letters=tuple(letters.values()), hearing=heard)
        return await post(connection, mail, NOW)


async def heard(mailroom: Mailroom, name: str) -> list[tuple[int, str]]:
    """Return numbers and events of what is on its way to a subscription, the oldest first."""
    found = await mailroom.journal.list(SubscriptionId(f"sub_{name}"))
    return [(one.seq, one.event) for one in reversed(found)]


def test_equal_wishes_are_one_audience(address: str) -> None:
    """Whoever is disabled or not verified yet is in none; the paused are."""

    async def work(mailroom: Mailroom) -> None:
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
            found = {one.id: one for one in await audiences(connection)}
        assert found.keys() == {audience(one) for one in (a, narrow, others[0])}
        few = found[audience(narrow)]
        assert few.selection == CAROUSEL
        assert few.wants(Telling(kind="post.removed", reason="left"))
        assert not few.wants(Telling(kind="post.published", reason="new"))
        all_but_minor = replace(few, types=("post.updated",))
        assert not all_but_minor.wants(Telling(kind="post.updated", changed=("markup",)))
        assert all_but_minor.wants(Telling(kind="post.updated", changed=("title",)))

    within(address, work)


def test_each_subscription_counts_for_itself(address: str) -> None:
    """Numbers rise by one, in the order of the events, whatever others hear."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a", "b")
        narrow = replace(subscriber("c"), selection=CAROUSEL)
        await mailroom.subscriptions.add(narrow, NOW)
        everybody, few = audience(subscriber("a")), audience(narrow)
        assert await tell(mailroom, {everybody: [1, 2], few: [2]}) == 5
        assert await tell(mailroom, {everybody: [3], few: []}) == 2
        assert await tell(mailroom, {few: [4]}) == 1
        for name in ("a", "b"):
            assert await heard(mailroom, name) == [(1, "evt_1"), (2, "evt_2"), (3, "evt_3")]
        assert await heard(mailroom, "c") == [(1, "evt_2"), (2, "evt_4")]

    within(address, work)


def test_what_is_told_is_posted_to_who_is_there_then(address: str) -> None:
    """Prepared of the audiences, the ledger and the generation of that very transaction."""

    async def work(mailroom: Mailroom) -> None:
        seen: list[tuple[int, int]] = []

        def prepare(found: Sequence[Audience], ledger: str, generation: int) -> Mail:
            seen.append((len(ledger), generation))
            one = letter(1)
            return Mail(letters=(one,), hearing={audience.id: [one.id] for audience in found})

        write = posting(prepare, lambda: NOW)
        await mailroom.subscribe("a")
        async with mailroom.database.write() as connection:
            await write(connection, 7)
        assert seen == [(8, 7)]
        assert await heard(mailroom, "a") == [(1, "evt_1")]

    within(address, work)


def test_nobody_hears_what_is_told_to_an_audience_that_left(address: str) -> None:
    """The events are kept once, however often they are posted."""

    async def work(mailroom: Mailroom) -> None:
        assert await tell(mailroom, {"nobody": [1]}) == 0
        assert await tell(mailroom, {"nobody": [1]}) == 0
        assert await mailroom.claim("one") == ()

    within(address, work)


def test_a_letter_holds_the_event_in_both_forms(address: str) -> None:
    """A subscriber gets the form it asked for."""

    async def work(mailroom: Mailroom) -> None:
        event = Event(
            telling=Telling(kind="post.published", reason="new"),
            generation=7,
            post=samples.post().id,
            url="https://www.example.gov/a",
            title="A",
            source="news",
            commit=samples.COMMIT,
            at=NOW,
            item=b'{"id":"tag:x"}',
        )
        kept = Letter.of(event, "c7")
        assert (kept.id, kept.type, kept.at) == (event.id, "post.published", NOW)
        await mailroom.subscriptions.add(subscriber("whole"), NOW)
        await mailroom.subscriptions.add(replace(subscriber("thin"), payload="thin"), NOW)
        async with mailroom.database.write() as connection:
            ids = [one.id for one in await audiences(connection)]
            mail = Mail(letters=(kept,), hearing={which: [kept.id] for which in ids})
            await post(connection, mail, NOW)
        thin, whole = [one.delivery.body for one in await mailroom.claim("one")]
        assert b'"post":{"id":"tag:x"}' in whole
        assert b'"title":"A"' in thin

    within(address, work)


def test_postgresql_rings_when_something_was_posted(address: str) -> None:
    """At the beginning, when something is posted, and after a lost connection; a file never."""

    async def work(mailroom: Mailroom) -> None:
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
        await mailroom.subscribe("a", letters=(1,))
        await next_ring()
        async with mailroom.database.read() as connection:
            await connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query = 'LISTEN syndicate_outbox'"
            )
        await next_ring()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    within(address, work)
