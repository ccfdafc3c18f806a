"""Many rows as one parameter: a statement for all of them, compiled once, in one round trip.

They travel as JSON, which both databases read as a table.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlalchemy import Column, Executable, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import FromClause

from syndicate.storage.ledger import Values

_ROWS: Final = bindparam("rows", type_=Text())


class ManyRows:
    """A statement over any number of rows.

    Args:
        columns: What each row holds, by the names and types of columns of tables.
        statement: Makes the statement of a table of them.
    """

    def __init__(
        self, columns: Sequence[Column[object]], statement: Callable[[FromClause], Executable]
    ) -> None:
        self._statements: Final[Mapping[str, Executable]] = {
            "sqlite": statement(_from_json_each(columns)),
            "postgresql": statement(_from_json_to_recordset(columns)),
        }

    async def execute(self, connection: AsyncConnection, rows: Sequence[Values]) -> None:
        """Execute the statement once for all ``rows``, which name the columns they hold."""
        statement = self._statements[connection.dialect.name]
        await connection.execute(statement, {"rows": json.dumps(rows)})


def _from_json_each(columns: Sequence[Column[object]]) -> FromClause:
    each = func.json_each(_ROWS).table_valued("value")
    fields = (
        func.json_extract(each.c.value, f"$.{one.name}", type_=one.type).label(one.name)
        for one in columns
    )
    return select(*fields).select_from(each).subquery("made")


def _from_json_to_recordset(columns: Sequence[Column[object]]) -> FromClause:
    typed = (column(one.name, one.type) for one in columns)
    made = func.json_to_recordset(cast(_ROWS, JSON)).table_valued(*typed, name="made")
    return made.render_derived(with_types=True)
