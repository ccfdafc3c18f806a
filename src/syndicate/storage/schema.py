"""The tables, as the newest migration leaves them.

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
    text,
    true,
)
from sqlalchemy.dialects import postgresql

REVISION: Final = "r0001"
"""The id of the newest migration."""

PRERELEASE_REVISIONS: Final = frozenset({"0001", "0002", "0003", "0004", "0005"})
"""The ids of the migrations before version 0.2.0; there is no way from them to `REVISION`."""

METADATA = MetaData()

BYTEWISE = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text in the same order on every database, whatever the locale it was made with."""

PUBLISHER = Table(
    "publisher",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("ledger_id", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("lease_by", Text, nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
)
"""One row: which ledger this is, how often it has told something, and who may tell now."""

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
    Index("ledger_generation", "generation", "post_id"),
)
"""What the world was last told of each post; rows of removed posts stay."""

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
    Index("subscription_group", "subscriber_group"),
)
"""Webhook and WebSub subscriptions.

``identity`` is a digest of what must not be there twice; ``subscriber_group`` is a digest of what
decides which events a subscription gets; ``last_seq`` is the number of its last delivery;
``last_sent_tag`` is the tag of the last state of its topic that was queued for a WebSub subscriber.
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
"""What was asked of the hub: ``waiting`` until it is verified, ``failed`` if nobody confirmed it,
which is remembered for a while; ``state_since_ms`` is when it came to be what it is."""

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
"""What happened, with the bodies that say so, once for all who hear of it.

The state of a topic, which WebSub subscribers hear, is kept here as well: of type `TOPIC`, with
the address of the topic as ``post_id``.
"""

TOPIC_EVENT_TYPE = "topic"

UNFINISHED = text("state IN ('pending', 'leased')")
"""Constants, so that both databases see that the index below is meant."""
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
"""One event on its way to one subscriber; ``completed_ms`` is when it came to its end.

``is_head`` is false while it waits for an older one of its subscription (see
`syndicate.storage.claim_queries`).
"""

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
"""The delivery log."""

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
)
"""Who may subscribe; the token itself is kept nowhere."""
