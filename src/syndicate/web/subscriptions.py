"""Webhook subscriptions and their deliveries, for holders of a token."""

import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final, cast, get_args

from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import UsageError, ValidationFailed
from syndicate.model.delivery import RequestFault
from syndicate.model.pagination import malformed_cursor
from syndicate.model.query import parse_limit
from syndicate.model.subscription import Subscription, SubscriptionId, SubscriptionPatch
from syndicate.web.context import WebContext
from syndicate.web.http.auth import (
    AuthenticatedRoute,
    authenticated_route,
    json_body,
    json_response,
)
from syndicate.web.http.request_body import read_body
from syndicate.web.http_policy import NO_STORE
from syndicate.web.serializers import (
    attempt_json,
    delivery_json,
    delivery_json_with_attempts,
    subscription_json,
    subscription_json_with_secret,
)
from syndicate.web.services import SubscriptionManager
from syndicate.web.subscription_input import (
    NewSubscription,
    SubscriptionBody,
    SubscriptionChange,
    parse_subscription,
)

_PATH: Final = "/v1/subscriptions"
_URL_POINTER: Final = "#/url"
_MAX_RECOVERY_BODY_BYTES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """Handles /v1/subscriptions; requires a bearer token."""

    context: WebContext

    def routes(self) -> list[AuthenticatedRoute]:
        """Return the routes."""
        path = f"{_PATH}/{{id}}"
        return [
            authenticated_route(_PATH, GET=self.list, POST=self.add),
            authenticated_route(path, GET=self.show, PATCH=self.change, DELETE=self.remove),
            authenticated_route(f"{path}/test", POST=self.test),
            authenticated_route(f"{path}/rotate-secret", POST=self.rotate),
            authenticated_route(f"{path}/recover", POST=self.recover),
        ]

    async def list(self, request: Request) -> Response:
        """Return a page of the caller's subscriptions, oldest first."""
        service, token = await self.context.authenticate(request)
        limit, after = parse_limit(request.query_params), request.query_params.get("after", "")
        statuses, next_after = await service.list_page(token.owner, after, limit)
        return json_response(
            {
                "items": [subscription_json(status) for status in statuses],
                "next_url": self.context.next_url(_PATH, limit, next_after),
            }
        )

    async def add(self, request: Request) -> Response:
        """Create a subscription; the response shows the secret once."""
        service, token = await self.context.authenticate(request)
        patch = await self._parse(request, service, NewSubscription)
        blank = Subscription(id=SubscriptionId(""), owner=token.name, url="")
        subscription = await service.subscribe(patch.apply_to(blank))
        status = await service.get(subscription.id, token.owner)
        location = self.context.service_info.url(f"{_PATH}/{subscription.id}")
        return json_response(
            subscription_json_with_secret(status, subscription),
            HTTPStatus.CREATED,
            {"Location": location},
        )

    async def show(self, request: Request) -> Response:
        """Return one subscription."""
        service, token = await self.context.authenticate(request)
        status = await service.get(_subscription_id(request), token.owner)
        return json_response(subscription_json(status))

    async def change(self, request: Request) -> Response:
        """Update the given fields of a subscription and return it."""
        service, token = await self.context.authenticate(request)
        subscription_id = (
            await service.get(_subscription_id(request), token.owner)
        ).subscription.id
        patch = await self._parse(request, service, SubscriptionChange)
        await service.update(subscription_id, token.owner, patch)
        return json_response(subscription_json(await service.get(subscription_id, token.owner)))

    async def remove(self, request: Request) -> Response:
        """Remove a subscription with all that is on its way to it."""
        service, token = await self.context.authenticate(request)
        await service.remove(_subscription_id(request), token.owner)
        return Response(None, HTTPStatus.NO_CONTENT, {"Cache-Control": NO_STORE})

    async def test(self, request: Request) -> Response:
        """Send a test at once, and answer with what came of it."""
        service, token = await self.context.authenticate(request)
        fault = parse_fault(request.query_params.get("fault", "") or "none")
        return json_response(
            attempt_json(await service.send_test(_subscription_id(request), token.owner, fault))
        )

    async def rotate(self, request: Request) -> Response:
        """Make a new secret, and show it once."""
        service, token = await self.context.authenticate(request)
        rotated = await service.rotate(_subscription_id(request), token.owner)
        return json_response(
            subscription_json_with_secret(await service.get(rotated.id, token.owner), rotated)
        )

    async def recover(self, request: Request) -> Response:
        """Requeue all changes since a time, or all live posts."""
        service, token = await self.context.authenticate(request)
        await _check_recovery_input(request)
        since = _parse_since(request.query_params.get("since", "").strip())
        recovered = await service.recover(_subscription_id(request), token.owner, since)
        return json_response({"deliveries": recovered}, HTTPStatus.ACCEPTED)

    async def _parse(
        self, request: Request, service: SubscriptionManager, body: type[SubscriptionBody]
    ) -> SubscriptionPatch:
        """Return the fields in the body; raises `ValidationFailed` with every error."""
        document = await json_body(request)
        try:
            return parse_subscription(document, body, lambda: self.context.reader.edition)
        except ValidationFailed as error:
            raise await _with_url_error(service, document, error) from None


