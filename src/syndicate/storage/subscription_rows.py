"""Subscriptions as rows, and back."""

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from syndicate import telemetry
from syndicate.errors import StorageError, UsageError
from syndicate.model.selection import Selection
from syndicate.model.subscription import (
    EventType,
    Payload,
    Subscription,
    SubscriptionId,
    SubscriptionKind,
    SubscriptionState,
    parse_event_types,
)
from syndicate.model.subscription_headers import SubscriptionHeaders
from syndicate.model.webhook_signature import Secret
from syndicate.storage.ledger import RowValues
from syndicate.storage.row_mapping import (
    NamedRow,
    check_choice,
    check_number,
    optional_from_millis,
    optional_millis,
)
from syndicate.storage.secret_store import SecretStore

_MAX_SHOWN: Final = 300
_log = telemetry.logger("storage")

_CACHED_SELECTIONS: Final = 1_024
"""Selections kept as they were parsed: most subscribers use the same ones."""


def subscriber_group(subscription: Subscription) -> str:
    """Return a digest of what decides which events a subscription gets, and their payload."""
    return _digest(
        _selection_json(subscription.selection),
        json.dumps(sorted(subscription.types)),
        str(subscription.minor),
        subscription.payload,
    )


def identity_digest(subscription: Subscription) -> str:
    """Return a digest of what no two subscriptions may have in common."""
    return _digest(
        subscription.kind,
        subscription.owner,
        subscription.url,
        subscription.topic,
        _selection_json(subscription.selection),
    )


def subscription_values(subscription: Subscription, secret_store: SecretStore) -> RowValues:
    """Return a subscription as a row, without the columns that enqueueing maintains."""
    return {
        "id": subscription.id,
        "identity": identity_digest(subscription),
        "subscriber_group": subscriber_group(subscription),
        "kind": subscription.kind,
        "owner": subscription.owner,
        "url": subscription.url,
        "topic": subscription.topic,
        "selection": _selection_json(subscription.selection),
        "types": json.dumps(subscription.types),
        "minor": subscription.minor,
        "payload": subscription.payload,
        "backfill": subscription.backfill,
        "secrets": subscription.unreadable_secret
        or secret_store.encode(subscription.id, subscription.secrets),
        **_headers_values(subscription, secret_store),
        **health_values(subscription),
        "lease_until_ms": optional_millis(subscription.lease_until),
        "announced_selection": ""
        if subscription.announced_selection is None
        else _selection_json(subscription.announced_selection),
    }


def _headers_values(subscription: Subscription, secret_store: SecretStore) -> RowValues:
    """Return the column of the header fields, which stays as it is if it cannot be decrypted."""
    if subscription.unreadable_secret:
        return {}
    return {"headers": secret_store.encode_headers(subscription.id, subscription.headers)}


def health_values(subscription: Subscription) -> RowValues:
    """Return the columns that delivery attempts change."""
    return {
        "state": subscription.state,
        "state_reason": subscription.state_reason,
        "failing_since_ms": optional_millis(subscription.failing_since),
        "fail_streak": subscription.fail_streak,
        "not_before_ms": optional_millis(subscription.not_before),
    }


def subscription_from_row(row: NamedRow, secret_store: SecretStore) -> Subscription:
    """Return the subscription of a row, without its secrets if they cannot be decrypted.

    Raises `StorageError` for a value that the service never stores.
    """
    try:
        return _decode_subscription(row, secret_store)
    except (UsageError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise StorageError(
            f"subscription {row['id']} cannot be read: {error}"[:_MAX_SHOWN],
            code="unreadable-subscription",
            hint=f"Repair its row, or type: syndicate subscriptions remove {row['id']}",
        ) from error


def readable_subscriptions(
    rows: Iterable[NamedRow], secret_store: SecretStore
) -> tuple[Subscription, ...]:
    """Return the subscriptions of rows; those that cannot be read are logged and left out."""
    subscriptions: list[Subscription] = []
    for row in rows:
        try:
            subscriptions.append(subscription_from_row(row, secret_store))
        except StorageError as error:
            _log.warning("subscription unreadable", reason=error.message)
    return tuple(subscriptions)


def _decode_subscription(row: NamedRow, secret_store: SecretStore) -> Subscription:
    subscription_id = SubscriptionId(row["id"])
    check_choice("kind", row["kind"], SubscriptionKind)
    check_choice("state", row["state"], SubscriptionState)
    check_choice("payload", row["payload"], Payload)
    check_number("fail_streak", row["fail_streak"])
    secrets, headers, sealed = _open_secrets(subscription_id, row, secret_store)
    return Subscription(
        id=subscription_id,
        kind=row["kind"],
        owner=row["owner"],
        url=row["url"],
        topic=row["topic"],
        selection=parse_selection(row["selection"]),
        types=parse_types(row["types"]),
        minor=bool(row["minor"]),
        payload=row["payload"],
        backfill=bool(row["backfill"]),
        headers=headers,
        secrets=secrets,
        unreadable_secret=sealed,
        state=row["state"],
        state_reason=row["state_reason"],
        failing_since=optional_from_millis(row["failing_since_ms"]),
        fail_streak=row["fail_streak"],
        not_before=optional_from_millis(row["not_before_ms"]),
        lease_until=optional_from_millis(row["lease_until_ms"]),
        announced_selection=parse_selection(row["announced_selection"])
        if row["announced_selection"]
        else None,
    )


@lru_cache(_CACHED_SELECTIONS)
def parse_types(text: str) -> tuple[EventType, ...]:
    """Parse stored types of events; raises `UsageError`, `ValueError` or `TypeError`."""
    event_types = json.loads(text)
    parse_event_types(event_types)
    return tuple(event_types)


def _open_secrets(
    subscription_id: SubscriptionId, row: NamedRow, secret_store: SecretStore
) -> tuple[tuple[Secret, ...], SubscriptionHeaders, str]:
    """Return the decrypted secrets, header fields, and "".

    If that is impossible: nothing, nothing, and the stored text of the secrets.
    """
    try:
        secrets = secret_store.decode(subscription_id, row["secrets"])
        return secrets, secret_store.decode_headers(subscription_id, row["headers"]), ""
    except StorageError:
        return (), (), str(row["secrets"]) or "[]"


def _selection_json(selection: Selection) -> str:
    return json.dumps(
        {
            "categories": sorted(sorted(group) for group in selection.categories),
            "carousel": selection.carousel,
            "sources": _sorted_or_none(selection.sources),
            "languages": _sorted_or_none(selection.languages),
        }
    )


class _StoredSelection(msgspec.Struct, frozen=True):
    """A selection as `_selection_json` writes it."""

    categories: frozenset[frozenset[str]]
    carousel: bool | None
    sources: frozenset[str] | None
    languages: frozenset[str] | None


@lru_cache(_CACHED_SELECTIONS)
def parse_selection(text: str) -> Selection:
    """Parse a stored selection; raises `ValueError`."""
    stored = msgspec.json.decode(text, type=_StoredSelection)
    return Selection(
        categories=stored.categories,
        carousel=stored.carousel,
        sources=stored.sources,
        languages=stored.languages,
    )


def _sorted_or_none(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _digest(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:32]
