"""Requests of a WebSub hub to its subscribers (W3C Recommendation, 23 January 2018)."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from syndicate.channels.transport import ResponseSummary, Transport, attempt_from
from syndicate.model.delivery import Attempt, Delivery, unsent_attempt
from syndicate.model.subscription import Subscription
from syndicate.model.webhook_signature import active_secrets

VerificationMode = Literal["subscribe", "unsubscribe"]


async def send(
    transport: Transport,
    subscription: Subscription,
    delivery: Delivery,
    now: datetime,
) -> Attempt:
    """Distribute content (section 7): the topic as it is served, signed if there is a secret.

    The ``self`` link is the canonical URL of the topic, also if the subscriber used another
    spelling. Nothing is sent if the secret cannot be decrypted.
    """
    if subscription.unreadable_secret:
        return unsent_attempt(delivery, now=now, reason=subscription.status_reason)
    headers = {
        "content-type": delivery.media_type,
        "link": f'<{transport.service_info.hub_url}>; rel="hub", <{delivery.topic}>; rel="self"',
        **_signature(subscription, delivery, now),
    }
    response = await transport.send("POST", subscription.url, headers, delivery.body)
    return attempt_from(response, delivery, now)


async def verify(
    transport: Transport,
    subscription: Subscription,
    mode: VerificationMode,
    *,
    challenge: str,
    lease_seconds: int,
) -> str:
    """Verify the intent of a subscriber (section 5.3); return an error, or an empty string.

    ``challenge`` is random and used once. ``lease_seconds`` is sent with subscribe requests only.
    """
    parameters = {"hub.mode": mode, "hub.topic": subscription.topic, "hub.challenge": challenge}
    if mode == "subscribe":
        parameters["hub.lease_seconds"] = str(lease_seconds)
    response = await _get(transport, subscription, parameters)
    if response.cause == "" and response.body != challenge.encode():
        return "the response does not repeat the challenge"
    return response.error


async def deny(transport: Transport, subscription: Subscription, *, reason: str) -> str:
    """Notify a subscriber that its subscription ended (section 5.2); return an error, or ""."""
    parameters = {"hub.mode": "denied", "hub.topic": subscription.topic, "hub.reason": reason}
    return (await _get(transport, subscription, parameters)).error


def callback_url(callback: str, parameters: Mapping[str, str]) -> str:
    """Return ``callback`` with ``parameters`` appended to its query, which is unchanged (5.1.1)."""
    if callback.endswith(("?", "&")):
        return callback + urlencode(parameters)
    return f"{callback}{'&' if '?' in callback else '?'}{urlencode(parameters)}"


async def _get(
    transport: Transport,
    subscription: Subscription,
    parameters: Mapping[str, str],
) -> ResponseSummary:
    url = callback_url(subscription.url, parameters)
    return await transport.send("GET", url, {})


def _signature(subscription: Subscription, delivery: Delivery, now: datetime) -> dict[str, str]:
    """Sign the body with the secret of the subscriber (section 7.1)."""
    secrets = active_secrets(subscription.secrets, now)
    if not secrets:
        return {}
    digest = hmac.digest(secrets[0].key, delivery.body, "sha256").hex()
    return {"x-hub-signature": f"sha256={digest}"}
