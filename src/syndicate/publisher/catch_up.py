"""Brief one subscriber: what it must hear when it begins, selects anew, or has missed something.

What the ledger holds is what the world was told, and the brief is made of that within the
transaction that nobody can tell anything in; so nothing is missed and nothing is told twice,
whatever is published at the same time. Items take longer to make than a transaction may last:
they are made beforehand, and if the ledger has moved meanwhile, those that are missing are made
and the transaction is tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol, TypeVar

from syndicate.errors import NotReady
from syndicate.model.catch_up import EventFilter
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.event import WebhookEvent
from syndicate.model.feed import ServiceInfo
from syndicate.model.ledger import LedgerRow, PostEvent, may_have_changed
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import Post, RenderedPost
from syndicate.publisher.event_payload import EMPTY_PAYLOAD, EventPayload
from syndicate.storage.catch_up import ComposeEvents
from syndicate.storage.enqueue import StoredEvent

T = TypeVar("T")

_TIMEOUT_SECONDS: Final = 10.0
"""How long an edition and the ledger may take to agree; they do so within a moment."""
_RETRY_SECONDS: Final = 0.05
_BATCH_SIZE: Final = 100
"""Posts of which items are made together; feeds are served in between."""


class EditionReader(Protocol):
    """What briefs are made from."""

    @property
    def edition(self) -> Edition:
        """The edition in service; raises `NotReady` before the first."""
        ...

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` as items, in their order."""
        ...


class CatchUp:
    """Makes briefs; see `brief`.

    Args:
        shelf: Where items come from.
        masthead: In whose name they are written.
        clock: Tells the time, with a zone.
    """

    def __init__(
        self, content: EditionReader, service_info: ServiceInfo, clock: Callable[[], datetime]
    ) -> None:
        self._content = content
        self._service_info = service_info
        self._clock = clock

    async def run(self, write: Callable[["CatchUpBatch"], Awaitable[T]]) -> T:
        """Return what ``write`` does in one transaction with a brief.

        It may be called more than once, and then what it did before is undone. Raises `NotReady`
        if what is served and what was told differ for long, as where a source cannot be read.
        """
        payloads: dict[LedgerRow, EventPayload] = {}
        deadline = asyncio.get_running_loop().time() + _TIMEOUT_SECONDS
        while True:
            try:
                return await write(CatchUpBatch(payloads, self._clock()))
            except _MissingPayloads as missing:
                rows = missing.rows
            rendered = await self._render(rows)
            payloads |= rendered
            if not rendered:
                if asyncio.get_running_loop().time() > deadline:
                    raise NotReady(
                        f"what is served now is not what was told last of {rows[0].post_id}",
                        hint="See whether a source cannot be read, and try again.",
                    )
                await asyncio.sleep(_RETRY_SECONDS)

    async def _render(self, rows: Iterable[LedgerRow]) -> dict[LedgerRow, EventPayload]:
        """Show those posts of which the edition and the ledger say the same."""
        edition = self._content.edition
        matching = [(row, post) for row in rows if (post := _matching_post(row, edition))]
        payloads: dict[LedgerRow, EventPayload] = {}
        for start in range(0, len(matching), _BATCH_SIZE):
            batch = matching[start : start + _BATCH_SIZE]
            rendered = await self._content.render_posts([post for _, post in batch], edition)
            shown = await asyncio.to_thread(self._payloads, rendered)
            payloads.update(zip((row for row, _ in batch), shown, strict=True))
        return payloads

    def _payloads(self, posts: Iterable[RenderedPost]) -> Sequence[EventPayload]:
        return [EventPayload.from_post(item, self._service_info) for item in posts]


class _MissingPayloads(Exception):  # noqa: N818 — says what it holds, and never leaves this room
    def __init__(self, rows: Sequence[LedgerRow]) -> None:
        self.rows = rows


class CatchUpBatch:
    """What is said of rows of the ledger, of which those in ``shown`` can be shown."""

    def __init__(self, payloads: dict[LedgerRow, EventPayload], at: datetime) -> None:
        self._payloads = payloads
        self._at = at

    def event_composer(
        self, event_filter: EventFilter, *, is_initial: bool = True
    ) -> ComposeEvents:
        """Return what composes the letters that ``choose`` makes of the ledger.

        Who goes on from a cursor in them hears of all that follows in the ledger. If they begin
        ``anew``, everything there is by now counts as new to them, and removals come first.
        """

        def compose(entries: Sequence[LedgerEntry], head: LedgerCursor) -> Sequence[StoredEvent]:
            chosen = [(told, telling) for told in entries if (telling := event_filter(told))]
            missing = [
                told.row
                for told, telling in chosen
                if telling.kind != "post.removed" and told.row not in self._payloads
            ]
            if missing:
                raise _MissingPayloads(missing)
            start = replace(head.start(), initial_until=head.generation if is_initial else 0)
            if is_initial:
                chosen.sort(key=lambda pair: pair[1].kind != "post.removed")
            return [
                StoredEvent.from_event(
                    self._event(told, telling, head.generation),
                    str(_cursor_after(start, told, telling)),
                )
                for told, telling in chosen
            ]

        return compose

    def _event(self, entry: LedgerEntry, post_event: PostEvent, generation: int) -> WebhookEvent:
        row = entry.row
        payload = self._payloads.get(row, EMPTY_PAYLOAD)
        return WebhookEvent(
            post_event=post_event,
            generation=generation,
            post_id=row.post_id,
            url=row.url,
            source=row.source,
            commit=entry.commit,
            noticed_at=self._at,
            title=payload.title,
            self_url=payload.self_url,
            item_json=payload.item,
        )


def _matching_post(row: LedgerRow, edition: Edition) -> Post | None:
    post = edition.find_post(row.post_id)
    return None if post is None or may_have_changed(row, post) else post


def _cursor_after(start: LedgerCursor, entry: LedgerEntry, post_event: PostEvent) -> LedgerCursor:
    """Return the position after an event; those who begin anew have their removals before it."""
    return (
        start
        if start.initial_until and post_event.kind == "post.removed"
        else start.advanced_to(entry)
    )
