"""From a representation to the answer that a request gets: coding, condition, headers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from syndicate.feeds import Encoding, Representation
from syndicate.feeds.formats.link import Link
from syndicate.web.http.conditional_request import is_not_modified
from syndicate.web.http.content_coding import IDENTITY, choose_coding

_CODINGS: Final[tuple[Encoding, ...]] = ("gzip", "br")

_MIN_AGE: Final = timedelta(seconds=2)
"""How long ago a date is that is sent as Last-Modified."""

MAX_LINK_BYTES: Final = 1_000
"""Bytes of a Link field, at most: nearly every link repeats the query. Proxies buffer heads of
4 kB or 8 kB; ours stay below 2 kB, whatever is asked."""

_LINK_ORDER: Final = {
    rel: place
    for place, rel in enumerate(["self", "hub", "next", "canonical", "first", "alternate"])
}
"""What matters most comes first: whoever wants to follow a feed by WebSub needs self and hub."""

_SEPARATOR: Final = ", "

_URL_CHARACTERS: Final = "!#$%&'()*+,/:;=?@[]~"
"""What of RFC 3986 an address may hold, beside letters and digits; all else is encoded."""


def conditional_response(
    request: Request,
    representation: Representation,
    *,
    cache_control: str,
    headers: Mapping[str, str] = {},
) -> Response:
    """Answer ``request`` with ``representation``: 200, 304, or 406 where no coding is acceptable.

    HEAD is answered as GET is; whoever sends the answer leaves the body out.
    """
    accepted = _header(request, "accept-encoding")
    bodies = _bodies(representation)
    coding = _coding_client_has(request, representation, accepted) or choose_coding(
        accepted, bodies
    )
    if coding is None:
        raise HTTPException(406, "none of the codings asked for is there")
    last_modified = last_modified_to_send(representation.last_modified)
    response_headers = {
        "ETag": representation.etag_of(coding),
        **last_modified_header(last_modified),
        "Cache-Control": cache_control,
        "Vary": "Accept-Encoding",
        **({"Link": links} if (links := link_header(representation.links)) else {}),
        **headers,
    }
    if is_not_modified(
        if_none_match=_header(request, "if-none-match"),
        if_modified_since=_header(request, "if-modified-since"),
        etag=response_headers["ETag"],
        last_modified=last_modified,
    ):
        return Response(None, 304, response_headers)
    response_headers["Content-Type"] = representation.media_type
    if coding != IDENTITY:
        response_headers["Content-Encoding"] = coding
    return Response(bodies[coding], 200, response_headers)


def last_modified_to_send(last_modified: datetime | None) -> datetime | None:
    """Return the date to send as Last-Modified now, None where there is none to send.

    It is never after Date (RFC 9110 section 8.8.2.1), which lags behind the clock by up to a
    second, nor so close to it that the content may change again within the same second.
    """
    if last_modified is None or datetime.now(UTC) < sendable_from(last_modified):
        return None
    return last_modified


def sendable_from(last_modified: datetime) -> datetime:
    """Return from when on ``last_modified`` is sent."""
    return last_modified + _MIN_AGE


def _coding_client_has(
    request: Request, representation: Representation, accepted: str | None
) -> Encoding | None:
    """Return the coding that the client accepts and has, though another may be preferred by now.

    A better one is made a moment after the first request, and on each replica in its own time:
    who has either is not sent the same again.
    """
    tags = _header(request, "if-none-match")
    if tags is None:
        return None
    for coding in _CODINGS:
        if choose_coding(accepted, {coding}) == coding and is_not_modified(
            if_none_match=tags,
            if_modified_since=None,
            etag=representation.etag_of(coding),
            last_modified=None,
        ):
            return coding
    return None


def _bodies(representation: Representation) -> dict[Encoding, bytes]:
    """Return the body in every coding that saves something, and plain."""
    size = len(representation.body)
    encoded = {coding: representation.encoded(coding) for coding in _CODINGS}
    smaller = {c: body for c, body in encoded.items() if len(body) < size}
    return {IDENTITY: representation.body, **smaller}


def _header(request: Request, name: str) -> str | None:
    """Return a header field, its lines joined as RFC 9110 section 5.3 has it."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def last_modified_header(time: datetime | None) -> Mapping[str, str]:
    """Return the Last-Modified field for ``moment``, none where that is None."""
    if time is None:
        return {}
    date = time.astimezone(UTC).replace(microsecond=0)
    return {"Last-Modified": format_datetime(date, usegmt=True)}


def link_header(links: Sequence[Link]) -> str:
    """Return the field value of ``links`` (RFC 8288), of at most `MAX_LINK_BYTES`; perhaps empty.

    Where not all fit, those go first that matter least. All but canonical stand in the body, too.
    """
    values = {link: _link_value(link) for link in links}
    size, kept = 0, set[Link]()
    for link in sorted(links, key=lambda link: _LINK_ORDER.get(link.rel, len(_LINK_ORDER))):
        size += len(values[link]) + len(_SEPARATOR)
        if size > MAX_LINK_BYTES:
            break
        kept.add(link)
    return _SEPARATOR.join(values[link] for link in links if link in kept)


def _link_value(link: Link) -> str:
    media_type = f'; type="{link.type}"' if link.type else ""
    return f'<{quote(link.href, safe=_URL_CHARACTERS)}>; rel="{link.rel}"{media_type}'
