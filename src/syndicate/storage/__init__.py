"""The database: SQLite or PostgreSQL, through SQLAlchemy Core.

`database` opens and upgrades it, `schema` has the tables, `publish` the transactions that announce
changes, `outbox` those that deliver them. Errors of SQLAlchemy leave as `StorageError`.
"""
