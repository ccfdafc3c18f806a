"""Text and dates, written alike in all formats."""

import re
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from typing import Final, TypeVar, cast

from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.post import RenderedPost, Source, title_from_text

_S = TypeVar("_S", ServiceInfo, Source)
_T = TypeVar("_T")

_FORBIDDEN_CHARACTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_safe(value: _T) -> _T:
    """Return ``value`` without the characters that XML 1.0 section 2.2 forbids.

    Goes through tuples and dataclasses. One such character would make a feed unreadable, and the
    formats would differ if JSON kept it.
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
    """Return ``item`` without forbidden characters, with a title of one line.

    The title is empty if the post has none of its own. Authors without a name are left out.
    """
    item = xml_safe(item)
    return replace(
        item,
        post=replace(item.post, title=single_line(item.post.own_title)),
        authors=tuple(author for author in item.authors if author.name.strip()),
    )


def title_or_beginning(item: RenderedPost) -> str:
    """Return the title of a sanitized ``item``; without one, the beginning of its text.

    For formats that require a title; of a post without any text, its URL.
    """
    beginning = title_from_text(item.text) or title_from_text(item.summary)
    return item.post.title or beginning or item.post.url


def has_author(item: RenderedPost) -> bool:
    """Return whether ``item`` has an author with a name."""
    return any(xml_safe(author.name).strip() for author in item.authors)


def sanitized_header(feed: Feed) -> Feed:
    """Return ``feed`` without forbidden characters and without its items."""
    return replace(
        feed,
        service_info=_cached_xml_safe(feed.service_info),
        title=single_line(xml_safe(feed.title)) or feed.name,
        description=xml_safe(feed.description),
        language=xml_safe(feed.language),
        items=(),
        sources=tuple(_cached_xml_safe(source) for source in feed.sources),
    )


def rfc3339(time: datetime) -> str:
    """Return an aware ``time`` with its own offset, so that it begins with the local day.

    A fraction is written only where it is not zero, in milliseconds or microseconds; UTC is ``Z``.
    """
    precision = "seconds"
    if time.microsecond:
        precision = "microseconds" if time.microsecond % 1000 else "milliseconds"
    return _whole_minute_offset(time).isoformat(timespec=precision).replace("+00:00", "Z")


def rfc822(time: datetime) -> str:
    """Return an aware ``time`` in the format of RSS, in English for any locale."""
    return format_datetime(_whole_minute_offset(time))


def single_line(text: str) -> str:
    """Return ``text`` with a space for each run of white space."""
    return " ".join(text.split())


@lru_cache(maxsize=256)
def _cached_xml_safe(value: _S) -> _S:
    """Return `xml_safe` of a value from the settings, which there are few of."""
    return xml_safe(value)


def _whole_minute_offset(time: datetime) -> datetime:
    """Round the offset, which has seconds in historic zones; keep the local time."""
    offset = time.utcoffset() or timedelta()
    minutes = round(offset / timedelta(minutes=1))
    return time.replace(tzinfo=timezone(timedelta(minutes=minutes)))
