"""Images of front matter with their alternative text, and files that it attaches to a post."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from syndicate.dialects.fields import (
    AttachedFile,
    FieldReader,
    as_declared_text,
    as_plain_text,
    as_text,
    is_url,
)
from syndicate.dialects.front_matter.permalink import PostPath

_SITE_URL_TAGS: Final = re.compile(r"(?:\{\{-?\s*site\.(?:base)?url\s*-?\}\})+")
_TEMPLATE: Final = re.compile(r"\{[{%]")
_ABSOLUTE_URL: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_URL_KEYS: Final = ("src", "url", "path", "image", "file", "filename", "source", "href")
"""Keys of the URL in the object of an image, in order of precedence."""
_ALT_KEYS: Final = ("alt", "alt_text", "image_alt", "alternative_text")
_FILE_NAME: Final = re.compile(r"\S+\.(?:jpe?g|png|gif|svg|webp|avif|tiff?|bmp)", re.IGNORECASE)


class FrontMatterImage(NamedTuple):
    """The URL of an image, relative or absolute, empty if there is none; and its alt text."""

    url: str
    alt: str | None


NO_IMAGE: Final = FrontMatterImage("", None)


def read_image(reader: FieldReader, field: str, path: PostPath) -> FrontMatterImage:
    """Return the image of ``field`` with the alt text of the field ``FIELD_alt``."""
    url = reader.find(field, partial(_parse_url, base_path=base_path_of(reader)))
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
    alt = reader.find(field, _parse_alt) if alt is None else alt
    if alt is None:
        reader.report(
            "image-alt",
            f"the image {url} has no alternative text",
            f"Describe the image in {reader.first_key(field + '_alt')}.",
            line=line,
        )
    return FrontMatterImage(absolute_path(url, path), alt)


def _parse_url(value: object, base_path: str) -> str | None:
    """Return the URL in ``value``; tags for the base URL of the site give ``base_path``."""
    return resolve_site_url(_first_text(value, _URL_KEYS) or "", base_path) or None


def _first_text(value: object, keys: Sequence[str]) -> str | None:
    """Return the text ``value``, or the first one of ``keys`` in an object or a list of them."""
    if isinstance(value, list):
        return next((text for each in value if (text := _first_text(each, keys))), None)
    if isinstance(value, dict):
        found = (text for key in keys if (text := as_text(value.get(key))) is not None)
        return next(found, None)
    return as_text(value)


def _parse_alt(value: object) -> str | None:
    """Return the alternative text in the object of an image, or in the first of a list of them."""
    entry = value[0] if isinstance(value, list) and value else value
    return _first_text(entry, _ALT_KEYS) if isinstance(entry, dict) else None


def base_path_of(reader: FieldReader) -> str:
    """Return the path of the base URL of the site, without a slash at the end."""
    return urlsplit(reader.source.site_url).path.rstrip("/")


def resolve_site_url(reference: str, base_path: str) -> str:
    """Return ``reference`` with ``base_path`` for leading tags of the base URL of the site."""
    tags = _SITE_URL_TAGS.match(reference)
    if tags is None:
        return reference
    path = reference[tags.end() :].strip()
    return f"{base_path}{path}" if path and "baseurl" in tags[0] else path


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


_ATTACHMENT_URL_KEYS: Final = ("url", "src", "file", "path", "href", "mp3")
_TYPE_KEYS: Final = ("type", "mime_type", "mimetype")
_LENGTH_KEYS: Final = ("length", "size", "bytes", "size_in_bytes")
_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+", re.IGNORECASE)
_URL_PART: Final = re.compile(r"[./]")
"""What a URL or a path has, but no word such as ``true``."""
_LENGTH: Final = re.compile(r"\d{1,12}", re.ASCII)


def read_attachments(reader: FieldReader, path: PostPath) -> tuple[AttachedFile, ...]:
    """Return the attached files, each URL once.

    A value is a URL or path, an object with one, a list of these, or the three words of an
    enclosure of RSS: URL, length and media type.
    """
    found: dict[str, AttachedFile] = {}
    for key, value in reader.values("attachments"):
        for entry in value if isinstance(value, list) else [value]:
            for attached in _read(entry, path, base_path_of(reader)):
                found.setdefault(attached.url, attached)
                reader.record_origin("attachments", key)
    return tuple(found.values())


def _read(entry: object, path: PostPath, base_path: str) -> Iterator[AttachedFile]:
    text = resolve_site_url(as_text(entry) or "", base_path)
    values = entry if isinstance(entry, dict) else _words(text)
    url = resolve_site_url(_first(values, _ATTACHMENT_URL_KEYS), base_path)
    if not _URL_PART.search(url) or not is_url(url):
        return
    media_type, length = _first(values, _TYPE_KEYS), _first(values, _LENGTH_KEYS)
    yield AttachedFile(
        url=absolute_path(url, path),
        type=media_type.lower() if _MEDIA_TYPE.fullmatch(media_type) else "",
        title=as_plain_text(values.get("title")) or "",
        length=int(length) if _LENGTH.fullmatch(length) else None,
    )


def _words(text: str) -> Mapping[str, object]:
    """Return the URL, and what follows it in an enclosure that is written as three words."""
    url, *others = text.split() or [""]
    if len(others) > 2:  # noqa: PLR2004 — not an enclosure but a text
        return {}
    length = next((word for word in others if _LENGTH.fullmatch(word)), "")
    media_type = next((word for word in others if _MEDIA_TYPE.fullmatch(word)), "")
    return {"url": url, "length": length, "type": media_type}


def _first(values: Mapping[str, object], keys: tuple[str, ...]) -> str:
    """Return the text of the first of ``keys`` that has one; a number counts as text."""
    for key in keys:
        value = values.get(key)
        text = str(value) if type(value) is int else as_text(value)
        if text:
            return text
    return ""
