"""The delivery log, for partners: list, show and replay deliveries."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from syndicate.model.pagination import malformed_cursor
from syndicate.model.query import parse_limit
from syndicate.web.context import WebContext
from syndicate.web.http.auth import (
    AuthenticatedRoute,
    authenticate,
    authenticated_route,
    json_response,
)
from syndicate.web.serializers import delivery_json, delivery_json_with_attempts

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
        service, token = await authenticate(request, self.context.reader)
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
        service, token = await authenticate(request, self.context.reader)
        delivery, attempts = await service.delivery(request.path_params["id"], token.owner)
        return json_response(delivery_json_with_attempts(delivery, attempts))

    async def replay(self, request: Request) -> Response:
        """Requeue a delivery with the same id."""
        service, token = await authenticate(request, self.context.reader)
        delivery = await service.replay(request.path_params["id"], token.owner)
        return json_response(delivery_json(delivery), HTTPStatus.ACCEPTED)


def _parse_seq(text: str) -> int | None:
    if not text:
        return None
    if _SEQ.fullmatch(text) is None:
        raise malformed_cursor(text)
    return int(text)
