"""JSON objects of subscriptions, deliveries and attempts for the API and the command line."""

from collections.abc import Sequence

from syndicate.model.delivery import Attempt, Delivery, SubscriptionStatus
from syndicate.model.event import rfc3339
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription

JsonObject = dict[str, object]


def subscription_json(status: SubscriptionStatus) -> JsonObject:
    """Return a subscription as its owner gets it."""
    subscription, attempt = status.subscription, status.last_attempt
    return {
        "id": subscription.id,
        "url": subscription.url,
        "selection": selection_json(subscription.selection),
        "types": subscription.types,
        "minor": subscription.minor,
        "payload": subscription.payload,
        "headers": [name for name, _ in subscription.headers],
        "backfill": subscription.backfill,
        "state": subscription.state,
        "state_reason": subscription.status_reason,
        "pending": status.pending,
        "last_attempt": None if attempt is None else attempt_json(attempt),
    }


def subscription_json_with_secret(
    status: SubscriptionStatus, subscription: Subscription
) -> JsonObject:
    """Return the same with the newest secret, which is shown once."""
    return {**subscription_json(status), "secret": subscription.secrets[0].text}


def selection_json(selection: Selection) -> JsonObject:
    """Return a selection as the arguments of `Selection.create`."""
    groups = selection.categories
    return {
        "categories": sorted(frozenset[str]().union(*groups)),
        "match": "all" if len(groups) > 1 else "any",
        "carousel": selection.carousel,
        "sources": sorted(selection.sources or ()),
        "languages": sorted(selection.languages or ()),
    }


def delivery_json(delivery: Delivery) -> JsonObject:
    """Return a delivery with the number of its attempts."""
    return {
        "id": delivery.id,
        "subscription": delivery.subscription,
        "event": delivery.event,
        "seq": delivery.seq,
        "state": delivery.state,
        "trigger": delivery.trigger,
        "attempts": delivery.attempts,
        "due": rfc3339(delivery.due),
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
    }


def delivery_json_with_attempts(delivery: Delivery, attempts: Sequence[Attempt]) -> JsonObject:
    """Return a delivery with all its attempts."""
    return {**delivery_json(delivery), "attempts": [attempt_json(attempt) for attempt in attempts]}


def attempt_json(attempt: Attempt) -> JsonObject:
    """Return an attempt of the delivery log."""
    return {
        "number": attempt.number,
        "trigger": attempt.trigger,
        "started": rfc3339(attempt.started),
        "took_ms": attempt.took_ms,
        "address": attempt.ip_address,
        "status": attempt.status,
        "response": attempt.response,
        "error": attempt.error,
    }
