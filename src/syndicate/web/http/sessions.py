"""Sessions of the portal in browsers: cookie, CSRF token, and the origin of forms."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import Forbidden, UsageError
from syndicate.model.access_token import AccessToken
from syndicate.model.feed import ServiceInfo
from syndicate.web.http.request_body import read_body
from syndicate.web.http_policy import NO_STORE
from syndicate.web.services import Services

LOGIN_PATH: Final = "/portal/login"
_HOME_PATH: Final = "/portal"
CSRF_FIELD: Final = "csrf"

MAX_FORM_BYTES: Final = 16_384
"""Bytes of a form; more are rejected (413)."""

_MAX_FIELDS: Final = 200
_COOKIE: Final = "session"
_SECURE_PREFIX: Final = "__Host-"
"""A browser accepts a cookie of this name only from the host itself, with Secure (RFC 6265bis)."""
_RETURN_PATH: Final = re.compile(r"/(portal|explain|check|sources)([/?][\x21-\x7e]*)?")
_SAME_SITE_FETCHES: Final = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The session of a request, and the token of the person who logged in."""

    id: str = field(repr=False)
    token: AccessToken

    @property
    def csrf(self) -> str:
        """What forms of this session send back: nobody can derive it without the session id."""
        return hmac.digest(self.id.encode(), b"csrf", "sha256").hex()


Form = Mapping[str, tuple[str, ...]]
"""Values of a form by field, without surrounding white space."""


def cookie_name(service_info: ServiceInfo) -> str:
    """Return the name of the cookie: with the prefix of secure cookies, except on loopback."""
    return _COOKIE if is_plain_loopback(service_info) else f"{_SECURE_PREFIX}{_COOKIE}"


def is_plain_loopback(service_info: ServiceInfo) -> bool:
    """Return whether the public URL is http on this host, where browsers have no TLS."""
    parts = urlsplit(service_info.public_url)
    host = parts.hostname or ""
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost" or host.endswith(".localhost")
    return parts.scheme == "http" and is_loopback


def set_session_cookie(response: Response, service_info: ServiceInfo, session_id: str) -> None:
    """Make the browser keep a session until it is closed; delete it if ``session_id`` is empty."""
    response.set_cookie(
        cookie_name(service_info),
        session_id,
        max_age=None if session_id else 0,
        path="/",
        secure=not is_plain_loopback(service_info),
        httponly=True,
        samesite="strict",
    )


async def find_session(
    request: Request, reader: Services, service_info: ServiceInfo
) -> Session | None:
    """Return the session of ``request``, None if it has ended or never began."""
    session_id = request.cookies.get(cookie_name(service_info), "")
    if not session_id:
        return None
    service = await reader.subscription_service()
    token = await service.access.session_token(session_id)
    return None if token is None else Session(id=session_id, token=token)


async def require_session(request: Request, reader: Services, service_info: ServiceInfo) -> Session:
    """Return the session of ``request``; without one, redirect to the login and back (303).

    After a form, whose address shows no page, the login leads to the portal.
    """
    session = await find_session(request, reader, service_info)
    if session is None:
        target = _HOME_PATH
        if request.method in {"GET", "HEAD"}:
            query = f"?{request.url.query}" if request.url.query else ""
            target = f"{request.url.path}{query}"
        location = f"{local_url(service_info, LOGIN_PATH)}?next={quote(target, safe='/')}"
        raise HTTPException(
            HTTPStatus.SEE_OTHER, headers={"Location": location, "Cache-Control": NO_STORE}
        )
    return session


def local_url(service_info: ServiceInfo, path: str) -> str:
    """Return the URL of ``path`` and its query without scheme and host: any host name works."""
    return urlsplit(service_info.url(path))._replace(scheme="", netloc="").geturl()


def return_path(text: str) -> str:
    """Return the page to show after the login: never one of another site."""
    return text if _RETURN_PATH.fullmatch(text) else _HOME_PATH


async def read_form(request: Request, service_info: ServiceInfo) -> Form:
    """Return the form in the body of ``request``, which a page of this service must have sent.

    Raises `HTTPException` for another media type (415) or a long body (413), and `Forbidden` for a
    form of another site.
    """
    check_origin(request, service_info)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body is {media_type or 'of no type'}, no form"
        )
    body = bytearray()
    await read_body(request, body.extend, max_bytes=MAX_FORM_BYTES)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise UsageError(
            f"the form cannot be read: {error}",
            code="malformed-request",
            hint="Send the form of the page.",
        ) from None
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value.strip())
    return values


def check_origin(request: Request, service_info: ServiceInfo) -> None:
    """Raise `Forbidden` for a form that a page of another site sent.

    Browsers say so in Sec-Fetch-Site (Fetch Metadata) or in Origin (RFC 6454).
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_own = site in _SAME_SITE_FETCHES if site else True
    if site is None and origin is not None:
        own_hosts = {request.headers.get("host", ""), urlsplit(service_info.public_url).netloc}
        is_own = origin.partition("://")[2] in own_hosts - {""}  # no host in the origin "null"
    if not is_own:
        raise Forbidden(
            "the form was sent by a page of another site",
            code="cross-site-request",
            hint="Open the portal and send the form there.",
        )


def check_csrf(session: Session, form: Form) -> None:
    """Raise `Forbidden` unless ``form`` is one of this session."""
    given = form.get(CSRF_FIELD, ("",))[0]
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise Forbidden(
            "the form is not of this session",
            code="stale-form",
            hint="Load the page again and repeat what you did.",
        )
