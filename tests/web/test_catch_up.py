"""What a subscription is sent beside new changes: backfill, another selection, recovery."""

import json
from typing import Any

from tests.web.api_client import HOOK, open_api_client
from tests.web.app_client import POSTS

PATH = "/v1/subscriptions"


def types(found: Any) -> list[tuple[str, str | None]]:  # noqa: ANN401 — whatever was sent
    """Return type and reason of deliveries, in order."""
    bodies = [json.loads(one.body) for one in reversed(found)]
    return [(body["type"], body["data"]["reason"]) for body in bodies]


async def test_backfill_sends_all_live_posts(address: str) -> None:
    """What waits is said; the deliveries are those of the selection."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        made = await partner.subscribe(backfill=True, selection={"sources": ["updates"]})
        assert (made["backfill"], made["pending"]) == (True, 1)
        (delivery,) = await counter.service.delivery_log.list(made["id"])
        body = json.loads(delivery.body)
        assert types([delivery]) == [("post.published", "new")]
        assert body["data"]["post"]["id"] == POSTS[-1].id


async def test_new_selection_sends_the_difference(address: str) -> None:
    """What leaves first; other changes tell nothing."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        made = await partner.subscribe(selection={"categories": ["technology"]})
        path = f"{PATH}/{made['id']}"
        changed = await partner.request("PATCH", path, {"selection": {"sources": ["updates"]}})
        assert changed.json()["selection"]["sources"] == ["updates"]
        assert changed.json()["selection"]["categories"] == []
        found = types(await counter.service.delivery_log.list(made["id"]))
        assert found == [
            *[("post.removed", "selection_changed")] * (len(found) - 1),
            ("post.published", "entered"),
        ]
        assert len(found) > 1
        rest = {"types": ["post.removed"], "minor": False, "payload": "thin", "url": f"{HOOK}2"}
        await partner.request("PATCH", path, rest)
        assert len(await counter.service.delivery_log.list(made["id"])) == len(found)
        shown = (await partner.request("GET", path)).json()
        assert {name: shown[name] for name in rest} == rest


async def test_subscription_is_paused_and_resumed(address: str) -> None:
    """Other states cannot be set."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        path = f"{PATH}/{(await partner.subscribe())['id']}"
        for state in ("paused", "active"):
            changed = await partner.request("PATCH", path, {"state": state})
            assert changed.json()["state"] == state
        for wrong in ({"state": "disabled"}, {"backfill": True}, {"id": "sub_x"}):
            rejected = await partner.request("PATCH", path, wrong)
            (error,) = rejected.json()["errors"]
            field = next(iter(wrong))
            assert (rejected.status_code, error["pointer"]) == (422, f"#/{field}")
            assert rejected.json()["detail"] == f"{field}: {error['detail']}"
        (error,) = (rejected := await partner.request("PATCH", path, [])).json()["errors"]
        assert (error["pointer"], error["detail"]) == ("#", rejected.json()["detail"])


async def test_missed_events_are_recovered(address: str) -> None:
    """Everything live, or what changed since a time."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        made = await partner.subscribe()
        path = f"{PATH}/{made['id']}/recover"
        complete = await partner.request("POST", path)
        assert (complete.status_code, complete.json()) == (202, {"deliveries": len(POSTS)})
        late = await partner.request("POST", f"{path}?since=2030-01-01T00:00:00%2B02:00")
        assert late.json() == {"deliveries": 0}
        since = await partner.request("POST", f"{path}?since=2024-01-01T00:00:00+02:00")
        assert since.json()["deliveries"] > len(POSTS)
        for wrong in ("yesterday", "2024-01-01", "17"):
            assert (await partner.request("POST", f"{path}?since={wrong}")).status_code == 400


async def test_unknown_input_of_a_recovery_is_rejected(address: str) -> None:
    """It would otherwise send every post again; an empty object is no input."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        path = f"{PATH}/{(await partner.subscribe())['id']}/recover"
        for query in ("?from=2024-01-01T00:00:00Z", "?after=1", "?since=&since="):
            assert (await partner.request("POST", path + query)).status_code == 400
        rejected = await partner.request("POST", path, {"since": "2024-01-01T00:00:00Z"})
        assert rejected.status_code == 400
        assert "recover?since=" in rejected.json()["detail"] + rejected.json().get("hint", "")
        assert (await partner.request("POST", path, {})).status_code == 202
