"""Watch the sources, build editions, and announce what changed.

`source_watcher` builds editions, `ledger_writer` compares them with the ledger and announces what
changed, `catch_up` sends one subscription what it needs. What uses the database is imported after
the first edition, since SQLAlchemy takes long to import.
"""
