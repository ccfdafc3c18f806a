"""Files that front matter attaches to a post: recordings, and enclosures of podcasts."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from syndicate.dialects.fields import AttachedFile
from syndicate.dialects.front_matter.field_reader import FieldReader, as_plain_text, as_text, is_url
from syndicate.dialects.front_matter.images import absolute_path, base_path_of, resolve_site_url
from syndicate.dialects.front_matter.post_path import PostPath

_URL_KEYS: Final = ("url", "src", "file", "path", "href", "mp3")
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
    url = resolve_site_url(_first(values, _URL_KEYS), base_path)
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
