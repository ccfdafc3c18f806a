"""Stored notifications: each state of an object is reported once."""

from collections.abc import AsyncIterator

import pytest

from syndicate.storage.database import Database
from syndicate.storage.notifications import Announcement, Notifications
from tests.storage.outbox_fixture import NOW

pytestmark = pytest.mark.anyio

NEWS = Announcement("news", "aa")


@pytest.fixture
async def notifications(address: str) -> AsyncIterator[Notifications]:
    """Return the notifications of a database that has none."""
    opened = await Database.open(address)
    yield Notifications(opened)
    await opened.close()


async def test_state_is_replaced_by_one_process(notifications: Notifications) -> None:
    """By the first that knows the state before; an empty one is not stored."""
    assert await notifications.replace("source", NEWS, "", "broken", NOW)
    assert not await notifications.replace("source", NEWS, "", "broken", NOW)
    assert not await notifications.replace("source", NEWS, "other", "broken", NOW)
    assert await notifications.replace("source", NEWS, "broken", "other", NOW)
    assert await notifications.announced("source") == {NEWS: "other"}
    assert not await notifications.replace("source", NEWS, "broken", "", NOW)
    assert await notifications.replace("source", NEWS, "other", "", NOW)
    assert await notifications.announced("source") == {}


async def test_states_are_those_of_a_kind_and_a_recipient(notifications: Notifications) -> None:
    """Others stay."""
    other = Announcement("news", "bb")
    for announcement in (NEWS, other):
        await notifications.replace("source", announcement, "", "broken", NOW)
    await notifications.replace("endpoint", NEWS, "", "failing", NOW)
    await notifications.replace("source", NEWS, "broken", "", NOW)
    assert await notifications.announced("source") == {other: "broken"}
    assert await notifications.announced("endpoint") == {NEWS: "failing"}
