"""Every single setting as people may see it: without secrets, and where it came from."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from syndicate.settings.field_types import MASK, SECRET_KEYS, without_password
from syndicate.settings.loader import RawSettings, Value
from syndicate.settings.validation_errors import SettingPath, setting_name, value_at


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayedSetting:
    """One setting; ``origin`` is ``default``, the file, or the variable that set it."""

    name: str
    value: Value
    origin: str


def displayed_settings(
    tables: Mapping[str, Value], raw: RawSettings
) -> tuple[DisplayedSetting, ...]:
    """Return the settings in ``chosen``, the tables as JSON has them, read as ``reading`` says.

    What holds a ``${…}`` is shown as it was written, since it may be there to be kept secret.
    """
    return tuple(
        DisplayedSetting(
            name=setting_name(place),
            value=_mask(place, written if "${" in json.dumps(written, default=str) else value),
            origin=_origin(setting_name(place), written, raw),
        )
        for place, value, written in _leaves((), tables, raw.values)
    )


def _leaves(
    path: SettingPath, value: Value, raw: Value
) -> Iterator[tuple[SettingPath, Value, Value]]:
    """Yield each place with its value and with what was written there, None where nothing was."""
    inner: Iterable[tuple[str | int, Value]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list) and isinstance(next(iter(value), None), dict):
        inner = enumerate(value)
    steps = list(inner)
    for step, below in steps:
        yield from _leaves((*path, step), below, value_at((step,), raw))
    if not steps:
        yield path, value, raw


def _mask(path: SettingPath, value: Value) -> Value:
    if value and SECRET_KEYS.intersection(path):
        return MASK
    if isinstance(value, list):
        return [_mask(path, entry) for entry in value]
    return without_password(value) if isinstance(value, str) else value


def _origin(name: str, raw_value: Value, raw: RawSettings) -> str:
    return raw.variables.get(name) or ("default" if raw_value is None else str(raw.file))
