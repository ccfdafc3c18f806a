"""The delivery log over the web."""

from syndicate.model.delivery import SLACK
from syndicate.storage.database import Database
from syndicate.storage.outbox import Outbox
from tests import samples
from tests.storage.mailroom import done
from tests.web.counter import Counter, at_counter
from tests.web.site import POSTS

PUBLIC = "https://feeds.example.gov"


async def answered(counter: Counter, status: int) -> None:
    """Let a receiver answer what is due."""
    database = await Database.open(counter.address)
    try:
        outbox = Outbox(database, counter.office.subscriptions.safe)
        claims = await outbox.claim(9, by="test", now=samples.NOW, lease=SLACK)
        await outbox.complete([done(one.delivery, status, samples.NOW) for one in claims])
    finally:
        await database.close()


def test_deliveries_are_listed_newest_first(address: str) -> None:
    """Page by page."""

    async def visit(counter: Counter) -> None:
        partner = await counter.of()
        made = await partner.made(backfill=True)
        path = f"/v1/subscriptions/{made['id']}/deliveries"
        first = (await partner.ask("GET", f"{path}?limit=3")).json()
        second = (await partner.ask("GET", first["next_url"].removeprefix(PUBLIC))).json()
        listed = [one["seq"] for one in first["items"] + second["items"]]
        assert listed == list(range(len(POSTS), 0, -1))
        assert second["next_url"] is None
        assert (await partner.ask("GET", f"{path}?after=x")).json()["code"] == "malformed-cursor"

    at_counter(address, visit)


def test_a_delivery_has_its_log(address: str) -> None:
    """Every attempt: when, the status, the first bytes of the answer."""

    async def visit(counter: Counter) -> None:
        partner = await counter.of()
        made = await partner.made(backfill=True)
        await answered(counter, 500)
        path = f"/v1/deliveries/{made['id']}.1"
        shown = (await partner.ask("GET", path)).json()
        assert shown["attempts"] == [
            {
                "number": 1,
                "trigger": "schedule",
                "started": "2024-06-01T12:00:00.000Z",
                "took_ms": 7,
                "address": "",
                "status": 500,
                "answer": "so it is",
                "error": "the answer was 500",
            }
        ]
        assert (shown["state"], shown["seq"], shown["last_status"]) == ("pending", 1, 500)
        subscription = await partner.ask("GET", f"/v1/subscriptions/{made['id']}")
        assert subscription.json()["last_attempt"] == shown["attempts"][0]

    at_counter(address, visit)


def test_a_delivery_is_sent_again(address: str) -> None:
    """With the same id."""

    async def visit(counter: Counter) -> None:
        partner = await counter.of()
        made = await partner.made(backfill=True)
        await answered(counter, 204)
        path = f"/v1/deliveries/{made['id']}.1"
        before = (await partner.ask("GET", path)).json()
        again = await partner.ask("POST", f"{path}/replay")
        assert again.status_code == 202
        assert {**before, **again.json(), "state": "delivered", "trigger": "schedule"} == {
            **before,
            "attempts": 1,
            "due": again.json()["due"],
        }
        assert (again.json()["state"], again.json()["trigger"]) == ("pending", "manual")

    at_counter(address, visit)
