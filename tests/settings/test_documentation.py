"""The reference page of the settings equals the code."""

import json
from pathlib import Path
from typing import get_args

import pytest

from syndicate.settings import load, schema
from syndicate.settings.field_types import Table
from syndicate.settings.schema import Tables

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text()
SECTIONS = PAGE.split("\n## ")[1:]


def table_of(name: str) -> type[Table]:
    """Return the table ``name`` of the settings file."""
    annotation = Tables.model_fields[name].annotation
    (table,) = [part for part in (*get_args(annotation), annotation) if isinstance(part, type)]
    assert issubclass(table, Table)
    return table


def rows(table: type[Table], prefix: str = "") -> list[str]:
    """Return the lines of Markdown that describe the keys of ``table``."""
    lines: list[str] = []
    for name, field in table.model_fields.items():
        key = prefix + (field.alias or name)
        default = field.default
        if isinstance(default, Table):
            lines += rows(type(default), f"{key}.")
            continue
        default_text = "required" if field.is_required() else f"`{json.dumps(default)}`"
        default_text = {"`{}`": "", '`""`': "", "`[]`": "", "`null`": ""}.get(
            default_text, default_text
        )
        lines.append(f"| `{key}` | {default_text} | {field.description} |")
    return lines


@pytest.mark.parametrize("name", Tables.model_fields)
def test_every_key_is_described_with_its_default(name: str) -> None:
    """The section of a table has exactly one line for each of its keys, and no other."""
    (section,) = [text for text in SECTIONS if text.startswith((f"`[{name}]`", f"`[[{name}]]`"))]
    assert [line for line in section.splitlines() if line.startswith("| `")] == rows(table_of(name))


def test_every_table_and_key_is_described_in_the_code() -> None:
    """The descriptions are also in the JSON Schema, where editors show them."""
    for table in vars(schema).values():
        if isinstance(table, type) and issubclass(table, Table) and table not in (Table, Tables):
            assert table.__doc__
            assert all(field.description for field in table.model_fields.values())


def test_example_of_the_page_works(tmp_path: Path) -> None:
    """The example is a valid settings file."""
    (example,) = [text for text in PAGE.split("```") if text.startswith("toml\n")]
    file = tmp_path / "syndicate.toml"
    file.write_text(example.removeprefix("toml\n"))

    settings = load(file, {})

    assert [source.name for source in settings.sources] == ["news"]
    assert settings.redirects == {"/feeds/old-name": "/feeds/technology-featured"}
