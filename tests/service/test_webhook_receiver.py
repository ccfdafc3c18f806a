"""The webhook receiver verifies signatures and gives a reason for each rejection."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from syndicate.errors import StorageError, UnknownName
from syndicate.model.webhook_signature import Secret, sign
from syndicate.service.webhook_receiver import MAX_BODY_BYTES, WebhookReceiver

NOW: Final = datetime(2024, 6, 1, 12, tzinfo=UTC)
SECRET: Final = Secret(key=b"s" * 32)
OTHER: Final = Secret(key=b"o" * 32)
EVENT: Final = {"type": "post.removed", "data": {"seq": 1}}


class ReceiverApp:
    """Where something listens for the subscription ``sub_1``."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.rejected: list[str] = []
        listener = WebhookReceiver(
            find_secrets=self.find_secrets,
            on_event=self.events.append,
            on_rejected=self.rejected.append,
            clock=lambda: NOW,
        )
        self.app = listener.create_app()

    async def find_secrets(self, which: str) -> tuple[Secret, ...]:
        """Return the secrets of the only subscription there is."""
        if which == "sub_lost":
            raise StorageError("the database is away")
        if which != "sub_1":
            raise UnknownName(f"there is no subscription {which}")
        return (SECRET,)

    async def post(self, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Return the answer to a webhook."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.post("/any/path", content=body, headers=dict(headers))


@pytest.fixture
def receiver() -> ReceiverApp:
    """Return a receiver without events."""
    return ReceiverApp()


def signed(
    body: bytes, *, secret: Secret = SECRET, at: datetime = NOW, to: str = "sub_1"
) -> dict[str, str]:
    """Return the header fields of a webhook."""
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": sign([secret], message_id="evt_1", at=at, body=body),
        "syndicate-subscription": to,
    }


async def test_signed_webhook_is_accepted(receiver: ReceiverApp) -> None:
    """And answered as a good receiver does."""
    body = json.dumps(EVENT).encode()

    answer = await receiver.post(body, signed(body))

    assert (answer.status_code, answer.content) == (204, b"")
    assert receiver.events == [EVENT]
    assert receiver.rejected == []


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        (signed(b"{}", secret=OTHER), "no signature in webhook-signature matches a known secret"),
        (signed(b"{} "), "no signature in webhook-signature matches a known secret"),
        (signed(b"{}", at=NOW - timedelta(hours=1)), "differs too much from the current time"),
        ({"syndicate-subscription": "sub_1"}, "header webhook-id is missing"),
        (signed(b"{}", to="sub_2"), "there is no subscription sub_2"),
        ({}, "there is no subscription"),
    ],
)
async def test_invalid_signature_is_rejected(
    receiver: ReceiverApp, headers: dict[str, str], why: str
) -> None:
    """401 with the reason, for the sender and for who listens."""
    answer = await receiver.post(b"{}", headers)

    assert answer.status_code == 401
    assert why in answer.text
    assert receiver.rejected == [answer.text]
    assert receiver.events == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
async def test_body_without_a_json_object_is_rejected(receiver: ReceiverApp, body: bytes) -> None:
    """400: it is from who knows the secret, but it is no webhook."""
    assert (await receiver.post(body, signed(body))).status_code == 400
    assert "not a JSON object" in receiver.rejected[0]
    assert receiver.events == []


async def test_body_over_the_limit_is_rejected(receiver: ReceiverApp) -> None:
    """413: nobody fills the memory."""
    assert (await receiver.post(b"x" * (MAX_BODY_BYTES + 1), signed(b"x"))).status_code == 413


async def test_unavailable_secrets_are_a_temporary_error(receiver: ReceiverApp) -> None:
    """503, as from any receiver whose database is away."""
    answer = await receiver.post(b"{}", signed(b"{}", to="sub_lost"))
    assert (answer.status_code, answer.text) == (503, "the database is away")
