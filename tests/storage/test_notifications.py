"""Stored notifications: each state of an object is reported once."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from syndicate.storage.database import Database
from syndicate.storage.notifications import Notification, Notifications
from tests.storage.outbox_fixture import NOW

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


@pytest.fixture
async def notifications(address: str) -> AsyncIterator[Notifications]:
    """Return the notifications of a database that has none."""
    opened = await Database.open(address)
    yield Notifications(opened)
    await opened.close()


async def test_state_keeps_the_time_of_its_beginning(notifications: Notifications) -> None:
    """Seeing it again changes nothing; another state begins now, unsent."""
    first = await notifications.observe("subscription", "sub_a", "failing", NOW)
    assert first == Notification(
        kind="subscription", object_id="sub_a", state="failing", since=NOW, sent=None
    )
    assert await notifications.observe("subscription", "sub_a", "failing", NOW + HOUR) == first
    assert await notifications.claim(first, NOW + HOUR)
    (sent,) = await notifications.of_kind("subscription")
    assert sent.sent == NOW + HOUR
    other = await notifications.observe("subscription", "sub_a", "whole", NOW + 2 * HOUR)
    assert (other.since, other.sent) == (NOW + 2 * HOUR, None)


async def test_notification_is_claimed_once(notifications: Notifications) -> None:
    """By one of several processes, and not if the state has changed meanwhile."""
    failing = await notifications.observe("subscription", "sub_a", "failing", NOW)
    assert await notifications.claim(failing, NOW)
    assert not await notifications.claim(failing, NOW)
    await notifications.observe("subscription", "sub_a", "whole", NOW)
    assert not await notifications.claim(failing, NOW)


async def test_notifications_of_a_kind_are_listed_and_forgotten(
    notifications: Notifications,
) -> None:
    """Other kinds stay."""
    for kind, object_id in (("post", "news/b.md"), ("post", "news/a.md"), ("subscription", "sub")):
        await notifications.observe(kind, object_id, "failing", NOW)
    await notifications.forget("post", "news/b.md")
    assert [found.object_id for found in await notifications.of_kind("post")] == ["news/a.md"]
    assert len(await notifications.of_kind("subscription")) == 1
