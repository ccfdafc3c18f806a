"""`syndicate config`: show the settings and their JSON Schema."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from syndicate.cli.options import AsJson, ConfigFile, command_group
from syndicate.cli.output import print_json, print_result
from syndicate.content.site_source import SiteSource, engine_of, own_pattern
from syndicate.model.post import Path
from syndicate.service.content_service import ContentService
from syndicate.settings import json_schema as settings_schema
from syndicate.settings import load
from syndicate.settings.display import DisplayedSetting
from syndicate.settings.loader import Value

app = command_group("Inspect the settings.")


@app.command()
def show(
    config: ConfigFile = None,
    as_json: AsJson = False,
    derived: Annotated[
        bool, typer.Option("--derived", help="Include what the sites' own configuration says.")
    ] = False,
) -> None:
    """Print all settings and their origin, without secrets."""
    loaded = load(config, os.environ)
    settings = loaded.displayed
    if derived:
        with ContentService(loaded) as content:
            settings = with_derived_settings(settings, map(content.describe, loaded.sources))
    if as_json:
        print_json([asdict(setting) for setting in settings])
        return
    lines = [f"{s.name} = {json.dumps(s.value, ensure_ascii=False)}" for s in settings]
    width = min(max(len(line) for line in lines), 60)
    for line, setting in zip(lines, settings, strict=True):
        print_result(f"{line:{width}}  # {setting.origin}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the settings file."""
    print_json(settings_schema())


def with_derived_settings(
    settings: Iterable[DisplayedSetting], sources: Iterable[SiteSource]
) -> tuple[DisplayedSetting, ...]:
    """Return ``settings`` with those that the site of each source decides."""
    derived = {
        setting.name: setting
        for number, described in enumerate(sources)
        for setting in derived_settings(described, f"sources[{number}].")
    }
    known = [derived.pop(setting.name, setting) for setting in settings]
    return (*known, *derived.values())


def derived_settings(described: SiteSource, prefix: str = "") -> Iterator[DisplayedSetting]:
    """Yield what the operator left out of the settings of a source, with its value and origin."""
    source = described.source
    values: dict[str, Value] = {
        "dialect": source.dialect,
        "folders": list(source.folders),
        "id_authority": source.id_authority,
        "language": source.language,
        "markdown": engine_of(source).flavour,
        "site_url": source.site_url,
        "timezone": source.zone.key,
        "authors": dict(source.authors),
    }
    for name, origin in described.origins:
        if name in values:
            yield DisplayedSetting(name=f"{prefix}{name}", value=values[name], origin=origin)
    for folder in described.site.folders if described.site else ():
        if not own_pattern(source, Path(f"{folder.path}/page".lstrip("/")))[1]:
            yield DisplayedSetting(
                name=f"{prefix}permalinks.{folder.path or '.'}",
                value=folder.permalink.value,
                origin=folder.permalink.origin,
            )
