"""Positions in what a ledger told: the cursors that partners follow it by."""

import base64
import binascii
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol, Self

from typing_extensions import override

from syndicate.errors import Gone
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import ContentReader
from syndicate.model.pagination import malformed_cursor
from syndicate.model.post import PostId
from syndicate.model.subscription_manager import SubscriptionManager
from syndicate.model.websub_request import WebSubRequest

_TEXT: Final = re.compile(
    r"(?P<ledger>[0-9a-f]{1,32}) (?P<generation>[0-9]{1,18}) (?P<whole>[0-9]{1,18}) (?P<post>.*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCursor:
    """A place in what a ledger told: after ``post`` in a generation; empty means at its beginning.

    Generation 0 is before everything. Positions of two ledgers have nothing to do with each other.
    ``whole`` is for somebody who began with nothing: everything told up to that generation is new
    to them, and what was removed by then is none of their business. Its text is a cursor.
    """

    ledger_id: str
    generation: int
    post_id: PostId
    initial_until: int = 0

    @classmethod
    def parse(cls, cursor: str) -> Self:
        """Read a cursor; raises `UsageError` for a text that is none."""
        try:
            data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            found = _TEXT.fullmatch(data.decode())
        except (binascii.Error, ValueError):
            found = None
        if found is None:
            raise malformed_cursor(cursor)
        return cls(
            ledger_id=found["ledger"],
            generation=int(found["generation"]),
            post_id=PostId(found["post"]),
            initial_until=int(found["whole"]),
        )

    @override
    def __str__(self) -> str:
        initial_until = self.initial_until if self.generation <= self.initial_until else 0
        text = f"{self.ledger_id} {self.generation} {initial_until} {self.post_id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def advanced_to(self, entry: LedgerEntry) -> Self:
        """Return the position right after a row."""
        return replace(self, generation=entry.row.generation, post_id=entry.row.post_id)

    def start(self) -> Self:
        """Return where somebody begins who has nothing, as this is the position after it all."""
        return replace(self, generation=0, post_id=PostId(""), initial_until=self.generation - 1)

    def validate(self, head: Self) -> None:
        """Raise `Gone` if this is no position in the ledger whose end is at ``head``."""
        ahead = (self.generation, self.post_id) > (head.generation, head.post_id)
        if self.ledger_id != head.ledger_id or ahead or self.initial_until >= head.generation:
            raise Gone(
                "the cursor is from another database than the one that is served from now",
                code="cursor-gone",
                hint="Ask without after, and replace all you have by what the pages hold.",
            )


class Services(ContentReader, Protocol):
    """What the web is given: to read from, follow, look again, look after partners, be a hub."""

    async def request_subscription(self, request: WebSubRequest) -> timedelta:
        """Have ``intent`` verified and return zero, or return how long to wait before asking.

        Raises `Refused` if nothing may be sent to the callback, `UnknownName` if there is nothing
        to unsubscribe, `StorageError` if nothing can be stored.
        """
        ...

    async def subscription_service(self) -> SubscriptionManager:
        """Return who looks after subscriptions; raises `StorageError` if there is no database."""
        ...

    def refresh(self, source: str) -> None:
        """Look at ``source`` now instead of at its next turn; raises `UnknownName`.

        While a look is under way, whoever asks is served by one more after it.
        """
        ...

    async def ledger_entries_after(
        self, after: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return a position, and up to ``limit`` rows told after it, in the order of telling.

        It is ``after``, else where somebody begins who has nothing. Raises `Gone` if ``after`` is
        no position in the ledger, `StorageError` if nobody can say.
        """
        ...
