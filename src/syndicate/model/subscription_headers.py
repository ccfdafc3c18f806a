"""Header fields that a subscriber adds to its webhooks, such as credentials for a firewall."""

import re
from collections.abc import Mapping
from typing import Final

from syndicate.errors import UsageError

SubscriptionHeaders = tuple[tuple[str, str], ...]
"""Names and values, in the order in which they are sent; the values are secrets."""

MAX_HEADERS: Final = 5
_MAX_VALUE_CHARACTERS: Final = 1_000

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""A field name (RFC 9110 section 5.6.2)."""

_VALUE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
"""A field value in visible ASCII, without spaces around it (RFC 9110 section 5.5)."""

_RESERVED: Final = re.compile(
    r"(?:webhook|syndicate|content|proxy|sec|x-forwarded)-.*"
    r"|accept-encoding|connection|cookie2?|date|expect|forwarded|host|keep-alive|te|trailer"
    r"|transfer-encoding|upgrade|user-agent|via",
    re.IGNORECASE,
)
"""Fields of the request itself, of the signature, and of the connection."""


def parse_headers(headers: Mapping[str, object]) -> SubscriptionHeaders:
    """Return the header fields of a subscription; raises `UsageError` if one is not allowed."""
    if len(headers) > MAX_HEADERS:
        raise UsageError(
            f"{len(headers)} header fields are too many; at most {MAX_HEADERS} are allowed",
            code="too-many-headers",
        )
    names = [name.lower() for name in headers]
    for name, value in headers.items():
        _check_name(name, names)
        _check_value(name, value)
    return tuple((name, str(value)) for name, value in headers.items())


def _check_name(name: str, names: list[str]) -> None:
    if not _NAME.fullmatch(name) or names.count(name.lower()) > 1:
        raise UsageError(
            f"{name[:100]!r} is not the name of one header field",
            code="malformed-header",
            hint="Write it like X-Api-Key, once.",
        )
    if _RESERVED.fullmatch(name):
        raise UsageError(
            f"the header field {name} is set by the service",
            code="reserved-header",
            hint="Use another name, such as Authorization or X-Api-Key.",
        )


def _check_value(name: str, value: object) -> None:
    is_valid = isinstance(value, str) and _VALUE.fullmatch(value)
    if not is_valid or len(str(value)) > _MAX_VALUE_CHARACTERS:
        raise UsageError(
            f"the value of the header field {name} cannot be sent",
            code="malformed-header",
            hint=f"Use 1 to {_MAX_VALUE_CHARACTERS:,} visible ASCII characters, with spaces only "
            "between them.",
        )
