"""Contacts that are notified, an email address or an https URL, and what they are sent."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from syndicate.errors import UsageError

_MAILTO: Final = "mailto:"
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
"""Email addresses as HTML forms accept them (HTML, section 4.10.5.1.5), with a dot in the host."""
_MAX_CHARACTERS: Final = 254
"""RFC 5321 section 4.5.3.1.3, less the angle brackets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a contact is sent: subject and text of a mail, or ``data`` as a JSON body."""

    subject: str
    text: str
    data: Mapping[str, object]


def contact_digest(contact: str) -> str:
    """Return 16 hexadecimal digits that stand for ``contact`` where it is not to be stored."""
    return hashlib.sha256(contact.encode()).hexdigest()[:16]


def email_address(contact: str) -> str:
    """Return the email address of ``contact``; empty if it is a URL or empty."""
    address = contact.removeprefix(_MAILTO)
    return "" if address.lower().startswith("https:") else address


def check_contact(contact: str) -> None:
    """Raise `UsageError` unless ``contact`` is empty, an email address or an https URL."""
    if not contact:
        return
    address = email_address(contact)
    if address:
        is_valid = len(address) <= _MAX_CHARACTERS and bool(_EMAIL.fullmatch(address))
    else:
        is_valid = _is_https_url(contact)
    if not is_valid:
        raise UsageError(
            f"invalid contact {contact!r}",
            code="malformed-contact",
            hint="Give an email address or an https URL, as in web-team@example.gov.",
        )


def _is_https_url(text: str) -> bool:
    """Return whether ``text`` is an https URL with a host and without a password."""
    try:
        parts = urlsplit(text)
        has_port = parts.port != 0  # raises ValueError beyond 65535
    except ValueError:
        return False
    is_text = text.isprintable() and " " not in text
    return is_text and has_port and bool(parts.hostname) and parts.username is None
