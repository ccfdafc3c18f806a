"""`syndicate config`: show the settings and their JSON Schema."""

import json
import os
from dataclasses import asdict

from syndicate.cli.options import AsJson, ConfigFile, command_group
from syndicate.cli.output import print_json, print_result
from syndicate.settings import json_schema as settings_schema
from syndicate.settings import load

app = command_group("Inspect the settings.")


@app.command()
def show(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print all settings and their origin, without secrets."""
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
    print_json(settings_schema())
