"""For programs that keep a copy: what was published, updated and removed since they last asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import Rendering
from syndicate.formats import FORMATS
from syndicate.formats.link import Link
from syndicate.model.change import Told
from syndicate.model.edition import Edition
from syndicate.model.event import Event, body
from syndicate.model.position import Position
from syndicate.model.post import Item
from syndicate.model.query import Query
from syndicate.model.stretch import Step, follow
from syndicate.representation import represent
from syndicate.web.desk import Desk
from syndicate.web.policy import FRESH
from syndicate.web.reply import reply

_JSON: Final = "application/json"
_ITEMS: Final = FORMATS["json"]
_BATCH: Final = 500
"""Rows looked at together, of which many may be nothing to who asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Answers for /v1/changes: ``{"items": […], "next_url": URL, "has_more": bool}``."""

    desk: Desk

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/v1/changes", self.changes)]

    async def changes(self, request: Request) -> Response:
        """Answer with what follows a cursor, narrowed as feeds are; without one, everything."""
        desk = self.desk
        query = desk.query(request)
        steps, position, has_more = await self._steps(query)
        posts = [step.post for step in steps if step.post]
        rendered = await desk.reader.rendered(posts, desk.edition)
        if not rendered.is_current:  # who got an earlier version would never get the present one
            raise Rendering.of(len(rendered.outdated | rendered.unrendered))
        items = {item.post.id: item for item in rendered.items}
        links = {
            rel: desk.masthead.url(f"/v1/changes{'?' if text else ''}{text}")
            for rel, text in (
                ("self", query.canonical()),
                ("next", query.canonical(after=str(position))),
            )
        }
        bodies = (self._body(step, items.get(step.told.row.post), query) for step in steps)
        document = represent(
            b'{"items":[%b],"next_url":%b,"has_more":%b}'
            % (
                b",".join(bodies),
                msgspec.json.encode(links["next"]),
                msgspec.json.encode(has_more),
            ),
            media_type=_JSON,
            last_modified=None,
            links=[Link(rel=rel, href=href, type=_JSON) for rel, href in links.items()],
        )
        return reply(request, document, cache_control=FRESH)

    async def _steps(self, query: Query) -> tuple[Sequence[Step], Position, bool]:
        """Return what follows the cursor of ``query``, the position then, and if there is more.

        Nothing is said of a source that is not read yet: where it is next, this is `NotReady`.
        """
        reader = self.desk.reader
        position = Position.parse(query.after) if query.after else None
        steps: list[Step] = []
        while True:
            position, rows = await reader.told(position, _BATCH)
            edition, room = reader.edition, query.limit - len(steps)
            found = follow(rows, edition, query.selection, position, room)
            steps += found.steps
            position = found.position
            if found.awaits is not None:
                return steps, position, _is_unread(found.awaits, edition, any_steps=bool(steps))
            if found.is_full or len(rows) < _BATCH:
                return steps, position, found.is_full

    def _body(self, step: Step, item: Item | None, query: Query) -> bytes:
        row = step.told.row
        event = Event(
            telling=step.telling,
            generation=row.generation,
            post=row.post,
            url=row.url,
            source=row.source,
            commit=step.told.commit,
            at=step.told.at,
            item=self.desk.press.entry(item, _ITEMS, query.content) if item else b"",
        )
        return body(event, cursor=str(step.position))


def _is_unread(told: Told, edition: Edition, *, any_steps: bool) -> bool:
    """Tell whether the source of a row is not read yet; raises `NotReady` if that is all to say."""
    name = told.row.source
    if name not in {unread.source.name for unread in edition.unread}:
        return False
    if not any_steps:
        edition.part(name)
    return True
