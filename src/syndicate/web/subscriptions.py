"""For partners: their subscriptions, made, shown, changed, tried, repaired and removed."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import UsageError
from syndicate.model.query import read_limit
from syndicate.model.statement import of_attempt, with_secret
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.web.desk import Desk
from syndicate.web.policy import UNKEPT
from syndicate.web.private import Private, document, enter, private, said

_PATH: Final = "/v1/subscriptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """Answers for /v1/subscriptions, to whoever shows a token."""

    desk: Desk

    def routes(self) -> list[Private]:
        """Return the routes."""
        one = f"{_PATH}/{{id}}"
        return [
            private(_PATH, GET=self.list, POST=self.add),
            private(one, GET=self.show, PATCH=self.change, DELETE=self.remove),
            private(f"{one}/test", POST=self.test),
            private(f"{one}/rotate-secret", POST=self.rotate),
            private(f"{one}/recover", POST=self.recover),
        ]

    async def list(self, request: Request) -> Response:
        """Answer with a page of the subscriptions of who asks, the oldest first."""
        office, token = await enter(request, self.desk.reader)
        limit, after = read_limit(request.query_params), request.query_params.get("after", "")
        found, following = await office.standings(token.owner, after, limit)
        return said(
            {
                "items": [one.statement for one in found],
                "next_url": self.desk.next_url(_PATH, limit, following),
            }
        )

    async def add(self, request: Request) -> Response:
        """Subscribe, and show the secret once."""
        office, token = await enter(request, self.desk.reader)
        wish = await office.read(await document(request), "creation")
        blank = Subscription(id=SubscriptionId(""), owner=token.name, url="")
        made = await office.subscribe(wish.applied(blank))
        standing = await office.standing(made.id, token.owner)
        place = self.desk.masthead.url(f"{_PATH}/{made.id}")
        return said(with_secret(standing, made), HTTPStatus.CREATED, {"Location": place})

    async def show(self, request: Request) -> Response:
        """Answer with one subscription."""
        office, token = await enter(request, self.desk.reader)
        return said((await office.standing(_which(request), token.owner)).statement)

    async def change(self, request: Request) -> Response:
        """Change what is given of a subscription, and answer with all of it."""
        office, token = await enter(request, self.desk.reader)
        which = (await office.standing(_which(request), token.owner)).subscription.id
        wish = await office.read(await document(request), "change")
        await office.amend(which, token.owner, wish)
        return said((await office.standing(which, token.owner)).statement)

    async def remove(self, request: Request) -> Response:
        """Remove a subscription with all that is on its way to it."""
        office, token = await enter(request, self.desk.reader)
        await office.remove(_which(request), token.owner)
        return Response(None, HTTPStatus.NO_CONTENT, {"Cache-Control": UNKEPT})

    async def test(self, request: Request) -> Response:
        """Send a test at once, and answer with what came of it."""
        office, token = await enter(request, self.desk.reader)
        return said(of_attempt(await office.trial(_which(request), token.owner)))

    async def rotate(self, request: Request) -> Response:
        """Make a new secret, and show it once."""
        office, token = await enter(request, self.desk.reader)
        rotated = await office.rotate(_which(request), token.owner)
        return said(with_secret(await office.standing(rotated.id, token.owner), rotated))

    async def recover(self, request: Request) -> Response:
        """Let be told again what changed since a time, or all there is."""
        office, token = await enter(request, self.desk.reader)
        since = _since(request.query_params.get("since", "").strip())
        recovered = await office.recover(_which(request), token.owner, since)
        return said({"deliveries": recovered}, HTTPStatus.ACCEPTED)


def _which(request: Request) -> str:
    which: str = request.path_params["id"]
    return which


def _since(text: str) -> datetime | None:
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
