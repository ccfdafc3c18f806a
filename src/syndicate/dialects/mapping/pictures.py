"""The pictures that front matter names, and what it says about them in words."""

import re
from typing import Final, NamedTuple

from syndicate.dialects.mapping.keys import Reading
from syndicate.dialects.mapping.place import Place
from syndicate.dialects.mapping.values import declared, is_address, texts

_SITE: Final = re.compile(r"^\{\{-?\s*site\.(?:base)?url\s*-?\}\}")
_TEMPLATE: Final = re.compile(r"\{[{%]")
_ADDRESS: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_FILE_NAME: Final = re.compile(r"\S+\.(?:jpe?g|png|gif|svg|webp|avif|tiff?|bmp)", re.IGNORECASE)


class Picture(NamedTuple):
    """An image by its address, relative or absolute, empty if there is none; and its alt text."""

    address: str
    alt: str | None


NONE: Final = Picture("", None)


def picture(reading: Reading, name: str, place: Place) -> Picture:
    """Return the picture of the field ``name`` with the alt text of its twin ``name_alt``."""
    address = reading.find(name, _address)
    if address is None:
        return NONE
    line = reading.line(reading.keys[name])
    if not re.search(r"[./]", address) or _TEMPLATE.search(address):
        reading.note(
            "image-id",
            f"{reading.keys[name]} is not the path of an image: {address}"[:200],
            "Write the path from the root of the site, beginning with a slash.",
            line=line,
        )
        return NONE
    if not is_address(address):
        reading.note(
            "broken-scheme",
            f"{reading.keys[name]} is an address that nothing can follow: {address}"[:200],
            "Begin it with https://, or with / for an image of the site.",
            line=line,
            level="error",
        )
        return NONE
    alt = _alt(reading, f"{name}_alt")
    if alt is None:
        reading.note(
            "image-alt",
            f"nothing says in words what {address} shows",
            f"Describe it in {reading.first_key(name + '_alt')}.",
            line=line,
        )
    return Picture(_rooted(address, place), alt)


def _address(value: object) -> str | None:
    written = texts(value)
    return _SITE.sub("", written[0]).strip() or None if written else None


def _rooted(address: str, place: Place) -> str:
    """Return ``address`` with a leading slash, unless it is absolute or lies beside its page."""
    if _ADDRESS.match(address) or address.startswith("/") or place.bundle:
        return address
    return f"/{address.removeprefix('./')}"


def _alt(reading: Reading, name: str) -> str | None:
    for key, value in reading.values(name, blank=True):
        alt = declared(value)
        if alt is None:
            continue
        if _FILE_NAME.fullmatch(alt):
            reading.note(
                "image-alt-file-name",
                f"{key} is a file name, not a description: {alt}",
                "Say what the image shows.",
                line=reading.line(key),
            )
            return None
        reading.came(name, key)
        return alt
    return None
