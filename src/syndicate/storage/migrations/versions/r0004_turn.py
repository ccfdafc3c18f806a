"""Whose turn it is, written down with each delivery instead of found out by each claim."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

DUE = sa.text("state = 'pending' AND turn")
FIRST = """
UPDATE delivery SET turn = (seq = (
    SELECT min(older.seq) FROM delivery AS older
    WHERE older.subscription_id = delivery.subscription_id
    AND older.state IN ('pending', 'leased')
)) WHERE state IN ('pending', 'leased')
"""


def upgrade() -> None:
    """Let the oldest unfinished delivery of each subscription have its turn."""
    turn = sa.Column("turn", sa.Boolean, nullable=False, server_default=sa.true())
    op.add_column("delivery", turn)
    op.execute(FIRST)
    columns = ["due_ms", "subscription_id"]
    op.create_index("delivery_turn", "delivery", columns, sqlite_where=DUE, postgresql_where=DUE)
