"""Whether a client already has what it asks for (RFC 9110 section 13)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_ENTITY_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def is_not_modified(
    *,
    if_none_match: str | None,
    if_modified_since: str | None,
    etag: str,
    last_modified: datetime | None,
) -> bool:
    """Tell whether 304 is the answer to a GET or HEAD with these header fields.

    ``etag`` is a strong entity tag with its quotes. If-None-Match, compared weakly, wins: where
    it is given, dates say nothing. A date that is not one counts as not sent.

    A date must be the very one that was sent: dates of commits are not in the order in which
    readers see them (clocks differ, a branch is reset), so that a later one proves nothing. That
    is stricter than RFC 9110 section 13.1.3 asks for.
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or etag in _ENTITY_TAG.findall(if_none_match)
    if if_modified_since is None or last_modified is None:
        return False
    since = _parse_http_date(if_modified_since)
    return since is not None and last_modified.replace(microsecond=0) == since


def _parse_http_date(http_date: str) -> datetime | None:
    """Read an HTTP date, which is whole seconds and means GMT whatever it says instead."""
    try:
        date = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
