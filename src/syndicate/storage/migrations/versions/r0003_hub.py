"""The WebSub hub: what was asked of it, and what its subscribers heard last."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of intents, and a place for what a subscriber heard."""
    op.add_column("subscription", Column("heard", Text, nullable=False, server_default=""))
    op.create_table(
        "intent",
        Column("id", Text, primary_key=True),
        Column("mode", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("callback", Text, nullable=False),
        Column("secrets", Text, nullable=False),
        Column("lease_seconds", Integer, nullable=False),
        Column("heard", Text, nullable=False),
        Column("host", Text, nullable=False),
        Column("client", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("made_ms", BigInteger, nullable=False),
        Column("lease_by", Text, nullable=False),
        Column("lease_until_ms", BigInteger, nullable=False),
    )
    op.create_index("intent_callback", "intent", ["callback", "topic"])
    op.create_index("intent_host", "intent", ["host", "state"])
    op.create_index("intent_client", "intent", ["client", "state"])
    op.create_index("intent_state", "intent", ["state", "made_ms"])
