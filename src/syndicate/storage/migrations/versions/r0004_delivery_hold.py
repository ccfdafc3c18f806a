"""The hold of all deliveries by an operator."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer

revision = "r0004"
down_revision = "r0003"


def upgrade() -> None:
    """Add the table, without a row: deliveries are not held."""
    op.create_table(
        "delivery_hold",
        Column("id", Integer, primary_key=True),
        Column("since_ms", BigInteger, nullable=False),
    )
