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
from syndicate.model.brief import Choose
from syndicate.model.change import Told
from syndicate.model.edition import Edition
from syndicate.model.event import Event
from syndicate.model.feed import Masthead
from syndicate.model.ledger import LedgerRow, Telling, stirred
from syndicate.model.position import Position
from syndicate.model.post import Item, Post
from syndicate.publisher.showing import UNSEEN, Shown
from syndicate.storage.posting import Letter
from syndicate.storage.retelling import Compose

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 10.0
"""How long an edition and the ledger may take to agree; they do so within a moment."""
_PAUSE_SECONDS: Final = 0.05
_AT_ONCE: Final = 100
"""Posts of which items are made together; feeds are served in between."""


class Shelf(Protocol):
    """What briefs are made from."""

    @property
    def edition(self) -> Edition:
        """The edition in service; raises `NotReady` before the first."""
        ...

    async def items(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` of ``edition`` as items, in their order."""
        ...


class Briefer:
    """Makes briefs; see `brief`.

    Args:
        shelf: Where items come from.
        masthead: In whose name they are written.
        clock: Tells the time, with a zone.
    """

    def __init__(self, shelf: Shelf, masthead: Masthead, clock: Callable[[], datetime]) -> None:
        self._shelf = shelf
        self._masthead = masthead
        self._clock = clock

    async def brief(self, write: Callable[["Brief"], Awaitable[T]]) -> T:
        """Return what ``write`` does in one transaction with a brief.

        It may be called more than once, and then what it did before is undone. Raises `NotReady`
        if what is served and what was told differ for long, as where a source cannot be read.
        """
        shown: dict[LedgerRow, Shown] = {}
        end = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            try:
                return await write(Brief(shown, self._clock()))
            except _Unmade as missing:
                rows = missing.rows
            made = await self._make(rows)
            shown |= made
            if not made:
                if asyncio.get_running_loop().time() > end:
                    raise NotReady(
                        f"what is served now is not what was told last of {rows[0].post}",
                        hint="See whether a source cannot be read, and try again.",
                    )
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _make(self, rows: Iterable[LedgerRow]) -> dict[LedgerRow, Shown]:
        """Show those posts of which the edition and the ledger say the same."""
        edition = self._shelf.edition
        found = [(row, post) for row in rows if (post := _current(row, edition))]
        made: dict[LedgerRow, Shown] = {}
        for start in range(0, len(found), _AT_ONCE):
            some = found[start : start + _AT_ONCE]
            items = await self._shelf.items([post for _, post in some], edition)
            shown = await asyncio.to_thread(self._show, items)
            made.update(zip((row for row, _ in some), shown, strict=True))
        return made

    def _show(self, items: Iterable[Item]) -> Sequence[Shown]:
        return [Shown.of(item, self._masthead) for item in items]


class _Unmade(Exception):  # noqa: N818 — says what it holds, and never leaves this room
    def __init__(self, rows: Sequence[LedgerRow]) -> None:
        self.rows = rows


class Brief:
    """What is said of rows of the ledger, of which those in ``shown`` can be shown."""

    def __init__(self, shown: dict[LedgerRow, Shown], at: datetime) -> None:
        self._shown = shown
        self._at = at

    def composing(self, choose: Choose, *, anew: bool = True) -> Compose:
        """Return what composes the letters that ``choose`` makes of the ledger.

        Who goes on from a cursor in them hears of all that follows in the ledger. If they begin
        ``anew``, everything there is by now counts as new to them, and removals come first.
        """

        def compose(rows: Sequence[Told], head: Position) -> Sequence[Letter]:
            chosen = [(told, telling) for told in rows if (telling := choose(told))]
            unmade = [
                told.row
                for told, telling in chosen
                if telling.kind != "post.removed" and told.row not in self._shown
            ]
            if unmade:
                raise _Unmade(unmade)
            start = replace(head.beginning(), whole=head.generation if anew else 0)
            if anew:
                chosen.sort(key=lambda pair: pair[1].kind != "post.removed")
            return [
                Letter.of(
                    self._event(told, telling, head.generation), str(_after(start, told, telling))
                )
                for told, telling in chosen
            ]

        return compose

    def _event(self, told: Told, telling: Telling, generation: int) -> Event:
        row = told.row
        shown = self._shown.get(row, UNSEEN)
        return Event(
            telling=telling,
            generation=generation,
            post=row.post,
            url=row.url,
            source=row.source,
            commit=told.commit,
            at=self._at,
            title=shown.title,
            self_url=shown.self_url,
            item=shown.item,
        )


def _current(row: LedgerRow, edition: Edition) -> Post | None:
    post = edition.find(row.post)
    return None if post is None or stirred(row, post) else post


def _after(start: Position, told: Told, telling: Telling) -> Position:
    """Return the position after an event; those who begin anew have their removals before it."""
    return start if start.whole and telling.kind == "post.removed" else start.after(told)
