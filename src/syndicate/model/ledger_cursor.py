"""Cursors of ``/v1/changes``: positions in the ledger."""

import base64
import binascii
import re
from dataclasses import dataclass, replace
from typing import Final, Self

from typing_extensions import override

from syndicate.errors import Gone
from syndicate.model.change import (
    LedgerEntry,
)
from syndicate.model.pagination import malformed_cursor
from syndicate.model.post import PostId

_TEXT: Final = re.compile(
    r"(?P<ledger>[0-9a-f]{1,32}) (?P<generation>[0-9]{1,18}) "
    r"(?P<initial_until>[0-9]{1,18}) (?P<post>.*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCursor:
    """A position in the ledger: after ``post_id`` in a generation; an empty id is its start.

    Generation 0 is before all entries. Cursors of different ledgers are not comparable.
    ``initial_until`` is for a client that started without data: entries up to that generation are
    new to it, and removals among them are skipped. The text of a cursor is opaque.
    """

    ledger_id: str
    generation: int
    post_id: PostId
    initial_until: int = 0

    @classmethod
    def parse(cls, cursor: str) -> Self:
        """Parse the text of a cursor; raises `UsageError` if it is invalid."""
        try:
            data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            match = _TEXT.fullmatch(data.decode())
        except (binascii.Error, ValueError):
            match = None
        if match is None:
            raise malformed_cursor(cursor)
        return cls(
            ledger_id=match["ledger"],
            generation=int(match["generation"]),
            post_id=PostId(match["post"]),
            initial_until=int(match["initial_until"]),
        )

    @override
    def __str__(self) -> str:
        initial_until = self.initial_until if self.generation <= self.initial_until else 0
        text = f"{self.ledger_id} {self.generation} {initial_until} {self.post_id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def advanced_to(self, entry: LedgerEntry) -> Self:
        """Return the cursor right after ``entry``."""
        return replace(self, generation=entry.row.generation, post_id=entry.row.post_id)

    def start(self) -> Self:
        """Return the cursor for a client without data, if this is the cursor after all entries."""
        return replace(self, generation=0, post_id=PostId(""), initial_until=self.generation - 1)

    def validate(self, head: Self) -> None:
        """Raise `Gone` if this cursor does not belong to the ledger that ends at ``head``."""
        ahead = (self.generation, self.post_id) > (head.generation, head.post_id)
        if self.ledger_id != head.ledger_id or ahead or self.initial_until >= head.generation:
            raise Gone(
                "this cursor belongs to a database that was replaced",
                code="cursor-gone",
                hint="Omit 'after', and replace your copy with the items of the pages.",
            )
