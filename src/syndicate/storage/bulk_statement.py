"""Many rows as one statement, compiled once, in one round trip.

PostgreSQL takes them as one parameter, JSON that it reads as a table. SQLite is no trip away: it
executes the statement for each of them.
"""

import json
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Column, Executable, Text, bindparam, cast, column, func
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement, ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler

from syndicate.storage.row_mapping import PositionalRow

_ROWS_PARAMETER: Final = bindparam("rows", type_=Text())

RowColumns = Mapping[str, ColumnElement[Any]]


class BulkStatement:
    """A statement over any number of rows.

    Args:
        columns: What each row holds, in this order, by the names and types of columns of tables.
        statement: Makes the statement of the values of a row, by these names; it uses two or more.
    """

    def __init__(
        self, columns: Sequence[Column[Any]], statement: Callable[[RowColumns], Executable]
    ) -> None:
        self._columns: Final = columns
        self._statement: Final = statement
        self._names: Final = [one.name for one in columns]

    @cached_property
    def _json_statement(self) -> Executable:
        return self._statement(_json_rows(self._columns))

    @cached_property
    def _row_statement(self) -> tuple[str, Callable[[PositionalRow], PositionalRow]]:
        """The statement of one row, and what brings its values into the order of the statement."""
        parameters = {
            one.name: bindparam(f"row_{one.name}", type_=one.type) for one in self._columns
        }
        statement = typing.cast("ClauseElement", self._statement(parameters))
        compiled = typing.cast("SQLCompiler", statement.compile(dialect=sqlite.dialect()))
        positions = [
            self._names.index(one.removeprefix("row_")) for one in compiled.positiontup or ()
        ]
        return compiled.string, itemgetter(*positions)

    async def execute(self, connection: AsyncConnection, rows: Sequence[PositionalRow]) -> None:
        """Execute the statement for all ``rows``, which hold the values of the columns."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            statement, arrange = self._row_statement
            await connection.exec_driver_sql(statement, [arrange(row) for row in rows])
        else:
            named_rows = [dict(zip(self._names, row, strict=True)) for row in rows]
            await connection.execute(self._json_statement, {"rows": json.dumps(named_rows)})


def _json_rows(columns: Sequence[Column[Any]]) -> RowColumns:
    typed = (column(one.name, one.type) for one in columns)
    recordset = func.json_to_recordset(cast(_ROWS_PARAMETER, JSON)).table_valued(
        *typed, name="made"
    )
    rows = recordset.render_derived(with_types=True)
    return {one.name: rows.c[one.name] for one in columns}
