"""Error responses: problem details (RFC 9457) for programs, a page for browsers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final, Self
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from syndicate import telemetry
from syndicate.errors import (
    FieldError,
    Forbidden,
    NotReady,
    Rendering,
    RepositoryError,
    StorageError,
    SyndicateError,
    Unauthenticated,
    ValidationFailed,
)
from syndicate.model.feed import ServiceInfo
from syndicate.model.near_misses import MAX_CHOICES
from syndicate.model.search import MAX_SEARCH_CHARACTERS
from syndicate.render.pages.html_pages import content_security_policy, problem_page
from syndicate.web.http.content_negotiation import accepts_html, preferred_language
from syndicate.web.http_policy import NO_STORE, REPLACE_IN_NGINX

HUB_PATH: Final = "/hub"
PROXY_REQUEST_ID: Final = "syndicate.proxy_request_id"
"""Key of the ASGI scope for the X-Request-Id of a trusted proxy."""

REALM: Final = 'Bearer realm="syndicate"'
"""What a response 401 asks for in WWW-Authenticate (RFC 6750 section 3)."""

MEDIA_TYPE: Final = "application/problem+json"

_FEED_CODES: Final = ("unknown-feed", "not-found")
"""Codes of errors whose choices are names of feeds."""

_RETRY_SECONDS: Final = 30
_RETRY_SECONDS_BY_ERROR: Final[Mapping[type[Exception], int]] = {NotReady: 2, Rendering: 5}
"""Retry-After of errors that are over soon."""

_CHALLENGES: Final[Mapping[type[Exception], str]] = {
    Unauthenticated: "invalid_token",
    Forbidden: "insufficient_scope",
}
"""Error codes of RFC 6750 section 3.1."""

_MAX_DETAIL_CHARACTERS: Final = 500
"""Characters of a detail, which may repeat a part of the request."""

_INTERNAL_DETAILS: Final[Mapping[type[Exception], str]] = {
    RepositoryError: "a repository cannot be read at the moment",
    StorageError: "the database is not available at the moment",
}

_HINTS: Final = {
    400: ("malformed-request", "Send HTTP/1.1 as RFC 9112 has it."),
    401: ("unauthorized", "Send the header Authorization: Bearer TOKEN."),
    403: ("forbidden", "Ask the operator for a token of another role."),
    404: ("not-found", "The feeds are listed at /, the API is described at /openapi.json."),
    405: ("method-not-allowed", "Use a method that the header Allow names."),
    406: ("not-acceptable", "Leave Accept-Encoding out, or let it allow identity, gzip or br."),
    408: ("request-timeout", "Send it again."),
    413: ("content-too-large", "Leave out what is not wanted."),
    414: ("uri-too-long", "Ask for less at once."),
    415: ("unsupported-media-type", "Send what /openapi.json says, with its type in Content-Type."),
    429: (
        "too-many-requests",
        "Wait for the seconds in Retry-After; keep answers for as long as Cache-Control says.",
    ),
    431: ("header-fields-too-large", "Send fewer or shorter header fields."),
    503: (
        "too-many-connections",
        "Open fewer at once; try again after the seconds in Retry-After.",
    ),
    500: ("internal-error", "It was logged. Try again later; tell the contact if it stays."),
}
"""Code and hint of errors of HTTP itself, by status."""

_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Names of statuses that RFC 9110 changed."""

