"""Documents beside feeds: pages, API answers and the like, made once per edition and kept."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from weakref import ref

from syndicate.model.edition import Edition
from syndicate.representation import Representation, succeed
from syndicate.representation.shelf import Shelf

Make = Callable[[Edition], Awaitable[Representation]]

_ROOM: Final = 16 * 2**20


class _Kept(NamedTuple):
    edition: ref[Edition]
    representation: Representation


class Documents:
    """Keeps what was made of an edition until there is another, or others need the room."""

    def __init__(self, *, room: int = _ROOM) -> None:
        """Keep up to ``room`` bytes."""
        self._kept = Shelf[tuple[str, ...], _Kept](room)

    async def get(self, edition: Edition, address: tuple[str, ...], make: Make) -> Representation:
        """Return what ``make`` makes of ``edition``, under an ``address`` of its own.

        What is provisional is not kept.
        """
        before = self._kept.get(address)
        if before is not None and before.edition() is edition:
            return before.representation
        made = succeed(await make(edition), before and before.representation)
        if made.is_provisional:
            return made
        self._kept.put(address, _Kept(ref(edition), made), made.size)
        return made
