"""How the tables came to be, one file a step; `env` is what Alembic runs."""
