"""What an operator can choose: `syndicate.toml`, read whole, checked whole, handed on as values.

Only `service` and `cli` know this package. The tables are in `tables`, the kinds of value they
may hold in `kinds`; `reading` reads, `mistakes` says what is wrong.
"""

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import ValidationError

from syndicate.errors import SettingsError
from syndicate.model.category import Vocabulary
from syndicate.model.content_limits import ContentLimits
from syndicate.model.edition import NamedFeed
from syndicate.model.feed import Masthead
from syndicate.model.post import Source
from syndicate.settings import values
from syndicate.settings.limits_table import LimitsTable
from syndicate.settings.mistakes import of_kinds, of_relations
from syndicate.settings.reading import Reading, Value, find, read
from syndicate.settings.shown import Setting, shown
from syndicate.settings.tables import (
    DeliveryTable,
    ServiceTable,
    Tables,
    WebSubTable,
)

__all__ = ["Setting", "Settings", "load", "schema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator chose. Paths are absolute; relative ones began at the file's folder."""

    file: pathlib.Path
    masthead: Masthead
    vocabulary: Vocabulary
    sources: tuple[Source, ...]
    feeds: tuple[NamedFeed, ...]
    redirects: Mapping[str, str]
    """Former paths and the path or URL that took their place, empty if they are gone."""
    poll_seconds: Mapping[str, float]
    """By name of source."""
    hook_secrets: Mapping[str, str] = field(repr=False)
    """By name of source; only of those that have one."""
    data: pathlib.Path
    database_url: str = field(repr=False)
    service: ServiceTable
    delivery: DeliveryTable
    websub: WebSubTable
    limits: LimitsTable
    content_limits: ContentLimits
    asset_bytes: int
    shown: tuple[Setting, ...]
    """Every single setting, for people."""

    @classmethod
    def of(cls, tables: Tables, reading: Reading) -> Self:
        """Hand on ``tables``, which were read as ``reading`` says, as plain values."""
        folder = reading.file.parent.absolute()
        known = values.vocabulary(tables.categories)
        return cls(
            file=reading.file,
            masthead=values.masthead(tables.service),
            vocabulary=known,
            sources=tuple(
                values.source(table, known=known, folder=folder) for table in tables.sources
            ),
            feeds=tuple(values.feed(table, known=known) for table in tables.feeds),
            redirects={table.former: table.to for table in tables.redirects},
            poll_seconds={table.name: table.poll_seconds for table in tables.sources},
            hook_secrets={t.name: t.hook_secret for t in tables.sources if t.hook_secret},
            data=folder / tables.service.data,
            database_url=values.database_url(tables.database, folder),
            service=tables.service,
            delivery=tables.delivery,
            websub=tables.websub,
            limits=tables.limits,
            content_limits=values.content_limits(tables.limits),
            asset_bytes=tables.limits.asset_bytes,
            shown=shown(tables.model_dump(mode="json", by_alias=True), reading),
        )


def load(file: pathlib.Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings from ``file`` and ``environ``.

    Without ``file``: the one that ``SYNDICATE_CONFIG`` names, else `syndicate.toml` in the
    working directory. `SettingsError` holds every mistake there is, each with its name.
    """
    reading = read(find(file, environ), environ)
    mistakes = [*reading.mistakes]
    tables: Tables | None = None
    try:
        tables = Tables.model_validate(reading.filled)
    except ValidationError as error:
        told = {name for name, _ in mistakes}
        mistakes += [m for m in of_kinds(error, reading.written) if m[0] not in told]
    mistakes += of_relations(reading.filled)
    if tables and not mistakes:
        return Settings.of(tables, reading)
    raise SettingsError(
        f"{reading.file} has {len(mistakes)} error{'s' if len(mistakes) > 1 else ''}",
        hint="`syndicate config schema` prints the allowed keys and values.",
        mistakes=tuple(f"{_named(name, reading)}: {what}" for name, what in mistakes),
    )


def schema() -> Mapping[str, Value]:
    """Return what `syndicate.toml` may hold as JSON Schema (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Tables.model_json_schema(by_alias=True),
    }


def _named(name: str, reading: Reading) -> str:
    variables = [
        variable
        for setting, variable in reading.variables.items()
        if setting == name or setting.startswith(f"{name}.")
    ]
    return f"{name} ({', '.join(variables)})" if variables else name
