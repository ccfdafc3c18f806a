"""The tables, as the newest migration leaves them.

Times are whole milliseconds since 1970 (UTC); lists are JSON in text.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text
from sqlalchemy.dialects import postgresql

METADATA = MetaData()

BYTEWISE = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text in the same order on every database, whatever the locale it was made with."""

PUBLISHER = Table(
    "publisher",
    METADATA,
    Column("one", Integer, primary_key=True),
    Column("ledger", Text, nullable=False),
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
    Index("ledger_moved", "generation", "post_id"),
)
"""What the world was last told of each post; rows of removed posts stay."""
