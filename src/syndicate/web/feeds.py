"""For feed readers: every feed in every format."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.formats import FORMATS, Format
from syndicate.web.desk import Desk
from syndicate.web.repetition import repetition
from syndicate.web.reply import dated_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """Answers for /feeds/NAME.FORMAT."""

    desk: Desk

    def routes(self) -> list[Route]:
        """Return a route for each format."""
        return [self._route(form) for form in FORMATS.values()]

    def _route(self, form: Format) -> Route:
        async def feed(request: Request) -> Response:
            return await self.feed(request, form)

        return Route(f"/feeds/{{name:path}}.{form.name}", feed)

    async def feed(self, request: Request, form: Format) -> Response:
        """Answer with a feed in ``form``; 308 to its own name if it was asked for by another."""
        desk = self.desk
        name: str = request.path_params["name"]
        other = desk.elsewhere(request, name, f".{form.name}")
        if other is not None:
            return other
        query = desk.query(request)
        representation = await desk.press.feed(desk.reader, name, query, form)
        answer = desk.reply(request, representation)
        is_current = desk.press.watch(desk.reader, name, query, form)
        date = representation.last_modified
        if date is not None and "last-modified" not in answer.headers:
            is_current = _until(dated_from(date), is_current)
        repetition(request.scope).is_current = is_current
        return answer


def _until(moment: datetime, is_current: Callable[[], bool]) -> Callable[[], bool]:
    """Return what tells ``is_current`` before ``moment``, and False from then on."""
    end = moment.timestamp()
    return lambda: time.time() < end and is_current()
