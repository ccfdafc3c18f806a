"""Subscriptions, and the outbox of what they are still to hear."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Text, text

revision = "0002"
down_revision = "0001"

UNFINISHED = text("state IN ('pending', 'leased')")
LEASED = text("state = 'leased'")


def upgrade() -> None:
    """Make the tables of the sending side."""
    _make_subscription()
    _make_event()
    _make_delivery()
    _make_attempt()
    _make_token()


def _make_subscription() -> None:
    op.create_table(
        "subscription",
        Column("id", Text, primary_key=True),
        Column("identity", Text, nullable=False, unique=True),
        Column("audience", Text, nullable=False),
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
        Column("made_ms", BigInteger, nullable=False),
    )
    op.create_index("subscription_audience", "subscription", ["audience"])


def _make_event() -> None:
    op.create_table(
        "event",
        Column("id", Text, primary_key=True),
        Column("type", Text, nullable=False),
        Column("post_id", Text, nullable=False),
        Column("commit_id", Text, nullable=False),
        Column("noticed_ms", BigInteger, nullable=False),
        Column("media_type", Text, nullable=False),
        Column("whole", LargeBinary, nullable=False),
        Column("thin", LargeBinary, nullable=False),
    )
    op.create_index("event_noticed", "event", ["noticed_ms"])


def _make_delivery() -> None:
    op.create_table(
        "delivery",
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
        Column("settled_ms", BigInteger),
    )
    op.create_index(
        "delivery_unfinished",
        "delivery",
        ["subscription_id", "seq"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index(
        "delivery_leased",
        "delivery",
        ["subscription_id"],
        sqlite_where=LEASED,
        postgresql_where=LEASED,
    )
    op.create_index("delivery_settled", "delivery", ["settled_ms"])
    op.create_index("delivery_event", "delivery", ["event_id"])


def _make_attempt() -> None:
    op.create_table(
        "attempt",
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
    )
    op.create_index("attempt_started", "attempt", ["started_ms"])


def _make_token() -> None:
    op.create_table(
        "token",
        Column("id", Text, primary_key=True),
        Column("digest", Text, nullable=False, unique=True),
        Column("role", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("made_ms", BigInteger, nullable=False),
        Column("expires_ms", BigInteger),
        Column("revoked_ms", BigInteger),
    )
