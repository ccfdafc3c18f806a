"""The change stream, for clients with a copy: posts published, updated and removed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import Rendering
from syndicate.feeds import make_representation
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.link import Link
from syndicate.model.change import LedgerEntry
from syndicate.model.change_stream import ChangeItem, changes_after
from syndicate.model.edition import Edition
from syndicate.model.event import WebhookEvent, webhook_body
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import RenderedPost
from syndicate.model.query import Query
from syndicate.web.context import WebContext
from syndicate.web.http.conditional_response import conditional_response
from syndicate.web.http_policy import NO_CACHE

_MEDIA_TYPE: Final = "application/json"
_JSON_FEED: Final = FORMATS["json"]
_BATCH_ROWS: Final = 500
"""Ledger rows read at once, of which the selection may leave few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Handles /v1/changes: ``{"items": […], "next_url": URL, "has_more": bool}``."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/v1/changes", self.changes)]

    async def changes(self, request: Request) -> Response:
        """Respond with the changes after a cursor, filtered as feeds; without one, all posts."""
        context = self.context
        query = context.query(request, context.edition)
        change_items, cursor, has_more = await self._changes_after_cursor(query)
        posts = [change.post for change in change_items if change.post]
        rendered = await context.reader.render_posts_in_time(posts, context.edition)
        if (
            not rendered.is_current
        ):  # a client with an earlier version would never get the current one
            raise Rendering.of(len(rendered.outdated | rendered.unrendered))
        items = {item.post.id: item for item in rendered.items}
        links = {
            rel: context.service_info.url(f"/v1/changes{'?' if text else ''}{text}")
            for rel, text in (
                ("self", query.canonical()),
                ("next", query.canonical(after=str(cursor))),
            )
        }
        bodies = (
            self._body(change, items.get(change.entry.row.post_id), query)
            for change in change_items
        )
        document = make_representation(
            b'{"items":[%b],"next_url":%b,"has_more":%b}'
            % (
                b",".join(bodies),
                msgspec.json.encode(links["next"]),
                msgspec.json.encode(has_more),
            ),
            media_type=_MEDIA_TYPE,
            last_modified=None,
            links=[Link(rel=rel, href=href, type=_MEDIA_TYPE) for rel, href in links.items()],
        )
        return conditional_response(request, document, cache_control=NO_CACHE)

    async def _changes_after_cursor(
        self, query: Query
    ) -> tuple[Sequence[ChangeItem], LedgerCursor, bool]:
        """Return the changes after the cursor, the next cursor, and whether there are more.

        The stream stops at a change of a source that was not read yet; raises `NotReady` if that
        is the first one.
        """
        reader = self.context.reader
        cursor = LedgerCursor.parse(query.after) if query.after else None
        change_items: list[ChangeItem] = []
        while True:
            cursor, rows = await reader.ledger_entries_after(cursor, _BATCH_ROWS)
            edition, limit = reader.edition, query.limit - len(change_items)
            page = changes_after(rows, edition, query.selection, cursor, limit)
            change_items += page.items
            cursor = page.next_cursor
            if page.blocked_by is not None:
                return (
                    change_items,
                    cursor,
                    _is_source_unread(page.blocked_by, edition, has_changes=bool(change_items)),
                )
            if page.is_full or len(rows) < _BATCH_ROWS:
                return change_items, cursor, page.is_full

    def _body(self, change: ChangeItem, item: RenderedPost | None, query: Query) -> bytes:
        row = change.entry.row
        event = WebhookEvent(
            post_event=change.post_event,
            generation=row.generation,
            post_id=row.post_id,
            url=row.url,
            source=row.source,
            commit=change.entry.commit,
            noticed_at=change.entry.noticed_at,
            item_json=self.context.feed_cache.entry(item, _JSON_FEED, query.content)
            if item
            else b"",
        )
        return webhook_body(event, cursor=str(change.cursor))


def _is_source_unread(entry: LedgerEntry, edition: Edition, *, has_changes: bool) -> bool:
    """Return whether the source was not read yet; raises `NotReady` without other changes."""
    name = entry.row.source
    if name not in {unread.source.name for unread in edition.unavailable}:
        return False
    if not has_changes:
        edition.snapshot(name)
    return True
