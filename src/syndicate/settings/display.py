"""All settings for display: without secrets, with the origin of each value."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from syndicate.settings.field_types import MASK, SECRET_KEYS, without_password
from syndicate.settings.loader import RawSettings, Value
from syndicate.settings.validation_errors import SettingPath, setting_name, value_at

DEFAULT_ORIGIN: Final = "default"
"""The origin of a value that neither the file nor a variable sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayedSetting:
    """One setting; ``origin`` is ``default``, the file, or the environment variable."""

    name: str
    value: Value
    origin: str


def displayed_settings(
    tables: Mapping[str, Value], raw: RawSettings
) -> tuple[DisplayedSetting, ...]:
    """Return the settings of ``tables`` (as JSON values), which were read from ``raw``.

    A value with a ``${…}`` is displayed as written, because the result may be secret.
    """
    return tuple(
        DisplayedSetting(
            name=setting_name(path),
            value=_mask(path, raw_value if "${" in json.dumps(raw_value, default=str) else value),
            origin=_origin(setting_name(path), raw_value, raw),
        )
        for path, value, raw_value in _leaves((), tables, raw.values)
    )


def _leaves(
    path: SettingPath, value: Value, raw: Value
) -> Iterator[tuple[SettingPath, Value, Value]]:
    """Yield the path of each setting with its value and its raw value, None if not set."""
    inner: Iterable[tuple[str | int, Value]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list) and isinstance(next(iter(value), None), dict):
        inner = enumerate(value)
    children = list(inner)
    for step, child in children:
        yield from _leaves((*path, step), child, value_at((step,), raw))
    if not children:
        yield path, value, raw


def _mask(path: SettingPath, value: Value) -> Value:
    if value and SECRET_KEYS.intersection(path):
        return MASK
    if isinstance(value, list):
        return [_mask(path, entry) for entry in value]
    return without_password(value) if isinstance(value, str) else value


def _origin(name: str, raw_value: Value, raw: RawSettings) -> str:
    return raw.variables.get(name) or (DEFAULT_ORIGIN if raw_value is None else str(raw.file))
