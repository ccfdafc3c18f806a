"""The hold of all deliveries: nothing is claimed meanwhile, and nothing lost or reordered."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from syndicate.errors import Conflict
from syndicate.model.audit import Actor, AuditAction, AuditEntry
from syndicate.storage.audit_log import AuditLog
from syndicate.storage.delivery_hold import DeliveryHold
from tests.storage.hub_fixture import HubFixture, subscription_request
from tests.storage.outbox_fixture import LEASE, NOW, OutboxFixture, finished_attempt

pytestmark = pytest.mark.anyio

OPERATOR: Final = Actor(name="command:operator")


def entry(action: AuditAction) -> AuditEntry:
    """Return the audit entry of an operator."""
    return AuditEntry(at=NOW, actor=OPERATOR, action=action, object_id="")


async def test_nothing_is_claimed_while_deliveries_are_held(outbox_fixture: OutboxFixture) -> None:
    """What is in flight can be completed; the rest waits, and is due at once afterwards."""
    hold = DeliveryHold(outbox_fixture.database)
    await outbox_fixture.subscribe("a", events=(1, 2))
    (first,) = await outbox_fixture.claim("one")

    assert await hold.begin(entry("deliveries.held"))
    assert await hold.since() == NOW
    assert (await outbox_fixture.outbox.backlog()).held_since == NOW
    await outbox_fixture.outbox.complete([finished_attempt(first.delivery)])
    await outbox_fixture.subscribe("b", events=(1,))
    assert await outbox_fixture.claim("two") == ()
    assert await outbox_fixture.outbox.next_due(NOW) is None

    assert await hold.end(entry("deliveries.released"))
    assert await hold.since() is None
    claims = await outbox_fixture.claim("three")
    assert [claim.delivery.id for claim in claims] == ["sub_a.2", "sub_b.1"]


async def test_time_of_a_hold_does_not_count(hub: HubFixture) -> None:
    """Neither for the lease of a WebSub subscription nor as time of failure."""
    hold = DeliveryHold(hub.outbox_fixture.database)
    await hub.verify(subscription_request("reader", lease=timedelta(hours=1)))
    await hub.outbox_fixture.subscribe("a", "b")
    await hub.outbox_fixture.change("sub_a", lambda found: replace(found, failing_since=NOW))
    await hold.begin(entry("deliveries.held"))
    later = NOW + timedelta(days=5)
    assert await hub.topics.prune(later) == 0
    await hold.end(replace(entry("deliveries.released"), at=later))
    (reader,) = await hub.subscriptions()
    assert reader.lease_until == later + timedelta(hours=1)
    a, b = await hub.outbox_fixture.subscriptions.list()
    assert (a.failing_since, b.failing_since) == (later, None)


async def test_second_hold_keeps_the_first(outbox_fixture: OutboxFixture) -> None:
    """Only what changes something is in the audit log."""
    hold = DeliveryHold(outbox_fixture.database)
    assert not await hold.end(entry("deliveries.released"))
    assert await hold.begin(entry("deliveries.held"))
    assert not await hold.begin(entry("deliveries.held"))
    assert await hold.end(entry("deliveries.released"))
    assert not await hold.end(entry("deliveries.released"))
    entries = await AuditLog(outbox_fixture.database).latest()
    actions = [(each.action, each.actor) for each in entries if each.actor == OPERATOR]
    assert actions == [("deliveries.released", OPERATOR), ("deliveries.held", OPERATOR)]


async def test_tests_are_refused_while_deliveries_are_held(outbox_fixture: OutboxFixture) -> None:
    """They are sent at once, outside the queue."""
    hold = DeliveryHold(outbox_fixture.database)
    await hold.require_none()
    await hold.begin(entry("deliveries.held"))
    with pytest.raises(Conflict) as caught:
        await hold.require_none()
    assert caught.value.code == "deliveries-held"


async def test_callbacks_are_not_verified_while_deliveries_are_held(hub: HubFixture) -> None:
    """A verification is a request to a stranger, too."""
    hold = DeliveryHold(hub.outbox_fixture.database)
    assert not await hub.requests.add(subscription_request("a"), NOW)
    await hold.begin(entry("deliveries.held"))
    assert await hub.requests.claim(10, token="one", now=NOW, lease=LEASE) == ()
    assert await hub.requests.next_due(NOW) is None
    await hold.end(entry("deliveries.released"))
    assert len(await hub.requests.claim(10, token="two", now=NOW, lease=LEASE)) == 1
