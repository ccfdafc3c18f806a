"""Characters, instants and media types as every format writes them."""

import re
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final, TypeVar, cast
from urllib.parse import urlsplit

from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.post import RenderedPost, Source

_S = TypeVar("_S", ServiceInfo, Source)
_T = TypeVar("_T")

_FORBIDDEN_CHARACTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_MEDIA_TYPES: Final = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


def xml_safe(value: _T) -> _T:
    """Return ``value`` with every text in it stripped of what XML 1.0 section 2.2 forbids.

    Looks into tuples and dataclasses. One such character would cost a reader the whole feed, and
    the formats would differ if only XML went without it.
    """
    if isinstance(value, str):
        return cast("_T", _FORBIDDEN_CHARACTER.sub("", value))
    if isinstance(value, tuple):
        return cast("_T", tuple(map(xml_safe, value)))
    if is_dataclass(value) and not isinstance(value, type):
        texts = {field.name: xml_safe(getattr(value, field.name)) for field in fields(value)}
        return replace(value, **texts)
    return value


def sanitized(item: RenderedPost) -> RenderedPost:
    """Return ``item`` clean, with a title of one line (its address if it has none left).

    Authors whose name says nothing are left out.
    """
    item = xml_safe(item)
    return replace(
        item,
        post=replace(item.post, title=_single_line(item.post.title) or item.post.url),
        authors=tuple(author for author in item.authors if author.name.strip()),
    )


def sanitized_header(feed: Feed) -> Feed:
    """Return ``feed`` clean and without its items: what stands above them."""
    return replace(
        feed,
        service_info=_cached_xml_safe(feed.service_info),
        title=_single_line(xml_safe(feed.title)) or feed.name,
        description=xml_safe(feed.description),
        language=xml_safe(feed.language),
        items=(),
        sources=tuple(_cached_xml_safe(source) for source in feed.sources),
    )


def rfc3339(time: datetime) -> str:
    """Return an aware ``moment`` with its own offset, so that it begins with its true day.

    Milliseconds appear only where there are any, microseconds likewise; UTC is ``Z``.
    """
    precision = "seconds"
    if time.microsecond:
        precision = "microseconds" if time.microsecond % 1000 else "milliseconds"
    return _whole_minute_offset(time).isoformat(timespec=precision).replace("+00:00", "Z")


def rfc822(time: datetime) -> str:
    """Return an aware ``moment`` in the form of RSS, in English whatever the process speaks."""
    return format_datetime(_whole_minute_offset(time))


def media_type(url: str) -> str:
    """Return the media type of an image by the ending of its address, empty if unknown.

    The standard library's table depends on the machine; the bytes of a feed must not.
    """
    return _MEDIA_TYPES.get(PurePosixPath(urlsplit(url).path).suffix.lower(), "")


def _single_line(text: str) -> str:
    return " ".join(text.split())


@lru_cache(maxsize=256)
def _cached_xml_safe(value: _S) -> _S:
    """Clean what stays the same for as long as the service runs."""
    return xml_safe(value)


def _whole_minute_offset(time: datetime) -> datetime:
    """Round the offset, which has seconds before time zones were agreed on; keep the clock."""
    offset = time.utcoffset() or timedelta()
    minutes = round(offset / timedelta(minutes=1))
    return time.replace(tzinfo=timezone(timedelta(minutes=minutes)))
