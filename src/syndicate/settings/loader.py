"""Reads the settings file, overrides values by environment variables, and replaces `${…}`."""

import pathlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from syndicate.errors import SettingsError

Value = object
"""A TOML value: text, number, boolean, date, list or table."""

SettingError = tuple[str, str]
"""The name of a setting and its error."""

DEFAULT_FILE: Final = pathlib.Path("syndicate.toml")
_SECRET_KEY: Final = "SYNDICATE_SECRET_KEY"  # noqa: S105 — a name, not a secret
_PREFIX: Final = "SYNDICATE_"
_LEVEL_SEPARATOR: Final = "__"
_REFERENCE = re.compile(r"\$\{(?P<is_file>file:)?(?P<name>[^}]*)\}")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSettings:
    """The settings before validation.

    ``values`` are those of file and environment, ``interpolated`` the same with every ``${…}``
    replaced; ``variables`` has the environment variable of each setting that one has set.
    """

    file: pathlib.Path
    values: Mapping[str, Value]
    interpolated: Mapping[str, Value]
    variables: Mapping[str, str]
    errors: tuple[SettingError, ...]


def find_file(file: pathlib.Path | None, environ: Mapping[str, str]) -> pathlib.Path:
    """Return ``file``, else that of ``SYNDICATE_CONFIG``, else `syndicate.toml`."""
    return file or pathlib.Path(environ.get("SYNDICATE_CONFIG") or DEFAULT_FILE)


def read_settings(file: pathlib.Path, environ: Mapping[str, str]) -> RawSettings:
    """Read ``file`` and the overrides in ``environ``.

    Raises `SettingsError` if the file cannot be read or is not TOML (version 1.0).
    """
    values = _parse(file)
    errors: list[SettingError] = []
    variables = {}
    for variable, keys, text in _overrides(environ):
        variables[".".join(keys)] = variable
        if not _set_value(values, keys, text):
            errors.append(
                (
                    ".".join(keys),
                    "environment variables can set only values of tables, not entries of lists",
                )
            )
    service = values.setdefault("service", {})
    if _SECRET_KEY in environ and isinstance(service, dict) and "secret_key" not in service:
        variables["service.secret_key"] = _SECRET_KEY
        service["secret_key"] = f"${{{_SECRET_KEY}}}"
    interpolation = _Interpolation(folder=file.parent, environ=environ, errors=errors)
    return RawSettings(
        file=file,
        values=values,
        interpolated={key: interpolation.interpolate(key, value) for key, value in values.items()},
        variables=variables,
        errors=tuple(errors),
    )


def _parse(file: pathlib.Path) -> dict[str, Value]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"settings file {file} does not exist",
            hint="Create one with `syndicate init REPOSITORY`, or name one with --config.",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"cannot read settings file {file}: {error.strerror}",
            hint="Check the path and its permissions, or name another file with --config.",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"invalid TOML in {file}: {error}", hint="See https://toml.io for the syntax."
        ) from None


def _overrides(environ: Mapping[str, str]) -> Iterator[tuple[str, list[str], str]]:
    for variable, text in sorted(environ.items()):
        if variable.startswith(_PREFIX) and _LEVEL_SEPARATOR in variable:
            yield variable, variable.removeprefix(_PREFIX).lower().split(_LEVEL_SEPARATOR), text


def _set_value(tables: dict[str, Value], keys: list[str], text: str) -> bool:
    *path, last = keys
    for key in path:
        table = tables.setdefault(key, {})
        if not isinstance(table, dict):
            return False
        tables = table
    tables[last] = text
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interpolation:
    folder: pathlib.Path
    environ: Mapping[str, str]
    errors: list[SettingError]

    def interpolate(self, name: str, value: Value) -> Value:
        if isinstance(value, dict):
            return {key: self.interpolate(f"{name}.{key}", inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.interpolate(f"{name}[{n}]", inner) for n, inner in enumerate(value)]
        return self._interpolate_text(name, value) if isinstance(value, str) else value

    def _interpolate_text(self, name: str, text: str) -> str:
        def replace(reference: re.Match[str]) -> str:
            try:
                return (self._read_file if reference["is_file"] else self._read_variable)(
                    reference["name"]
                )
            except ValueError as error:
                self.errors.append((name, f"{reference[0]}: {error}"))
                return reference[0]

        return _REFERENCE.sub(replace, text)

    def _read_variable(self, variable: str) -> str:
        if not _VARIABLE_NAME.fullmatch(variable):
            raise ValueError("expected the name of a variable or file:PATH")
        if variable not in self.environ:
            raise ValueError("environment variable is not set")
        return self.environ[variable]

    def _read_file(self, path: str) -> str:
        try:
            return (self.folder / path).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise ValueError(f"cannot read the file ({error.strerror})") from None
        except UnicodeDecodeError:
            raise ValueError("the file is not UTF-8 text") from None