_PAGE_TITLES: Final = {
    400: "Invalid request",
    401: "Authentication required",
    403: "Access denied",
    404: "Page not found",
    405: "Method not allowed",
    410: "Page withdrawn",
    429: "Too many requests",
    500: "Internal error",
    503: "Service temporarily unavailable",
}
"""Headings of error pages, where the name of the status is a technical term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDetails:
    """An error as it is reported to clients."""

    status: int
    code: str
    detail: str
    hint: str = ""
    choices: tuple[str, ...] = ()
    choices_total: int = 0
    choices_path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    field_errors: tuple[FieldError, ...] = ()

    @classmethod
    def from_error(cls, error: Exception) -> Self:
        """Return the public details of ``error``.

        Messages of git, of the database and of unexpected errors are left out: they may contain
        paths and users of this host.
        """
        if isinstance(error, (RepositoryError, StorageError)):
            return cls(
                status=error.status,
                code=error.code,
                detail=_INTERNAL_DETAILS[type(error)],
                hint="Try again in a minute; the log says more.",
                headers=_retry_headers(error),
            )
        if isinstance(error, SyndicateError):
            return cls(
                status=error.status,
                code=error.code,
                detail=error.message[:_MAX_DETAIL_CHARACTERS],
                hint=error.hint,
                choices=error.choices[:MAX_CHOICES],
                choices_total=error.choices_total,
                choices_path=error.choices_path,
                headers={**_retry_headers(error), **_challenge_headers(error)},
                field_errors=error.errors if isinstance(error, ValidationFailed) else (),
            )
        if isinstance(error, HTTPException):
            code, hint = _HINTS[error.status_code]
            headers = error.headers or {}
            return cls(
                status=error.status_code,
                code=code,
                detail=error.detail[:_MAX_DETAIL_CHARACTERS],
                hint=hint,
                headers=headers,
            )
        code, hint = _HINTS[500]
        return cls(
            status=500, code=code, detail="the service failed to handle the request", hint=hint
        )

    @property
    def title(self) -> str:
        """The name of the status."""
        return _TITLES.get(self.status) or HTTPStatus(self.status).phrase

    @property
    def text(self) -> str:
        """Detail, hint and valid values in plain text, a line each."""
        known = f"Known: {', '.join(self.choices)}" if self.choices else ""
        if self.is_partial:
            known += f" and {self.choices_total - len(self.choices):,} more"
        return "".join(f"{line}\n" for line in (self.detail, self.hint, known) if line)

    @property
    def is_partial(self) -> bool:
        """Whether there are more valid values than are listed."""
        return self.choices_total > len(self.choices)

    def to_json(
        self, path: str, service_info: ServiceInfo | None = None, *, request_id: str = ""
    ) -> bytes:
        """Return the problem details of a request for ``path`` (RFC 9457 section 3)."""
        details: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "instance": quote(path[:_MAX_DETAIL_CHARACTERS]),
        }
        if request_id:
            details["request_id"] = request_id
        if self.hint:
            details["hint"] = self.hint
        details |= _known_members(self, service_info)
        if self.field_errors:
            details["errors"] = [_field_error_json(one, service_info) for one in self.field_errors]
        return msgspec.json.encode(details)


def shown_request_id(scope: Scope, status: int) -> str:
    """Return the ID of the request if the client or its operator can find it somewhere, else "".

    It is in the log of the proxy that sent it; for errors of the service, it is in our log.
    """
    is_shown = PROXY_REQUEST_ID in scope or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return telemetry.request_id.get() if is_shown else ""


def problem_response(request: Request, error: Exception, service_info: ServiceInfo) -> Response:
    """Return the response to ``request`` that reports ``error``; a page if HTML is accepted.

    The hub speaks plain text (W3C WebSub section 5.1.2).
    """
    problem = ProblemDetails.from_error(error)
    if request.scope["path"] == HUB_PATH:
        headers = {**_nginx_fields(problem), "Cache-Control": NO_STORE, **problem.headers}
        return Response(problem.text, problem.status, headers, "text/plain")
    headers = {
        **_nginx_fields(problem),
        "Cache-Control": NO_STORE,
        "Vary": "Accept",
        **problem.headers,
    }
    if accepts_html(request.headers.get("accept", "")):
        language = preferred_language(",".join(request.headers.getlist("accept-language")))
        page = _problem_page(problem, request.scope["path"], service_info, language)
        headers["Vary"] = "Accept, Accept-Language"
        headers["Content-Security-Policy"] = content_security_policy(service_info)
        return Response(page, problem.status, headers, "text/html")
    shown = shown_request_id(request.scope, problem.status)
    details = problem.to_json(request.scope["path"], service_info, request_id=shown)
    return Response(details, problem.status, headers, MEDIA_TYPE)


def _problem_page(
    problem: ProblemDetails, path: str, service_info: ServiceInfo, language: str
) -> str:
    """Return the page for ``problem``; one that is not found links to what may be meant."""
    is_missing = problem.status == HTTPStatus.NOT_FOUND
    name = PurePosixPath(path).stem[:_MAX_DETAIL_CHARACTERS]
    are_feeds = problem.code in _FEED_CODES
    nearby = get_close_matches(name, problem.choices) if are_feeds else []
    choices = [each for each in problem.choices if each not in nearby]
    return problem_page(
        service_info,
        title=_PAGE_TITLES.get(problem.status, problem.title),
        detail=problem.detail,
        hint="" if problem.code == "not-found" else problem.hint,  # links say where things are
        choices=choices,
        choices_total=max(0, problem.choices_total - len(nearby)),
        are_feeds=are_feeds,
        nearby=nearby,
        search=" ".join(re.findall(r"\w+", name))[:MAX_SEARCH_CHARACTERS] if is_missing else None,
        language=language,
    )


def _known_members(
    source: ProblemDetails | FieldError, service_info: ServiceInfo | None
) -> Mapping[str, object]:
    """Return the first valid values and, if there are more, their number and the URL of all."""
    members: dict[str, object] = {"known": source.choices} if source.choices else {}
    if source.choices_total > len(source.choices):
        members["known_total"] = source.choices_total
        if source.choices_path and service_info:
            members["known_url"] = service_info.url(source.choices_path)
    return members


def _field_error_json(error: FieldError, service_info: ServiceInfo | None) -> Mapping[str, object]:
    members: dict[str, object] = {
        "pointer": error.pointer,
        "code": error.code,
        "detail": error.message[:_MAX_DETAIL_CHARACTERS],
    }
    if error.hint:
        members["hint"] = error.hint
    return {**members, **_known_members(error, service_info)}


def _challenge_headers(error: SyndicateError) -> dict[str, str]:
    """Return the challenge to a client with invalid or insufficient credentials (RFC 6750)."""
    reason = _CHALLENGES.get(type(error))
    if reason is None:
        return {}
    return {"WWW-Authenticate": f'{REALM}, error="{reason}", error_description="{error.message}"'}


def _retry_headers(error: SyndicateError) -> dict[str, str]:
    if error.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return {}
    return {"Retry-After": str(_RETRY_SECONDS_BY_ERROR.get(type(error), _RETRY_SECONDS))}


def _nginx_fields(problem: ProblemDetails) -> Mapping[str, str]:
    """Return what lets nginx replace the stale copy of a post that is gone."""
    is_gone = problem.code == "unknown-post"
    return {name.decode(): value.decode() for name, value in REPLACE_IN_NGINX if is_gone}
