"""Contacts and rights of tokens, portal sessions, the audit log, and sent notifications."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Text, false

revision = "r0003"
down_revision = "r0002"

_SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER audit_log_refuses_delete BEFORE DELETE ON audit_log
    WHEN OLD.at_ms >= (SELECT delete_before_ms FROM audit_retention)
    BEGIN SELECT RAISE(ABORT, 'audit_log: entries are deleted by retention only'); END
    """,
    """
    CREATE TRIGGER audit_log_refuses_update BEFORE UPDATE ON audit_log
    WHEN OLD.at_ms >= (SELECT clear_addresses_before_ms FROM audit_retention)
      OR NEW.id <> OLD.id OR NEW.at_ms <> OLD.at_ms OR NEW.actor <> OLD.actor
      OR NEW.action <> OLD.action OR NEW.object <> OLD.object OR NEW.detail <> OLD.detail
      OR NEW.address <> ''
    BEGIN SELECT RAISE(ABORT, 'audit_log: entries are not changed'); END
    """,
)
_POSTGRESQL_TRIGGERS = (
    """
    CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' THEN
        IF OLD.at_ms < (SELECT delete_before_ms FROM audit_retention) THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'audit_log: entries are deleted by retention only';
      ELSIF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'audit_log: entries are deleted by retention only';
      END IF;
      IF OLD.at_ms < (SELECT clear_addresses_before_ms FROM audit_retention)
        AND (NEW.id, NEW.at_ms, NEW.actor, NEW.action, NEW.object, NEW.detail, NEW.address)
          = (OLD.id, OLD.at_ms, OLD.actor, OLD.action, OLD.object, OLD.detail, '')
      THEN RETURN NEW; END IF;
      RAISE EXCEPTION 'audit_log: entries are not changed';
    END $$
    """,
    """
    CREATE TRIGGER audit_log_refuses_changes BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_refuse()
    """,
    """
    CREATE TRIGGER audit_log_refuses_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()
    """,
)


def upgrade() -> None:
    """Add the columns and tables; tokens of before have no contact and all rights of their role."""
    op.add_column("token", Column("contact", Text, nullable=False, server_default=""))
    op.add_column("token", Column("last_used_ms", BigInteger))
    op.add_column("token", Column("read_only", Boolean, nullable=False, server_default=false()))
    op.create_table(
        "portal_session",
        Column("digest", Text, primary_key=True),
        Column("token_id", Text, nullable=False),
        Column("created_ms", BigInteger, nullable=False),
        Column("last_seen_ms", BigInteger, nullable=False),
        Index("portal_session_last_seen", "last_seen_ms"),
    )
    op.create_table(
        "notification",
        Column("kind", Text, primary_key=True),
        Column("object", Text, primary_key=True),
        Column("state", Text, nullable=False),
        Column("since_ms", BigInteger, nullable=False),
        Column("sent_ms", BigInteger),
    )
    _create_audit_log()


def _create_audit_log() -> None:
    """Create the audit log.

    The triggers let entries be deleted, and their addresses cleared, only if they are older than
    the times in ``audit_retention``. These are 0 except within the transaction that applies the
    retention.
    """
    op.create_table(
        "audit_log",
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
    op.create_table(
        "audit_retention",
        Column("id", Integer, primary_key=True),
        Column("delete_before_ms", BigInteger, nullable=False),
        Column("clear_addresses_before_ms", BigInteger, nullable=False),
    )
    op.execute("INSERT INTO audit_retention VALUES (1, 0, 0)")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE_TRIGGERS if is_sqlite else _POSTGRESQL_TRIGGERS:
        op.execute(statement)
