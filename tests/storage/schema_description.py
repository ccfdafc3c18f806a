"""The schema of a database as text that can be compared: columns, defaults, indexes."""

import re
from collections.abc import Iterable

from sqlalchemy import Connection

_POSTGRESQL_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""
_POSTGRESQL_INDEXES = """
SELECT tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""
_SQLITE_INDEXES = """
SELECT tbl_name, name, sql FROM sqlite_master
WHERE type = 'index' AND sql IS NOT NULL AND tbl_name <> 'alembic_version'
"""


def describe_schema(connection: Connection) -> list[str]:
    """Return a line for each column and each index, sorted; those of Alembic left out.

    The order of columns is left out as well: an upgrade can only append.
    """
    if connection.dialect.name == "postgresql":
        columns = connection.exec_driver_sql(_POSTGRESQL_COLUMNS).all()
        indexes = connection.exec_driver_sql(_POSTGRESQL_INDEXES).all()
        return sorted(_join_cells(row) for row in [*columns, *indexes])
    lines = [_join_cells(row) for row in connection.exec_driver_sql(_SQLITE_INDEXES).all()]
    for table in connection.dialect.get_table_names(connection):
        if table == "alembic_version":
            continue
        columns = connection.exec_driver_sql(f"PRAGMA table_info({table})").all()
        keys = connection.exec_driver_sql(f"PRAGMA index_list({table})").all()
        lines.extend(_join_cells([table, *column[1:]]) for column in columns)
        lines.extend(_join_cells([table, *key[1:4]]) for key in keys)
    return sorted(lines)


def _join_cells(cells: Iterable[object]) -> str:
    return re.sub(r"\s+", " ", " | ".join(map(str, cells)))
