"""Webhooks: a signed POST for each event, by Standard Webhooks 1.0."""

from datetime import datetime

from syndicate.channels.transport import Transport, attempt_from
from syndicate.model.delivery import Attempt, Delivery, unsent_attempt
from syndicate.model.subscription import Subscription
from syndicate.model.webhook_signature import active_secrets, sign


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
    return attempt_from(response, delivery, now)
