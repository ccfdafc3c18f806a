"""Header fields that a subscriber adds to its webhooks."""

from alembic import op
from sqlalchemy import Column, Text

revision = "r0005"
down_revision = "r0004"


def upgrade() -> None:
    """Add the column; subscriptions of before have no header fields."""
    op.add_column("subscription", Column("headers", Text, nullable=False, server_default=""))
