"""The ledger, and who may write it."""

import secrets

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, Text
from sqlalchemy.dialects import postgresql

BYTEWISE = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    publisher = op.create_table(
        "publisher",
        Column("one", Integer, primary_key=True),
        Column("ledger", Text, nullable=False),
        Column("generation", BigInteger, nullable=False),
        Column("lease_by", Text, nullable=False),
        Column("lease_until_ms", BigInteger, nullable=False),
    )
    only = {"one": 1, "generation": 0, "lease_by": "", "lease_until_ms": 0}
    op.bulk_insert(publisher, [{**only, "ledger": secrets.token_hex(4)}])
    op.create_table(
        "ledger",
        Column("post_id", BYTEWISE, primary_key=True),
        Column("generation", BigInteger, nullable=False),
        Column("told_ms", BigInteger, nullable=False),
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
    )
    op.create_index("ledger_moved", "ledger", ["generation", "post_id"])
