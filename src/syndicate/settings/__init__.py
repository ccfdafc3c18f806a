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
from syndicate.model.feed import ServiceInfo
from syndicate.model.post import Source
from syndicate.settings import convert
from syndicate.settings.display import DisplayedSetting, displayed_settings
from syndicate.settings.limits_schema import LimitsTable
from syndicate.settings.loader import RawSettings, Value, find_file, read_settings
from syndicate.settings.schema import (
    DeliveryTable,
    ServiceTable,
    Tables,
    WebSubTable,
)
from syndicate.settings.validation_errors import cross_field_errors, type_errors

__all__ = ["DisplayedSetting", "Settings", "json_schema", "load"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator chose. Paths are absolute; relative ones began at the file's folder."""

    file: pathlib.Path
    service_info: ServiceInfo
    vocabulary: Vocabulary
    sources: tuple[Source, ...]
    feeds: tuple[NamedFeed, ...]
    redirects: Mapping[str, str]
    """Former paths and the path or URL that took their place, empty if they are gone."""
    poll_seconds: Mapping[str, float]
    """By name of source."""
    hook_secrets: Mapping[str, str] = field(repr=False)
    """By name of source; only of those that have one."""
    data_folder: pathlib.Path
    database_url: str = field(repr=False)
    service: ServiceTable
    delivery: DeliveryTable
    websub: WebSubTable
    limits: LimitsTable
    content_limits: ContentLimits
    asset_bytes: int
    displayed: tuple[DisplayedSetting, ...]
    """Every single setting, for people."""

    @classmethod
    def from_tables(cls, tables: Tables, raw: RawSettings) -> Self:
        """Hand on ``tables``, which were read as ``reading`` says, as plain values."""
        folder = raw.file.parent.absolute()
        vocabulary = convert.build_vocabulary(tables.categories)
        return cls(
            file=raw.file,
            service_info=convert.build_service_info(tables.service),
            vocabulary=vocabulary,
            sources=tuple(
                convert.build_source(table, vocabulary=vocabulary, config_folder=folder)
                for table in tables.sources
            ),
            feeds=tuple(convert.build_feed(table, vocabulary=vocabulary) for table in tables.feeds),
            redirects={table.former: table.to for table in tables.redirects},
            poll_seconds={table.name: table.poll_seconds for table in tables.sources},
            hook_secrets={t.name: t.hook_secret for t in tables.sources if t.hook_secret},
            data_folder=folder / tables.service.data,
            database_url=convert.resolve_database_url(tables.database, folder),
            service=tables.service,
            delivery=tables.delivery,
            websub=tables.websub,
            limits=tables.limits,
            content_limits=convert.build_content_limits(tables.limits),
            asset_bytes=tables.limits.asset_bytes,
            displayed=displayed_settings(tables.model_dump(mode="json", by_alias=True), raw),
        )


def load(file: pathlib.Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings from ``file`` and ``environ``.

    Without ``file``: the one that ``SYNDICATE_CONFIG`` names, else `syndicate.toml` in the
    working directory. `SettingsError` holds every mistake there is, each with its name.
    """
    raw = read_settings(find_file(file, environ), environ)
    errors = [*raw.errors]
    tables: Tables | None = None
    try:
        tables = Tables.model_validate(raw.interpolated)
    except ValidationError as error:
        reported = {name for name, _ in errors}
        errors += [m for m in type_errors(error, raw.values) if m[0] not in reported]
    errors += cross_field_errors(raw.interpolated)
    if tables and not errors:
        return Settings.from_tables(tables, raw)
    raise SettingsError(
        f"{raw.file} has {len(errors)} error{'s' if len(errors) > 1 else ''}",
        hint="`syndicate config schema` prints the allowed keys and values.",
        errors=tuple(f"{_with_variables(name, raw)}: {what}" for name, what in errors),
    )


def json_schema() -> Mapping[str, Value]:
    """Return what `syndicate.toml` may hold as JSON Schema (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Tables.model_json_schema(by_alias=True),
    }


def _with_variables(name: str, raw: RawSettings) -> str:
    variables = [
        variable
        for setting, variable in raw.variables.items()
        if setting == name or setting.startswith(f"{name}.")
    ]
    return f"{name} ({', '.join(variables)})" if variables else name
