"""WebSub (W3C Recommendation, 23 January 2018): a hub's requests to its subscribers."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from syndicate.channels.transport import Answer, Transport, record
from syndicate.model.delivery import Attempt, Delivery, withheld
from syndicate.model.signature import live
from syndicate.model.subscription import Subscription

Mode = Literal["subscribe", "unsubscribe"]


async def send(
    transport: Transport,
    subscription: Subscription,
    delivery: Delivery,
    now: datetime,
) -> Attempt:
    """Distribute content (section 7): the topic as it is served, signed if there is a secret.

    Self is its own address, whatever spelling of it the subscriber asked for. Nothing is sent
    where there is a secret that cannot be opened.
    """
    if subscription.sealed:
        return withheld(delivery, now=now, why=subscription.trouble)
    headers = {
        "content-type": delivery.media_type,
        "link": f'<{transport.masthead.hub}>; rel="hub", <{delivery.topic}>; rel="self"',
        **_signature(subscription, delivery, now),
    }
    answer = await transport.send("POST", subscription.url, headers, delivery.body)
    return record(answer, delivery, now)


async def verify(
    transport: Transport,
    subscription: Subscription,
    mode: Mode,
    *,
    challenge: str,
    lease_seconds: int,
) -> str:
    """Ask a subscriber whether it meant it (section 5.3); return why not, empty if it did.

    ``challenge`` is random and used once. ``lease_seconds`` is told to who subscribes only.
    """
    asked = {"hub.mode": mode, "hub.topic": subscription.topic, "hub.challenge": challenge}
    if mode == "subscribe":
        asked["hub.lease_seconds"] = str(lease_seconds)
    answer = await _ask(transport, subscription, asked)
    if answer.cause == "" and answer.body != challenge.encode():
        return "the answer does not repeat the challenge"
    return answer.error


async def deny(transport: Transport, subscription: Subscription, *, reason: str) -> str:
    """Tell a subscriber that it hears nothing more (section 5.2); return what went wrong."""
    told = {"hub.mode": "denied", "hub.topic": subscription.topic, "hub.reason": reason}
    return (await _ask(transport, subscription, told)).error


def address(callback: str, parameters: Mapping[str, str]) -> str:
    """Return ``callback`` with ``parameters`` behind its own query, kept as it is (5.1.1)."""
    if callback.endswith(("?", "&")):
        return callback + urlencode(parameters)
    return f"{callback}{'&' if '?' in callback else '?'}{urlencode(parameters)}"


async def _ask(
    transport: Transport,
    subscription: Subscription,
    parameters: Mapping[str, str],
) -> Answer:
    url = address(subscription.url, parameters)
    return await transport.send("GET", url, {})


def _signature(subscription: Subscription, delivery: Delivery, now: datetime) -> dict[str, str]:
    """Sign the body with the subscriber's own secret (section 7.1)."""
    secrets = live(subscription.secrets, now)
    if not secrets:
        return {}
    digest = hmac.digest(secrets[0].key, delivery.body, "sha256").hex()
    return {"x-hub-signature": f"sha256={digest}"}
