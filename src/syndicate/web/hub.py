"""The WebSub hub of all feeds of this service (W3C WebSub)."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal, cast, get_args
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from syndicate.errors import UsageError
from syndicate.feeds.feed_location import parse_topic
from syndicate.model.subscription import SubscriptionId
from syndicate.model.websub_request import WebSubRequest
from syndicate.web.context import WebContext
from syndicate.web.http.problem_details import HUB_PATH
from syndicate.web.http.rate_limit import scope_client_key
from syndicate.web.http.request_body import read_body
from syndicate.web.http_policy import NO_STORE

MAX_FORM_BYTES: Final = 16 * 1024
"""Bytes of a form; more are rejected (413)."""

MAX_SECRET_BYTES: Final = 199
"""Bytes of hub.secret (W3C WebSub section 5.1: less than 200)."""

Mode = Literal["subscribe", "unsubscribe", "publish"]

_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 100
_SECONDS: Final = re.compile("0*[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Handles /hub; errors are plain text, see `web.http.problem_details`."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route(HUB_PATH, self.handle, methods=["POST"])]

    async def handle(self, request: Request) -> Response:
        """Accept a request (202), to be carried out once the callback has confirmed it.

        This service itself publishes the topics: a notification by a publisher is accepted (204)
        and has no effect.
        """
        form = await _read_form(request)
        mode, topic_url = cast("Mode", _choice(form, "hub.mode", get_args(Mode))), _topic(form)
        context = self.context
        edition = context.edition
        redirects = context.policy.redirects
        feed_request = parse_topic(topic_url, context.service_info, edition, redirects)
        if mode == "publish":
            return Response(None, 204, {"Cache-Control": NO_STORE})
        representation = await context.feed_cache.get(
            context.reader, edition, feed_request, removed=context.reader.removed
        )
        subscription_request = WebSubRequest(
            id=SubscriptionId(f"sub_{secrets.token_hex(8)}"),
            mode=mode,
            topic=topic_url,
            callback=_required(form, "hub.callback"),
            secret=_secret(form),
            lease=context.policy.leases.clamp(_lease(form) if mode == "subscribe" else None),
            last_sent_tag=representation.etag,
            client=scope_client_key(request.scope, context.policy.proxies),
        )
        wait = await context.reader.request_subscription(subscription_request)
        if wait:
            raise HTTPException(
                429,
                "too many requests for this callback's host, from this client or in all wait for "
                "verification or were not confirmed, or there are too many subscriptions",
                {"Retry-After": str(ceil(wait.total_seconds()))},
            )
        return PlainTextResponse(
            "The callback will be asked to confirm.\n", 202, {"Cache-Control": NO_STORE}
        )


async def _read_form(request: Request) -> Mapping[str, str]:
    """Parse a form, in which no field may be repeated; unknown fields are ignored."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise HTTPException(415, f"the body must have the type {_FORM_TYPE}")
    body = bytearray()
    await read_body(request, body.extend, max_bytes=MAX_FORM_BYTES)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        raise _malformed(f"the body is not a form in UTF-8 of up to {_MAX_FIELDS} fields") from None
    form: dict[str, str] = {}
    for name, text in pairs:
        if name.startswith("hub.") and form.setdefault(name, text) != text:
            raise _malformed(f"{name} is given more than once")
    return form


def _required(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise _malformed(f"{name} is missing")
    return form[name]


def _choice(form: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = _required(form, name)
    if value not in allowed:
        raise UsageError(
            f"{name} cannot be {value!r}",
            code="malformed-form",
            hint=f"Allowed are {', '.join(allowed)}.",
        )
    return value


def _topic(form: Mapping[str, str]) -> str:
    """Return the topic; older publishers call it ``hub.url``."""
    return form.get("hub.topic") or form.get("hub.url") or _required(form, "hub.topic")


def _secret(form: Mapping[str, str]) -> bytes:
    secret = form.get("hub.secret", "").encode()
    if len(secret) > MAX_SECRET_BYTES:
        raise _malformed(f"hub.secret is longer than {MAX_SECRET_BYTES} bytes")
    return secret


def _lease(form: Mapping[str, str]) -> int | None:
    text = form.get("hub.lease_seconds", "")
    if text and not _SECONDS.fullmatch(text):
        raise _malformed(f"hub.lease_seconds cannot be {text!r}")
    return int(text) if text else None


def _malformed(message: str) -> UsageError:
    return UsageError(
        message,
        code="malformed-form",
        hint="Send a form as W3C WebSub section 5.1 has it: https://www.w3.org/TR/websub/.",
    )
