"""For feed readers that want to be told: the WebSub hub of every feed here (W3C WebSub)."""

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
from syndicate.model.intent import Intent
from syndicate.model.subscription import SubscriptionId
from syndicate.representation.topic import Topic
from syndicate.web.body import read
from syndicate.web.desk import Desk
from syndicate.web.limit import client
from syndicate.web.policy import UNKEPT
from syndicate.web.problem import HUB

LARGEST: Final = 16 * 1024
"""Bytes of a form."""

LONGEST_SECRET: Final = 199
"""Bytes (W3C WebSub section 5.1: less than 200)."""

Mode = Literal["subscribe", "unsubscribe", "publish"]

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 100
_SECONDS: Final = re.compile("0*[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Answers for /hub; errors are plain text, by `web.problem`."""

    desk: Desk

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route(HUB, self.hub, methods=["POST"])]

    async def hub(self, request: Request) -> Response:
        """Take a request and answer 202; what it asks for happens once it is verified.

        Who publishes here is ourselves, and we know what we publish: a notice of it is taken with
        thanks (204).
        """
        form = await _form(request)
        mode, address = cast("Mode", _choice(form, "hub.mode", get_args(Mode))), _topic(form)
        topic = Topic.parse(address, self.desk.masthead, self.desk.edition)
        if mode == "publish":
            return Response(None, 204, {"Cache-Control": UNKEPT})
        desk = self.desk
        now = await desk.press.feed(desk.reader, topic.name, topic.query, topic.form)
        intent = Intent(
            id=SubscriptionId(f"sub_{secrets.token_hex(8)}"),
            mode=mode,
            topic=address,
            callback=_needed(form, "hub.callback"),
            secret=_secret(form),
            lease=desk.policy.leases.grant(_lease(form) if mode == "subscribe" else None),
            heard=now.etag,
            client=client(request.scope, desk.policy.proxies),
        )
        wait = await desk.reader.ask(intent)
        if wait:
            raise HTTPException(
                429,
                "too many requests for this callback's host, from this client or in all wait for "
                "verification or were not confirmed, or there are too many subscriptions",
                {"Retry-After": str(ceil(wait.total_seconds()))},
            )
        return PlainTextResponse(
            "The callback will be asked to confirm.\n", 202, {"Cache-Control": UNKEPT}
        )


async def _form(request: Request) -> Mapping[str, str]:
    """Read a form of which every field is given once; foreign fields do not matter."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415, f"the body must be of the type {_FORM}")
    body = bytearray()
    await read(request, body.extend, most=LARGEST)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise _malformed(f"the body is no form in UTF-8 of up to {_MOST_FIELDS} fields") from None
    form: dict[str, str] = {}
    for name, text in pairs:
        if name.startswith("hub.") and form.setdefault(name, text) != text:
            raise _malformed(f"{name} is given more than once")
    return form


def _needed(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise _malformed(f"{name} is missing")
    return form[name]


def _choice(form: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = _needed(form, name)
    if value not in allowed:
        raise UsageError(
            f"{name} cannot be {value!r}",
            code="malformed-form",
            hint=f"Allowed are {', '.join(allowed)}.",
        )
    return value


def _topic(form: Mapping[str, str]) -> str:
    """Return the topic; publishers of old call it ``hub.url``."""
    return form.get("hub.topic") or form.get("hub.url") or _needed(form, "hub.topic")


def _secret(form: Mapping[str, str]) -> bytes:
    secret = form.get("hub.secret", "").encode()
    if len(secret) > LONGEST_SECRET:
        raise _malformed(f"hub.secret is longer than {LONGEST_SECRET} bytes")
    return secret


def _lease(form: Mapping[str, str]) -> int | None:
    text = form.get("hub.lease_seconds", "")
    if text and not _SECONDS.fullmatch(text):
        raise _malformed(f"hub.lease_seconds cannot be {text!r}")
    return int(text) if text else None


def _malformed(what: str) -> UsageError:
    return UsageError(
        what,
        code="malformed-form",
        hint="Send a form as W3C WebSub section 5.1 has it: https://www.w3.org/TR/websub/.",
    )
