"""HTTP responses from representations: content coding (RFC 9110, 12.5.3), conditions (13)."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from syndicate.feeds import Encoding, RawHeaders, Representation
from syndicate.web.http_policy import NO_STORE, REPLACE_IN_NGINX

IDENTITY: Final[Encoding] = "identity"

_CODINGS: Final[tuple[Encoding, ...]] = ("br", "gzip", IDENTITY)
"""The smallest first; decides between codings that a client accepts with equal weight."""

_CODING: Final = re.compile(
    r"\s*(?P<coding>[!#$%&'*+.^_`|~\w-]+)\s*(?:;\s*q=(?P<q>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*",
    re.ASCII | re.IGNORECASE,
)
_ENTITY_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')

_MIN_AGE: Final = timedelta(seconds=2)
"""Age from which a date is sent as Last-Modified."""


class RawResponse(Response):
    """A response whose header fields are encoded already."""

    def __init__(self, status_code: int, headers: RawHeaders, body: bytes = b"") -> None:
        self.status_code = status_code
        self.background = None
        self.body = body
        self.raw_headers = list(headers)


def conditional_response(
    request: Request,
    representation: Representation,
    *,
    cache_control: str,
    headers: Mapping[str, str] = {},
) -> Response:
    """Return 200 or 304 with ``representation``; raises 406 if no coding is acceptable.

    The response to HEAD is that to GET: the middleware removes the body.
    """
    accept_encoding = _header(request, "accept-encoding")
    if_none_match = _header(request, "if-none-match")
    coding = _coding_of_client(representation, accept_encoding, if_none_match) or choose_coding(
        accept_encoding, representation.codings
    )
    if coding is None:
        raise HTTPException(406, "no acceptable content encoding")
    variant = representation.variants[coding]
    last_modified = last_modified_to_send(representation.last_modified)
    fields = [
        *variant.validators,
        *(representation.date_header if last_modified else ()),
        *(REPLACE_IN_NGINX if cache_control == NO_STORE else ()),
        (b"cache-control", cache_control.encode()),
        *((name.lower().encode(), value.encode()) for name, value in headers.items()),
    ]
    if is_not_modified(
        if_none_match=if_none_match,
        if_modified_since=_header(request, "if-modified-since"),
        etag=variant.etag,
        last_modified=last_modified,
    ):
        return RawResponse(304, fields)
    return RawResponse(200, [*fields, *variant.content], variant.body)


def last_modified_to_send(last_modified: datetime | None) -> datetime | None:
    """Return the date to send as Last-Modified now, None if there is none to send.

    The date is never after Date (RFC 9110 section 8.8.2.1), which lags behind the clock by up to
    a second, nor so recent that the content may change again within the same second.
    """
    if last_modified is None or datetime.now(UTC) < sendable_from(last_modified):
        return None
    return last_modified


def sendable_from(last_modified: datetime) -> datetime:
    """Return the time from which ``last_modified`` is sent."""
    return last_modified + _MIN_AGE


def is_not_modified(
    *,
    if_none_match: str | None,
    if_modified_since: str | None,
    etag: str,
    last_modified: datetime | None,
) -> bool:
    """Return whether the response to a GET or HEAD with these header fields is 304.

    ``etag`` is a strong entity tag with its quotes. If-None-Match, compared weakly, takes
    precedence: where it is given, dates are ignored. An invalid date counts as absent.

    A date must be the very one that was sent: commit dates are not in the order in which readers
    see the commits (clocks differ, a branch is reset), so that a later one proves nothing. This
    is stricter than RFC 9110 section 13.1.3 requires.
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or etag in _ENTITY_TAG.findall(if_none_match)
    if if_modified_since is None or last_modified is None:
        return False
    since = _parse_http_date(if_modified_since)
    return since is not None and last_modified.replace(microsecond=0) == since


def choose_coding(accept_encoding: str | None, available: Collection[Encoding]) -> Encoding | None:
    """Return the coding of the response (RFC 9110 section 12.5.3), None if none is acceptable.

    Identity is always available. Malformed elements count as absent.
    """
    if accept_encoding is None:
        return IDENTITY
    weights = _weights(accept_encoding)
    acceptable = {
        coding: weight
        for coding in _CODINGS
        if coding in available or coding == IDENTITY
        if (weight := _weight(coding, weights)) > 0
    }
    return max(acceptable, key=acceptable.__getitem__, default=None)


def _coding_of_client(
    representation: Representation, accept_encoding: str | None, if_none_match: str | None
) -> Encoding | None:
    """Return the acceptable coding of the version that the client has, None if it has none.

    The final compression is ready a moment after the first request, on each replica at another
    time, and may change which coding is chosen: the client is not sent the same content again.
    """
    if if_none_match is None:
        return None
    for coding in ("gzip", "br"):
        if choose_coding(accept_encoding, {coding}) == coding and is_not_modified(
            if_none_match=if_none_match,
            if_modified_since=None,
            etag=representation.variants[coding].etag,
            last_modified=None,
        ):
            return coding
    return None


def _header(request: Request, name: str) -> str | None:
    """Return a header field, its lines joined (RFC 9110 section 5.3)."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def _parse_http_date(http_date: str) -> datetime | None:
    """Parse an HTTP date: whole seconds, and GMT, regardless of the zone given."""
    try:
        date = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date


def _weights(accept_encoding: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for element in accept_encoding.split(","):
        if match := _CODING.fullmatch(element):
            coding = match["coding"].lower().removeprefix("x-")
            weights.setdefault(coding, float(match["q"] or 1))
    return weights


def _weight(coding: str, weights: dict[str, float]) -> float:
    """Return the weight of ``coding``; identity, where not mentioned, is better than nothing."""
    if coding in weights:
        return weights[coding]
    if "*" in weights:
        return weights["*"]
    return 0.0001 if coding == IDENTITY else 0.0
