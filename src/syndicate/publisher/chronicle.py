"""The ledger in a running service: opened, told, followed, and done without while it fails."""

import asyncio
import os
import re
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.model.change import Told
from syndicate.model.edition import Edition
from syndicate.model.position import Position
from syndicate.publisher.comparison import Maker
from syndicate.publisher.following import Publisher
from syndicate.publisher.telling import Announce, Teller, nobody
from syndicate.storage.database import Database
from syndicate.storage.ledger import LEASE, Ledger

REMEMBERED: Final = timedelta(days=90)
"""How long feeds mention a post that is gone."""

_PID: Final = re.compile("[0-9]{1,9}", re.ASCII)

_HERE: Final = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
"""What this process is called, different from every other."""

_RENEW_SECONDS: Final = LEASE.total_seconds() / 3
_RETRY_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 5.0
"""How long somebody who follows waits for the database."""
_COMPARING_SECONDS: Final = 2.0
"""How long they wait for the edition in service to be told."""
_LEAVING_SECONDS: Final = 2.0

Distribute = Callable[[Database, str], Awaitable[None]]

_log = telemetry.logger("chronicle")


class Chronicle:
    """Tells every edition of a publisher to a database, and lets others follow.

    Nothing waits for it but who follows: while the database fails, it is tried again.

    Args:
        address: The database.
        publisher: Whose editions are told.
        maker: Makes items of posts.
        clock: Tells the time, with a zone.
        announce: Prepares what subscribers hear.
        ended: Called when telling ended by an error that nobody expected, before it begins anew.
    """

    def __init__(  # noqa: PLR0913 — wired once, in one place
        self,
        address: str,
        *,
        publisher: Publisher,
        maker: Maker,
        clock: Callable[[], datetime],
        announce: Announce = nobody,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._ended = ended
        self._address = address
        self._publisher = publisher
        self._maker = maker
        self._clock = clock
        self._announce = announce
        self.ring: Callable[[], None] = lambda: None
        """Called when there may be something for subscribers."""
        self.distribute: Distribute | None = None
        """Informs who follows topics, on a database in which whoever is named may tell."""
        self._ledger: Ledger | None = None
        self._compared: Edition | None = None
        self._stepped = asyncio.Event()
        self.failing = ""
        """Why the database cannot be used; empty while it can, and until it was tried once."""
        self.removed: tuple[Told, ...] = ()
        """What was told to be gone lately; the same object until there is something else."""

    async def run(self) -> None:
        """Tell every edition until cancelled; then let another process do it at once."""
        while True:
            try:
                await self._open()
            except StorageError as error:
                self._fail(error.what)
            except Exception as error:  # noqa: BLE001 — whatever it is, feeds go on
                _log.exception("telling failed")
                self._fail(f"the service failed to tell: {type(error).__name__}")
                self._ended()
            await asyncio.sleep(_RETRY_SECONDS)

    async def told(self, after: Position | None, limit: int) -> tuple[Position, tuple[Told, ...]]:
        """Return a position and up to ``limit`` rows that were told after it, as `Ledger.moved`.

        Waits a moment for the edition in service to be told. Raises `StorageError` and `Gone`.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_COMPARING_SECONDS):
                await self._told_all()
        if self._ledger is None:
            raise self._unavailable(self.failing or "the database is being opened")
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self._ledger.moved(after, limit)
        except TimeoutError:
            raise self._unavailable("the database does not answer in time") from None

    async def _told_all(self) -> None:
        while not self.failing and self._compared is not self._publisher.edition:
            await self._stepped.wait()

    async def _open(self) -> None:
        database = await Database.open(self._address)
        try:
            ledger = Ledger(database)
            if database.is_sqlite and _is_dead(holder := await ledger.holder()):
                await ledger.release(holder)
            await self._tell(database, ledger)
        finally:
            self._ledger = None
            await database.close()

    async def _tell(self, database: Database, ledger: Ledger) -> None:
        teller = Teller(
            ledger=ledger,
            by=_HERE,
            maker=self._maker,
            clock=self._clock,
            announce=self._announce,
        )
        try:
            while True:
                edition = self._publisher.edition
                is_ours = await teller.tell(edition)
                self.ring()
                await self._remember(ledger)
                self._ledger = ledger
                self._step(edition)
                if is_ours and self.distribute:
                    await self.distribute(database, _HERE)
                    self.ring()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_RENEW_SECONDS):
                        await self._publisher.next(edition)
        finally:
            with suppress(StorageError, TimeoutError):
                async with asyncio.timeout(_LEAVING_SECONDS):
                    await teller.release()

    async def _remember(self, ledger: Ledger) -> None:
        removed = await ledger.removed(self._clock() - REMEMBERED)
        if removed != self.removed:
            self.removed = removed

    def _step(self, edition: Edition) -> None:
        if self.failing:
            _log.info("database works again")
        self._compared = edition
        self._report("")

    def _fail(self, why: str) -> None:
        _log.warning("database failing", reason=why)
        self._report(why)

    def _report(self, why: str) -> None:
        self.failing = why
        telemetry.database_failing.set(1 if why else 0)
        self._stepped.set()
        self._stepped = asyncio.Event()

    def _unavailable(self, why: str) -> StorageError:
        return StorageError(why, hint="Try again in a minute; feeds and /v1/posts go on.")


def _is_dead(holder: str) -> bool:
    """Tell whether a process of this host held the lease that has ended without giving it back.

    One that was started again, as in a container, may have the number of the one before.
    """
    host, _, rest = holder.partition(":")
    number = rest.partition(":")[0]
    if host != socket.gethostname() or holder == _HERE or not _PID.fullmatch(number):
        return False
    if int(number) == os.getpid():
        return True
    try:
        os.kill(int(number), 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)
    return False