async def _with_url_error(
    service: SubscriptionManager, document: object, failure: ValidationFailed
) -> ValidationFailed:
    """Return ``failure`` with the error that requests to the URL are not allowed, if they are."""
    url = document.get("url") if isinstance(document, dict) else None
    has_url_error = any(error.pointer == _URL_POINTER for error in failure.errors)
    if isinstance(url, str) and not has_url_error:
        try:
            await service.check_url(url)
        except ValidationFailed as refusal:
            return ValidationFailed.from_errors((*refusal.errors, *failure.errors))
    return failure


def _subscription_id(request: Request) -> str:
    subscription_id: str = request.path_params["id"]
    return subscription_id


def parse_fault(text: str) -> RequestFault:
    """Return what is to be wrong with a test request; raises `UsageError`."""
    if text not in get_args(RequestFault):
        raise UsageError(
            f"fault cannot be {text!r}",
            code="malformed-parameter",
            hint="Give signature, timestamp, or nothing for a valid request.",
            choices=get_args(RequestFault),
        )
    return cast("RequestFault", text)


async def _check_recovery_input(request: Request) -> None:
    """Raise `UsageError` for input other than ``since`` in the query, which would be ignored.

    Then every live post would be sent again, unasked.
    """
    unknown = [name for name, _ in request.query_params.multi_items() if name != "since"]
    if unknown or len(request.query_params.getlist("since")) > 1:
        raise UsageError(
            f"recover has no parameter {unknown[0]!r}" if unknown else "since is given twice",
            code="malformed-parameter",
            hint="Give a time as since in the query, or nothing to have every live post sent.",
            choices=("since",),
        )
    body = bytearray()
    await read_body(request, body.extend, max_bytes=_MAX_RECOVERY_BODY_BYTES)
    if bytes(body).strip() not in (b"", b"{}"):
        raise UsageError(
            "recover takes no body",
            code="malformed-request",
            hint="Give the time as since in the query: …/recover?since=2025-01-06T09:00:00Z.",
        )


def _parse_since(text: str) -> datetime | None:
    """Read a time (RFC 3339), of which a plus may have become a space as queries have it."""
    if not text:
        return None
    try:
        since = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        since = None
    if since is None or since.tzinfo is None:
        raise UsageError(
            f"since cannot be {text!r}",
            code="malformed-parameter",
            hint="Write a time with its zone, such as 2025-01-06T09:00:00Z.",
        )
    return since


_SEQ: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Handles deliveries; requires a bearer token."""

    context: WebContext

    def routes(self) -> list[AuthenticatedRoute]:
        """Return the routes."""
        return [
            authenticated_route("/v1/subscriptions/{id}/deliveries", GET=self.list),
            authenticated_route("/v1/deliveries/{id}", GET=self.show),
            authenticated_route("/v1/deliveries/{id}/replay", POST=self.replay),
        ]

    async def list(self, request: Request) -> Response:
        """Respond with a page of the deliveries to a subscription, the newest first."""
        subscription_id = request.path_params["id"]
        service, token = await self.context.authenticate(request)
        limit = parse_limit(request.query_params)
        before = _parse_seq(request.query_params.get("after", ""))
        deliveries = await service.deliveries(
            subscription_id, token.owner, before=before, limit=limit + 1
        )
        shown = deliveries[:limit]
        after = str(shown[-1].seq) if len(deliveries) > limit else None
        path = f"/v1/subscriptions/{subscription_id}/deliveries"
        return json_response(
            {
                "items": [delivery_json(delivery) for delivery in shown],
                "next_url": self.context.next_url(path, limit, after),
            }
        )

    async def show(self, request: Request) -> Response:
        """Respond with a delivery and all its attempts."""
        service, token = await self.context.authenticate(request)
        delivery, attempts = await service.delivery(request.path_params["id"], token.owner)
        return json_response(delivery_json_with_attempts(delivery, attempts))

    async def replay(self, request: Request) -> Response:
        """Requeue a delivery with the same id."""
        service, token = await self.context.authenticate(request)
        delivery = await service.replay(request.path_params["id"], token.owner)
        return json_response(delivery_json(delivery), HTTPStatus.ACCEPTED)


def _parse_seq(text: str) -> int | None:
    if not text:
        return None
    if _SEQ.fullmatch(text) is None:
        raise malformed_cursor(text)
    return int(text)
