"""JSON objects of subscriptions, deliveries and attempts, as API and command line show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from syndicate.model.delivery import Attempt, Delivery
from syndicate.model.event import rfc3339
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStatus:
    """A subscription with the number of its unfinished deliveries and its last attempt."""

    subscription: Subscription
    pending: int = 0
    last_attempt: Attempt | None = None

    @property
    def to_json(self) -> JsonObject:
        """The JSON object that its owner gets."""
        one, last = self.subscription, self.last_attempt
        return {
            "id": one.id,
            "url": one.url,
            "selection": selection_json(one.selection),
            "types": one.types,
            "minor": one.minor,
            "payload": one.payload,
            "backfill": one.backfill,
            "state": one.state,
            "state_reason": one.status_reason,
            "pending": self.pending,
            "last_attempt": None if last is None else attempt_json(last),
        }


def status_json_with_secret(status: SubscriptionStatus, subscription: Subscription) -> JsonObject:
    """Return the JSON object with the newest secret, which is shown once."""
    return {**status.to_json, "secret": subscription.secrets[0].text}


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
    return {**delivery_json(delivery), "attempts": [attempt_json(one) for one in attempts]}


def attempt_json(attempt: Attempt) -> JsonObject:
    """Return an attempt of the delivery log."""
    return {
        "number": attempt.number,
        "trigger": attempt.trigger,
        "started": rfc3339(attempt.started),
        "took_ms": attempt.took_ms,
        "address": attempt.ip_address,
        "status": attempt.status,
        "answer": attempt.response,
        "error": attempt.error,
    }
