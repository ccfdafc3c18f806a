"""Webhooks: a signed POST for each event, after Standard Webhooks 1.0."""

from datetime import datetime

from syndicate.channels.transport import Transport, record
from syndicate.model.delivery import Attempt, Delivery, withheld
from syndicate.model.signature import live, sign
from syndicate.model.subscription import Subscription


async def send(
    transport: Transport,
    subscription: Subscription,
    delivery: Delivery,
    now: datetime,
) -> Attempt:
    """Deliver once, with a timestamp and signatures of ``now`` by every secret that is live.

    Nothing is sent where there is a secret that cannot be opened.
    """
    if subscription.sealed:
        return withheld(delivery, now=now, why=subscription.trouble)
    headers = {
        "content-type": delivery.media_type,
        "webhook-id": delivery.event,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": sign(
            live(subscription.secrets, now), message_id=delivery.event, at=now, body=delivery.body
        ),
        "syndicate-subscription": subscription.id,
    }
    answer = await transport.send("POST", subscription.url, headers, delivery.body)
    return record(answer, delivery, now)
