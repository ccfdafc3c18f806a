"""Every single setting as people may see it: without secrets, and where it came from."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from syndicate.settings.kinds import MASK, SECRETS, without_password
from syndicate.settings.mistakes import Place, at, name_of
from syndicate.settings.reading import Reading, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting; ``origin`` is ``default``, the file, or the variable that set it."""

    name: str
    value: Value
    origin: str


def shown(chosen: Mapping[str, Value], reading: Reading) -> tuple[Setting, ...]:
    """Return the settings in ``chosen``, the tables as JSON has them, read as ``reading`` says.

    What holds a ``${…}`` is shown as it was written, since it may be there to be kept secret.
    """
    return tuple(
        Setting(
            name=name_of(place),
            value=_masked(place, written if "${" in json.dumps(written, default=str) else value),
            origin=_origin(name_of(place), written, reading),
        )
        for place, value, written in _leaves((), chosen, reading.written)
    )


def _leaves(place: Place, value: Value, written: Value) -> Iterator[tuple[Place, Value, Value]]:
    """Yield each place with its value and with what was written there, None where nothing was."""
    inner: Iterable[tuple[str | int, Value]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list) and isinstance(next(iter(value), None), dict):
        inner = enumerate(value)
    steps = list(inner)
    for step, below in steps:
        yield from _leaves((*place, step), below, at((step,), written))
    if not steps:
        yield place, value, written


def _masked(place: Place, value: Value) -> Value:
    if value and SECRETS.intersection(place):
        return MASK
    if isinstance(value, list):
        return [_masked(place, entry) for entry in value]
    return without_password(value) if isinstance(value, str) else value


def _origin(name: str, written: Value, reading: Reading) -> str:
    return reading.variables.get(name) or ("default" if written is None else str(reading.file))
