"""Tell the world: compare each edition with the ledger and write down what is told."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from syndicate import telemetry
from syndicate.errors import RepositoryError, StorageError
from syndicate.model.change import Change, Told, changes
from syndicate.model.edition import Edition
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import PostId
from syndicate.publisher.comparison import Maker, compared
from syndicate.storage.ledger import Also, Ledger

_AT_ONCE: Final = 100
"""Posts compared together: the lease is renewed in between."""

_log = telemetry.logger("telling")


Announce = Callable[[Sequence[Change], Edition], Awaitable[Also]]
"""Prepares what subscribers hear of changes, and returns what writes it where they are told.

It is called before the transaction, with every change of which somebody may have to hear, and not
at the first start, which is a baseline.
"""


async def nobody(_: Sequence[Change], __: Edition) -> Also:
    """Announce nothing to anybody."""

    async def write(_: object, __: int) -> None:
        return

    return write


class _Held(NamedTuple):
    """What the ledger holds, which nobody else may write meanwhile."""

    generation: int
    told: dict[PostId, Told]
    edition: Edition | None = None
    """The one in which there is nothing more to be told."""


@dataclass(slots=True, kw_only=True)
class Teller:
    """Tells the ledger each edition while this process has the right to.

    Args:
        ledger: What the world was last told.
        by: What this process is called, different from every other.
        maker: Makes items of posts.
        clock: Tells the time, with a zone.
        announce: Prepares what subscribers hear.
    """

    ledger: Ledger
    by: str
    maker: Maker
    clock: Callable[[], datetime]
    announce: Announce = nobody
    _held: _Held | None = None

    async def tell(self, edition: Edition) -> bool:
        """Compare ``edition`` with the ledger, and write down what is told; False if not ours.

        It is not while another process has the right to tell, or has taken it meanwhile: then
        that one goes on. Raises `StorageError`.
        """
        held, self._held = self._held, None
        try:
            if held and not await self.ledger.renew(self.by, self.clock()):
                held = None
            if held or await self.ledger.lease(self.by, self.clock()):
                self._held = await self._tell(held or await self._load(), edition)
        except StorageError as error:
            if error.code != "lease-lost":
                raise
            _log.warning("another process tells", reason=error.what)
        return self._held is not None

    async def release(self) -> None:
        """Let another process tell at once; raises `StorageError`."""
        self._held = None
        await self.ledger.release(self.by)

    async def _load(self) -> _Held:
        head = await self.ledger.head()
        return _Held(head.generation - 1, dict(await self.ledger.told()))

    async def _tell(self, held: _Held, edition: Edition) -> _Held:
        if held.edition is edition:
            return held
        stirred = await asyncio.to_thread(lambda: [*changes(held.told, edition, held.edition)])
        found = await self._differ(stirred, edition, is_baseline=not held.generation)
        told, silent = await asyncio.to_thread(_sorted_out, found)
        if silent:
            await self.ledger.note(self.by, silent, self.clock())
        generation = held.generation
        if told or not generation:
            prepare = self.announce if generation else nobody
            also = await prepare(found, edition)
            generation = await self.ledger.tell(self.by, told, self.clock(), also=also)
            telemetry.posts_told_total.inc(len(told))
            _log.info("told", generation=generation, posts=len(told))
        await asyncio.to_thread(_note, held.told, told, silent, generation)
        return _Held(generation, held.told, edition if len(found) == len(stirred) else None)

    async def _differ(
        self, stirred: Sequence[Change], edition: Edition, *, is_baseline: bool
    ) -> Sequence[Change]:
        """Return the changes with what differs, but those whose posts cannot be read now.

        A baseline is announced to nobody, so its posts need not be rendered.
        """
        found = [change for change in stirred if change.post is None or is_baseline]
        live = [change for change in stirred if change.post is not None and not is_baseline]
        for source, group in groupby(sorted(live, key=_source), _source):
            of_source = list(group)
            for start in range(0, len(of_source), _AT_ONCE):
                some = of_source[start : start + _AT_ONCE]
                await self.ledger.renew(self.by, self.clock())
                try:
                    found += await asyncio.to_thread(compared, self.maker, some, edition)
                except RepositoryError as error:
                    _log.warning("source not compared", source=source, reason=error.what)
                    break
        return found


def _source(change: Change) -> str:
    return change.post.source if change.post else ""


def _sorted_out(found: Sequence[Change]) -> tuple[list[Told], list[LedgerRow]]:
    """Return what is to be told, and the rows of what changed without anybody having to hear."""
    telling = [(change, change.told) for change in found]
    silent = (change.row for change, one in telling if one is None)
    return [one for _, one in telling if one], [row for row in silent if row]


def _note(
    known: dict[PostId, Told],
    told: Iterable[Told],
    silent: Iterable[LedgerRow],
    generation: int,
) -> None:
    """Bring what the ledger held to what it holds after a telling, as it would be read from there.

    In place: what few posts need should not depend on how many there are.
    """
    known.update((row.post, replace(known[row.post], row=row)) for row in silent)
    known.update(
        (one.row.post, replace(one, row=replace(one.row, generation=generation))) for one in told
    )
