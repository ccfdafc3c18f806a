"""Announce changes: what each audience hears, written where the world is told."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from syndicate.model.change import Change
from syndicate.model.edition import Edition
from syndicate.model.event import Event, EventId
from syndicate.model.feed import Masthead
from syndicate.model.ledger import LedgerRow, Telling
from syndicate.model.position import Position
from syndicate.model.post import PostId
from syndicate.publisher.comparison import Maker
from syndicate.publisher.showing import UNSEEN, Shown
from syndicate.storage.ledger import Also
from syndicate.storage.posting import Audience, Letter, Mail, posting


class Announcer:
    """Prepares what subscribers hear; its `announce` is what a teller is given.

    Args:
        maker: Makes items of posts.
        masthead: In whose name they are written.
        clock: Tells the time, with a zone.
    """

    def __init__(self, maker: Maker, masthead: Masthead, clock: Callable[[], datetime]) -> None:
        self._maker = maker
        self._masthead = masthead
        self._clock = clock

    async def announce(self, changes: Sequence[Change], edition: Edition) -> Also:
        """Make the items of ``changes``; return what posts them, in the order of the ledger."""
        shown = await asyncio.to_thread(self._shown, changes, edition)
        ordered = await asyncio.to_thread(_ordered, changes)

        def prepare(audiences: Sequence[Audience], ledger: str, generation: int) -> Mail:
            letters: dict[EventId, Letter] = {}
            hearing: dict[str, list[EventId]] = {audience.id: [] for audience in audiences}
            for row, change in ordered:
                cursor = str(Position(ledger=ledger, generation=generation, post=row.post))
                for audience, telling in _heard(change, audiences):
                    seen = shown.get(row.post, UNSEEN)
                    event = _event(row, change, telling, generation, seen)
                    if event.id not in letters:
                        letters[event.id] = Letter.of(event, cursor)
                    hearing[audience.id].append(event.id)
            return Mail(letters=tuple(letters.values()), hearing=hearing)

        return posting(prepare, self._clock)

    def _shown(self, changes: Sequence[Change], edition: Edition) -> Mapping[PostId, Shown]:
        posts = [change.post for change in changes if change.post]
        return {
            item.post.id: Shown.of(item, self._masthead)
            for item in self._maker.items(posts, edition)
        }


def _ordered(changes: Sequence[Change]) -> Sequence[tuple[LedgerRow, Change]]:
    rows = [(row, change) for change in changes if (row := change.row)]
    return sorted(rows, key=lambda pair: pair[0].post.encode())


def _heard(change: Change, audiences: Iterable[Audience]) -> Iterator[tuple[Audience, Telling]]:
    for audience in audiences:
        telling = change.telling(audience.selection)
        if telling is not None and audience.wants(telling):
            yield audience, telling


def _event(
    row: LedgerRow, change: Change, telling: Telling, generation: int, shown: Shown
) -> Event:
    return Event(
        telling=telling,
        generation=generation,
        post=row.post,
        url=row.url,
        source=row.source,
        commit=change.commit,
        at=change.at,
        title=shown.title,
        self_url=shown.self_url,
        item=shown.item,
    )
