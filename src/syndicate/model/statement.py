"""Statements: what is said in JSON of subscriptions, deliveries and attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

from syndicate.model.delivery import Attempt, Delivery
from syndicate.model.event import rfc3339
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription

Statement = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A subscription with how many deliveries wait for it, and what was tried last."""

    subscription: Subscription
    pending: int = 0
    last_attempt: Attempt | None = None

    @property
    def statement(self) -> Statement:
        """What its owner is told."""
        one, last = self.subscription, self.last_attempt
        return {
            "id": one.id,
            "url": one.url,
            "selection": of_selection(one.selection),
            "types": one.types,
            "minor": one.minor,
            "payload": one.payload,
            "backfill": one.backfill,
            "state": one.state,
            "state_reason": one.trouble,
            "pending": self.pending,
            "last_attempt": None if last is None else of_attempt(last),
        }


def with_secret(standing: Standing, made: Subscription) -> Statement:
    """Return what its owner is told once: with the newest secret, which was just ``made``."""
    return {**standing.statement, "secret": made.secrets[0].text}


def of_selection(selection: Selection) -> Statement:
    """Return a selection as `Selection.of` is given it."""
    groups = selection.categories
    return {
        "categories": sorted(frozenset[str]().union(*groups)),
        "match": "all" if len(groups) > 1 else "any",
        "carousel": selection.carousel,
        "sources": sorted(selection.sources or ()),
        "languages": sorted(selection.languages or ()),
    }


def of_delivery(delivery: Delivery) -> Statement:
    """Return a delivery with how often it was tried."""
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


def with_attempts(delivery: Delivery, attempts: Sequence[Attempt]) -> Statement:
    """Return a delivery with every attempt."""
    return {**of_delivery(delivery), "attempts": [of_attempt(one) for one in attempts]}


def of_attempt(attempt: Attempt) -> Statement:
    """Return an attempt as the delivery log has it."""
    return {
        "number": attempt.number,
        "trigger": attempt.trigger,
        "started": rfc3339(attempt.started),
        "took_ms": attempt.took_ms,
        "address": attempt.address,
        "status": attempt.status,
        "answer": attempt.answer,
        "error": attempt.error,
    }
