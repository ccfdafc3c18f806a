"""What went wrong, told to programs as problem details (RFC 9457) and to browsers as a page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import (
    Invalid,
    Mistake,
    NotReady,
    Rendering,
    RepositoryError,
    StorageError,
    SyndicateError,
)
from syndicate.model.feed import Masthead
from syndicate.model.near_misses import MAX_KNOWN
from syndicate.render.page import page_policy, problem_page
from syndicate.web.policy import UNKEPT

HUB: Final = "/hub"
MEDIA_TYPE: Final = "application/problem+json"

_RETRY_SECONDS: Final = 30
_WAITS: Final[Mapping[type[Exception], int]] = {NotReady: 2, Rendering: 5}
"""Seconds until it is worth while to ask again, where that is soon."""

_LONGEST: Final = 500
"""Characters of a detail: it may repeat what was asked, which may be long."""

_HTML: Final = re.compile(
    r"(?:^|,)\s*text/html\s*(?P<parameters>(?:;[^,]*)?)(?=,|$)", re.IGNORECASE
)
_RULED_OUT: Final = re.compile(r";\s*q=0(?:\.0*)?\s*(?:;|$)", re.IGNORECASE)

_OUT_OF_REACH: Final[Mapping[type[Exception], str]] = {
    RepositoryError: "a repository cannot be read just now",
    StorageError: "the database cannot be used just now",
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
"""By status: code and hint of what HTTP itself refuses."""

_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Names that RFC 9110 changed."""

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
"""Headings of error pages, where the name of the status is not plain English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is said about an error, whoever is told."""

    status: int
    code: str
    detail: str
    hint: str = ""
    known: tuple[str, ...] = ()
    known_total: int = 0
    known_at: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return what may be told about ``error``: of the unexpected, nothing but that it is.

        Nor what git or the database said, which may name paths and users of this host.
        """
        if isinstance(error, (RepositoryError, StorageError)):
            return cls(
                status=error.status,
                code=error.code,
                detail=_OUT_OF_REACH[type(error)],
                hint="Try again in a minute; the log says more.",
                headers=_retry(error),
            )
        if isinstance(error, SyndicateError):
            return cls(
                status=error.status,
                code=error.code,
                detail=error.what[:_LONGEST],
                hint=error.hint,
                known=error.known[:MAX_KNOWN],
                known_total=error.known_total,
                known_at=error.known_at,
                headers=_retry(error),
                mistakes=error.mistakes if isinstance(error, Invalid) else (),
            )
        if isinstance(error, HTTPException):
            code, hint = _HINTS[error.status_code]
            headers = error.headers or {}
            return cls(
                status=error.status_code,
                code=code,
                detail=error.detail[:_LONGEST],
                hint=hint,
                headers=headers,
            )
        code, hint = _HINTS[500]
        return cls(status=500, code=code, detail="the service failed to answer this", hint=hint)

    @property
    def title(self) -> str:
        """The name of the status."""
        return _TITLES.get(self.status) or HTTPStatus(self.status).phrase

    @property
    def text(self) -> str:
        """All of it in plain text, a line each."""
        known = f"Known: {', '.join(self.known)}" if self.known else ""
        if self.is_partial:
            known += f" and {self.known_total - len(self.known):,} more"
        return "".join(f"{line}\n" for line in (self.detail, self.hint, known) if line)

    @property
    def is_partial(self) -> bool:
        """Whether more is known than is listed."""
        return self.known_total > len(self.known)

    def details(self, path: str, masthead: Masthead | None = None) -> bytes:
        """Return what a program is told who asked for ``path`` (RFC 9457 section 3)."""
        details: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "instance": quote(path[:_LONGEST]),
        }
        if self.hint:
            details["hint"] = self.hint
        details |= _known(self, masthead)
        if self.mistakes:
            details["errors"] = [_mistake(one, masthead) for one in self.mistakes]
        return msgspec.json.encode(details)


def problem(request: Request, error: Exception, masthead: Masthead) -> Response:
    """Return the answer to ``request`` that tells ``error``; whoever asks for HTML gets a page.

    The hub speaks plain text (W3C WebSub section 5.1.2).
    """
    fault = Fault.of(error)
    if request.scope["path"] == HUB:
        headers = {"Cache-Control": UNKEPT, **fault.headers}
        return Response(fault.text, fault.status, headers, "text/plain")
    headers = {"Cache-Control": UNKEPT, "Vary": "Accept", **fault.headers}
    if _wants_html(request.headers.get("accept", "")):
        page = problem_page(
            masthead,
            title=_PAGE_TITLES.get(fault.status, fault.title),
            detail=fault.detail,
            hint=fault.hint,
            known=fault.known,
            known_total=fault.known_total,
            are_feeds=fault.code == "unknown-feed",
        )
        headers["Content-Security-Policy"] = page_policy()
        return Response(page, fault.status, headers, "text/html")
    details = fault.details(request.scope["path"], masthead)
    return Response(details, fault.status, headers, MEDIA_TYPE)


def _known(of: Fault | Mistake, masthead: Masthead | None) -> Mapping[str, object]:
    """Return some of what is known and, where there is more, how much and where all of it is."""
    said: dict[str, object] = {"known": of.known} if of.known else {}
    if of.known_total > len(of.known):
        said["known_total"] = of.known_total
        if of.known_at and masthead:
            said["known_url"] = masthead.url(of.known_at)
    return said


def _mistake(mistake: Mistake, masthead: Masthead | None) -> Mapping[str, object]:
    said: dict[str, object] = {
        "pointer": mistake.pointer,
        "code": mistake.code,
        "detail": mistake.what[:_LONGEST],
    }
    if mistake.hint:
        said["hint"] = mistake.hint
    return {**said, **_known(mistake, masthead)}


def _retry(error: SyndicateError) -> dict[str, str]:
    if error.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return {}
    return {"Retry-After": str(_WAITS.get(type(error), _RETRY_SECONDS))}


def _wants_html(accept: str) -> bool:
    """Tell whether a browser asks: programs do not name HTML."""
    return any(not _RULED_OUT.search(found["parameters"]) for found in _HTML.finditer(accept))
