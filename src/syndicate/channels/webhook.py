"""Webhooks: a signed POST for each event, by Standard Webhooks 1.0."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from syndicate.channels.transport import Transport, attempt_from
from syndicate.model.delivery import Attempt, Delivery, unsent_attempt
from syndicate.model.subscription import Subscription
from syndicate.model.subscription_headers import SubscriptionHeaders
from syndicate.model.webhook_signature import active_secrets, sign

_REDACTED: Final = "(redacted)"


async def send(
    transport: Transport,
    subscription: Subscription,
    delivery: Delivery,
    now: datetime,
) -> Attempt:
    """Send a delivery, with the timestamp ``now`` and a signature by every active secret.

    Nothing is sent if the secret cannot be decrypted.
    """
    if subscription.unreadable_secret:
        return unsent_attempt(delivery, now=now, reason=subscription.status_reason)
    headers = {
        "content-type": delivery.media_type,
        "webhook-id": delivery.event,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": sign(
            active_secrets(subscription.secrets, now),
            message_id=delivery.event,
            at=now,
            body=delivery.body,
        ),
        "syndicate-subscription": subscription.id,
    }
    added = {name: value for name, value in subscription.headers if name.lower() not in headers}
    response = await transport.send("POST", subscription.url, added | headers, delivery.body)
    return _without_values(attempt_from(response, delivery, now), subscription.headers)


def _without_values(attempt: Attempt, headers: SubscriptionHeaders) -> Attempt:
    """Return ``attempt`` without the header values, which a response or an error may repeat."""
    response, error = attempt.response, attempt.error
    for _, value in headers:
        response = response.replace(value, _REDACTED)
        error = error.replace(value, _REDACTED)
    return replace(attempt, response=response, error=error)
