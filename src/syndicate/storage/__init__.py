"""What must survive a restart: SQLite or PostgreSQL, through SQLAlchemy Core.

`database` opens and upgrades, `schema` has the tables, `ledger` what the world was last told.
No exception of the packages below leaves this one: what fails is a `StorageError`.
"""
