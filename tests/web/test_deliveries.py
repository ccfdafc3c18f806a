"""The delivery log in the API."""

import pytest

from syndicate.model.delivery import LEASE_MARGIN
from syndicate.storage.database import Database
from syndicate.storage.outbox import Outbox
from tests import samples
from tests.storage.outbox_fixture import finished_attempt
from tests.web.api_client import ApiClient, open_api_client
from tests.web.app_client import POSTS

PUBLIC = "https://feeds.example.gov"


async def received(counter: ApiClient, status: int) -> None:
    """Let a receiver respond to all due deliveries."""
    database = await Database.open(counter.database_url)
    try:
        outbox = Outbox(database, counter.service.subscriptions.secret_store)
        claims = await outbox.claim(9, token="test", now=samples.NOW, lease=LEASE_MARGIN)
        await outbox.complete(
            [finished_attempt(one.delivery, status, samples.NOW) for one in claims]
        )
    finally:
        await database.close()


async def test_deliveries_are_listed_newest_first(address: str) -> None:
    """In pages."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        made = await partner.subscribe(backfill=True)
        path = f"/v1/subscriptions/{made['id']}/deliveries"
        first = (await partner.request("GET", f"{path}?limit=3")).json()
        second = (await partner.request("GET", first["next_url"].removeprefix(PUBLIC))).json()
        listed = [one["seq"] for one in first["items"] + second["items"]]
        assert listed == list(range(len(POSTS), 0, -1))
        assert second["next_url"] is None
        assert (await partner.request("GET", f"{path}?after=x")).json()[
            "code"
        ] == "malformed-cursor"


async def test_delivery_has_all_attempts(address: str) -> None:
    """With time, status and the first bytes of each response."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        made = await partner.subscribe(backfill=True)
        await received(counter, 500)
        path = f"/v1/deliveries/{made['id']}.1"
        shown = (await partner.request("GET", path)).json()
        assert shown["attempts"] == [
            {
                "number": 1,
                "trigger": "schedule",
                "started": "2024-06-01T12:00:00.000Z",
                "took_ms": 7,
                "address": "",
                "status": 500,
                "response": "some text",
                "error": "the response status was 500",
            }
        ]
        assert (shown["state"], shown["seq"], shown["last_status"]) == ("pending", 1, 500)
        subscription = await partner.request("GET", f"/v1/subscriptions/{made['id']}")
        assert subscription.json()["last_attempt"] == shown["attempts"][0]


@pytest.mark.slow
async def test_delivery_is_replayed(address: str) -> None:
    """With the same id."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        made = await partner.subscribe(backfill=True)
        await received(counter, 204)
        path = f"/v1/deliveries/{made['id']}.1"
        before = (await partner.request("GET", path)).json()
        again = await partner.request("POST", f"{path}/replay")
        assert again.status_code == 202
        assert {**before, **again.json(), "state": "delivered", "trigger": "schedule"} == {
            **before,
            "attempts": 1,
            "due": again.json()["due"],
        }
        assert (again.json()["state"], again.json()["trigger"]) == ("pending", "manual")
