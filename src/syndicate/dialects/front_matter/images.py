"""The images of front matter and their alternative text."""

import re
from typing import Final, NamedTuple

from syndicate.dialects.front_matter.field_reader import FieldReader
from syndicate.dialects.front_matter.post_path import PostPath
from syndicate.dialects.front_matter.value_parsers import as_declared_text, as_texts, is_url

_SITE_URL_TAG: Final = re.compile(r"^\{\{-?\s*site\.(?:base)?url\s*-?\}\}")
_TEMPLATE: Final = re.compile(r"\{[{%]")
_ABSOLUTE_URL: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_FILE_NAME: Final = re.compile(r"\S+\.(?:jpe?g|png|gif|svg|webp|avif|tiff?|bmp)", re.IGNORECASE)


class FrontMatterImage(NamedTuple):
    """The URL of an image, relative or absolute, empty if there is none; and its alt text."""

    url: str
    alt: str | None


NO_IMAGE: Final = FrontMatterImage("", None)


def read_image(reader: FieldReader, field: str, path: PostPath) -> FrontMatterImage:
    """Return the image of ``field`` with the alt text of the field ``FIELD_alt``."""
    url = reader.find(field, _parse_url)
    if url is None:
        return NO_IMAGE
    line = reader.line(reader.keys[field])
    if not re.search(r"[./]", url) or _TEMPLATE.search(url):
        reader.report(
            "image-id",
            f"{reader.keys[field]} is not the path of an image: {url}"[:200],
            "Write the path from the root of the site, starting with a slash.",
            line=line,
        )
        return NO_IMAGE
    if not is_url(url):
        reader.report(
            "broken-scheme",
            f"{reader.keys[field]} is not a valid URL: {url}"[:200],
            "Begin the URL with https://, or with / for an image of the site.",
            line=line,
            level="error",
        )
        return NO_IMAGE
    alt = _read_alt(reader, f"{field}_alt")
    if alt is None:
        reader.report(
            "image-alt",
            f"the image {url} has no alternative text",
            f"Describe the image in {reader.first_key(field + '_alt')}.",
            line=line,
        )
    return FrontMatterImage(absolute_path(url, path), alt)


def _parse_url(value: object) -> str | None:
    texts = as_texts(value)
    return without_site_url(texts[0]) or None if texts else None


def without_site_url(reference: str) -> str:
    """Return ``reference`` without the template tag of the site's URL at its beginning."""
    return _SITE_URL_TAG.sub("", reference).strip()


def absolute_path(url: str, path: PostPath) -> str:
    """Return ``url`` with a leading slash, unless it is absolute or relative to a page bundle."""
    if _ABSOLUTE_URL.match(url) or url.startswith("/") or path.is_bundle:
        return url
    return f"/{url.removeprefix('./')}"


def _read_alt(reader: FieldReader, field: str) -> str | None:
    for key, value in reader.values(field, with_blank=True):
        alt = as_declared_text(value)
        if alt is None:
            continue
        if _FILE_NAME.fullmatch(alt):
            reader.report(
                "image-alt-file-name",
                f"{key} is a file name, not a description: {alt}",
                "Describe what the image shows.",
                line=reader.line(key),
            )
            return None
        reader.record_origin(field, key)
        return alt
    return None
