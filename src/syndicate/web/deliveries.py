"""For partners: what was sent to them, what came of it, and sending it again."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from syndicate.model.page import malformed
from syndicate.model.query import read_limit
from syndicate.model.statement import of_delivery, with_attempts
from syndicate.web.desk import Desk
from syndicate.web.private import Private, enter, private, said

_SEQ: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Answers for the delivery log, to whoever shows a token."""

    desk: Desk

    def routes(self) -> list[Private]:
        """Return the routes."""
        return [
            private("/v1/subscriptions/{id}/deliveries", GET=self.list),
            private("/v1/deliveries/{id}", GET=self.show),
            private("/v1/deliveries/{id}/replay", POST=self.replay),
        ]

    async def list(self, request: Request) -> Response:
        """Answer with a page of what was and is on its way to a subscription, the newest first."""
        which = request.path_params["id"]
        office, token = await enter(request, self.desk.reader)
        limit = read_limit(request.query_params)
        before = _seq(request.query_params.get("after", ""))
        found = await office.deliveries(which, token.owner, before=before, limit=limit + 1)
        shown = found[:limit]
        after = str(shown[-1].seq) if len(found) > limit else None
        path = f"/v1/subscriptions/{which}/deliveries"
        return said(
            {
                "items": [of_delivery(one) for one in shown],
                "next_url": self.desk.next_url(path, limit, after),
            }
        )

    async def show(self, request: Request) -> Response:
        """Answer with a delivery and every attempt."""
        office, token = await enter(request, self.desk.reader)
        found, attempts = await office.delivery(request.path_params["id"], token.owner)
        return said(with_attempts(found, attempts))

    async def replay(self, request: Request) -> Response:
        """Let a delivery be sent again, with the same id."""
        office, token = await enter(request, self.desk.reader)
        replayed = await office.replay(request.path_params["id"], token.owner)
        return said(of_delivery(replayed), HTTPStatus.ACCEPTED)


def _seq(text: str) -> int | None:
    if not text:
        return None
    if _SEQ.fullmatch(text) is None:
        raise malformed(text)
    return int(text)
