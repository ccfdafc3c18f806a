"""Digests of the inputs of posts, and the selection that a disabled subscription knows."""

from alembic import op
from sqlalchemy import Column, Text

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    """Add the columns; in the rows of before they are empty, which counts as equal."""
    op.add_column("ledger", Column("digests", Text, nullable=False, server_default=""))
    column = Column("announced_selection", Text, nullable=False, server_default="")
    op.add_column("subscription", column)
