"""What the values of configuration and front matter mean: text, lists, yes and no; pure."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

_YES: Final = frozenset({"true", "yes", "on"})
_NO: Final = frozenset({"false", "no", "off"})
_PLACEHOLDER_HOST: Final = re.compile(
    r"(?:^|\.)example(?:\.[a-z.]+)?$|\.(?:test|invalid|localhost|local)$|^localhost$"
)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_NAME_KEYS: Final = ("name", "display_name", "full_name", "displayName", "title", "label")
_URL_KEYS: Final = ("url", "website", "site", "link", "web", "homepage")


def text(value: object) -> str:
    """Return ``value`` as text without white space around it, empty if it is no text."""
    return value.strip() if isinstance(value, str) else ""


def flag(value: object) -> bool | None:
    """Return ``value`` as yes or no, in the words of YAML 1.1; None if it is neither."""
    if isinstance(value, bool):
        return value
    word = text(value).lower()
    return True if word in _YES else False if word in _NO else None


def texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list, or the text of a single value."""
    values = value if isinstance(value, list) else [value]
    return tuple(found for each in values if (found := text(each)))


def mapping(value: object) -> Mapping[str, object]:
    """Return ``value`` if it has keys, else nothing with keys."""
    return value if isinstance(value, dict) else {}


def first_text(values: Mapping[str, object], keys: Iterable[str]) -> tuple[str, str]:
    """Return the first of ``keys`` that has a text in ``values``, and the text; else two empty."""
    return next(((key, found) for key in keys if (found := text(values.get(key)))), ("", ""))


def person_name(values: Mapping[str, object]) -> str:
    """Return the name in the data of an author, empty if there is none."""
    return first_text(values, _NAME_KEYS)[1]


def person_url(values: Mapping[str, object]) -> str:
    """Return the URL in the data of an author, empty if there is none."""
    found = first_text(values, _URL_KEYS)[1]
    return found if found.startswith(("http://", "https://")) else ""


def is_zone(name: str) -> bool:
    """Return whether ``name`` is a time zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def language_tag(value: object) -> str:
    """Return ``value`` as a language tag (BCP 47), empty if it is none."""
    found = text(value)
    return found.replace("_", "-") if _LANGUAGE.fullmatch(found) else ""


def base_url_error(url: str) -> str:
    """Return why ``url`` is no URL that a public site can have, empty if it may be one."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "it is not a URL"
    if parts.scheme not in ("http", "https") or not host:
        return "it is not an absolute http or https URL"
    if re.search(r"[\s?#${}%<>]|\[", url):
        return "it holds characters that no base URL has"
    if _PLACEHOLDER_HOST.search(host):
        return f"{host} is a placeholder or a local host"
    return _ip_error(host)


def _ip_error(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "" if "." in host else f"{host} is no public host"
    return "" if address.is_global else f"{host} is no public address"
