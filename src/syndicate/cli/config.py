"""`syndicate config`: what is set, and what may be."""

import json
import os
from dataclasses import asdict

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.output import print_json, print_result

app = typer.Typer(name="config", help="Inspect the settings.", no_args_is_help=True)


@app.command()
def show(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print all settings and their origin, without secrets."""
    from syndicate.settings import load

    settings = load(config, os.environ).displayed
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
    from syndicate.settings import json_schema as settings_schema

    print_json(settings_schema())
