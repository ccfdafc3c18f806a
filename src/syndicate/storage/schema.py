"""The tables, as the latest migration leaves them.

Times are whole milliseconds since 1970 (UTC); lists are JSON in text.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
    true,
)
from sqlalchemy.dialects import postgresql

REVISION: Final = "r0005"
"""The id of the latest migration."""

PRERELEASE_REVISIONS: Final = frozenset({"0001", "0002", "0003", "0004", "0005"})
"""The ids of the migrations before version 0.2.0; they cannot be upgraded to `REVISION`."""

METADATA = MetaData()

BYTEWISE = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that sorts the same in every database, regardless of its locale."""

PUBLISHER = Table(
    "publisher",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("ledger_id", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("lease_by", Text, nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
)
"""One row: the id of the ledger, its latest generation, and the publisher lease."""

LEDGER = Table(
    "ledger",
    METADATA,
    Column("post_id", BYTEWISE, primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("blob", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("categories", Text, nullable=False),
    Column("carousel", Boolean, nullable=False),
    Column("language", Text, nullable=False),
    Column("published_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("digests", Text, nullable=False, server_default=""),
    Index("ledger_generation", "generation", "post_id"),
)
"""The last announced state of each post; rows of removed posts stay.

``digests`` are those of the inputs besides the file (`syndicate.model.ledger`).
"""

SUBSCRIPTION = Table(
    "subscription",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("identity", Text, nullable=False, unique=True),
    Column("subscriber_group", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("selection", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("minor", Boolean, nullable=False),
    Column("payload", Text, nullable=False),
    Column("backfill", Boolean, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text, nullable=False),
    Column("failing_since_ms", BigInteger),
    Column("fail_streak", Integer, nullable=False),
    Column("not_before_ms", BigInteger),
    Column("lease_until_ms", BigInteger),
    Column("last_seq", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_sent_tag", Text, nullable=False, server_default=""),
    Column("announced_selection", Text, nullable=False, server_default=""),
    Column("headers", Text, nullable=False, server_default=""),
    Index("subscription_group", "subscriber_group"),
)
"""Webhook and WebSub subscriptions.

``identity`` is a digest of what no two subscriptions may have in common; ``subscriber_group`` is a
digest of what decides which events a subscription gets; ``last_seq`` is the number of its last
delivery; ``last_sent_tag`` is the tag of the topic's last state that was enqueued for a WebSub
subscriber. ``announced_selection`` is the selection whose posts were last announced to a disabled
subscription, if it is not ``selection``, else empty: recovery announces the difference.
``headers`` are the header fields that the subscriber adds, encrypted like ``secrets``.
"""

WEBSUB_REQUEST = Table(
    "websub_request",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("mode", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("lease_seconds", Integer, nullable=False),
    Column("last_sent_tag", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state_since_ms", BigInteger, nullable=False),
    Column("lease_by", Text, nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
    Index("websub_request_callback", "callback", "topic"),
    Index("websub_request_host", "host", "state"),
    Index("websub_request_client", "client", "state"),
    Index("websub_request_state", "state", "state_since_ms"),
)
"""WebSub requests: ``waiting`` until verified, ``failed`` for a while if not confirmed.

``state_since_ms`` is when the state began.
"""

EVENT = Table(
    "event",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("post_id", Text, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("detected_ms", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("full_body", LargeBinary, nullable=False),
    Column("thin_body", LargeBinary, nullable=False),
    Index("event_detected", "detected_ms"),
)
"""Events with their bodies, once for all recipients.

The states of WebSub topics are stored here, too: with the type `TOPIC_EVENT_TYPE`, and the URL of
the topic as ``post_id``.
"""

TOPIC_EVENT_TYPE = "topic"

UNFINISHED = text("state IN ('pending', 'leased')")
"""Constants, so that both databases see that they can use the index below."""
LEASED = text("state = 'leased'")
HEAD = text("state = 'pending' AND is_head")

DELIVERY = Table(
    "delivery",
    METADATA,
    Column("subscription_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("lease_by", Text, nullable=False),
    Column("lease_until_ms", BigInteger),
    Column("last_status", Integer),
    Column("last_error", Text, nullable=False),
    Column("completed_ms", BigInteger),
    Column("is_head", Boolean, nullable=False, server_default=true()),
    Index(
        "delivery_unfinished",
        "subscription_id",
        "seq",
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    ),
    Index("delivery_leased", "subscription_id", sqlite_where=LEASED, postgresql_where=LEASED),
    Index("delivery_head", "due_ms", "subscription_id", sqlite_where=HEAD, postgresql_where=HEAD),
    Index("delivery_completed", "completed_ms"),
    Index("delivery_event", "event_id"),
)
"""One event for one subscription; ``completed_ms`` is when the delivery finished.

``is_head`` is false while an older delivery of the subscription is unfinished (see
`syndicate.storage.claim_queries`).
"""

DELIVERY_HOLD = Table(
    "delivery_hold",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
)
"""One row while an operator holds all deliveries, none otherwise."""

ATTEMPT = Table(
    "attempt",
    METADATA,
    Column("subscription_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("trigger", Text, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("status", Integer),
    Column("headers", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("error", Text, nullable=False),
    Index("attempt_started", "started_ms"),
)
"""Attempts at deliveries: the delivery log."""

TOKEN = Table(
    "token",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Column("contact", Text, nullable=False, server_default=""),
    Column("last_used_ms", BigInteger),
    Column("read_only", Boolean, nullable=False, server_default=false()),
)
"""Access tokens, as digests: their texts are not stored."""

PORTAL_SESSION = Table(
    "portal_session",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("token_id", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Index("portal_session_last_seen", "last_seen_ms"),
)
"""Sessions of the portal; ``digest`` is the SHA-256 of the id, which only the browser has."""

AUDIT_LOG = Table(
    "audit_log",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_log_at", "at_ms"),
    Index("audit_log_action", "action", "id"),
)
"""The audit log; ``detail`` is a JSON object. Triggers refuse changes (migration r0003)."""

AUDIT_RETENTION = Table(
    "audit_retention",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("delete_before_ms", BigInteger, nullable=False),
    Column("clear_addresses_before_ms", BigInteger, nullable=False),
)
"""One row: what the triggers of the audit log allow to be deleted and cleared.

Both times are 0 except within the transaction that applies the retention.
"""

NOTIFICATION = Table(
    "notification",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("object", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
)
"""What people were notified of: the last state of each object that was sent to each of them.

``object`` is its name and a digest of the contact. So a failure is reported once, and its end once.
"""
