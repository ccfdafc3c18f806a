"""Limits on the number of open connections and on their time without progress."""

import asyncio
import heapq
import resource
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Final, Protocol

from starlette.types import ASGIApp

from syndicate.telemetry import logger

_SWEEP_SECONDS: Final = 1.0
_CHECKS_PER_TURN: Final = 250
_MIN_RESERVED_FILES: Final = 256
_MAX_CANDIDATES: Final = 256
"""Connections to close that one search collects, so that a flood costs little for each."""

_log = logger("web")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Limits of client connections; times in seconds.

    ``connections`` may be open. A request head must end ``head_seconds`` after its first byte or
    after the connection was opened; ``idle_seconds`` may pass between two requests; for
    ``stalled_seconds`` a request body or an answer that the client does not read may make no
    progress. ``backlog`` connections wait to be accepted.
    """

    connections: int = 10_000
    head_seconds: float = 10.0
    idle_seconds: int = 75
    stalled_seconds: float = 30.0
    backlog: int = 2_048


LIMITS: Final = ConnectionLimits()


EvictionKey = tuple[int, float]
"""Connections with a lower key are closed first."""


class Connection(Protocol):
    """The part of `web.http.protocol.HttpProtocol` that the monitor uses."""

    def use(self, app: ASGIApp) -> None:
        """Pass further requests to ``app``."""
        ...

    @property
    def is_idle(self) -> bool:
        """Whether no response is in progress."""
        ...

    @property
    def waiting_since(self) -> EvictionKey | None:
        """Order in which connections that owe a request are closed; None while one is served."""
        ...

    def check_progress(self, now: float) -> None:
        """Close the connection if it exceeds a time limit at ``now`` (seconds of the loop)."""
        ...

    def evict(self) -> None:
        """Close the connection, which waits for a request, in favor of a new one."""
        ...


class ConnectionMonitor:
    """Enforces `ConnectionLimits` on the connections of a server.

    One sweep a second looks at every connection: no timer is started for each request, which the
    response cache (decision 0015) would pay for.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.connections: set[Connection] = set()
        self._candidates: deque[tuple[Connection, EvictionKey]] = deque()

    def admit(self, connection: Connection) -> bool:
        """Count a new connection; return whether it may stay.

        At the limit, a connection that waits for a request is closed: first one with an incomplete
        head or body, then an idle one, the longest waiting first. So only complete requests keep a
        new client out.
        """
        is_full = len(self.connections) >= self.limits.connections
        may_stay = not is_full or self._evict_one() or (self._search() and self._evict_one())
        self.connections.add(connection)
        return may_stay

    def release(self, connection: Connection) -> None:
        """Forget a connection that was closed."""
        self.connections.discard(connection)

    async def run(self) -> None:
        """Check every connection about once a second until cancelled."""
        loop = asyncio.get_running_loop()
        seconds = min(_SWEEP_SECONDS, self.limits.head_seconds / 4, self.limits.stalled_seconds / 4)
        while True:
            await asyncio.sleep(seconds)
            self._candidates.clear()
            now = loop.time()
            for number, connection in enumerate(tuple(self.connections), 1):
                connection.check_progress(now)
                if number % _CHECKS_PER_TURN == 0:
                    await asyncio.sleep(0)  # thousands of connections must not delay requests

    def _search(self) -> bool:
        """Collect connections that wait for a request; return whether there are any."""
        waiting = [
            (connection, since)
            for connection in self.connections
            if (since := connection.waiting_since) is not None
        ]
        self._candidates.extend(heapq.nsmallest(_MAX_CANDIDATES, waiting, key=itemgetter(1)))
        return bool(self._candidates)

    def _evict_one(self) -> bool:
        """Close the first candidate that still waits; return whether there was one."""
        while self._candidates:
            candidate, since = self._candidates.popleft()
            if candidate in self.connections and candidate.waiting_since == since:
                candidate.evict()
                return True
        return False


def raise_open_files() -> int:
    """Raise the limit on open files as far as the system allows; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems report no limit and have one
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft


def within_open_files(limits: ConnectionLimits, max_open_files: int) -> ConnectionLimits:
    """Return ``limits`` lowered so that files are left for git, the database and deliveries.

    Of ``max_open_files`` (a negative number: no limit) a quarter is left, at least 256 where
    there are twice as many, and what the backlog may add before connections are counted.
    """
    if max_open_files < 0:
        return limits
    backlog = max(1, min(limits.backlog, max_open_files // 8))
    reserved = max(min(_MIN_RESERVED_FILES, max_open_files // 2), max_open_files // 4)
    most = max(1, max_open_files - reserved - backlog)
    if most < limits.connections:
        _log.info("connections limited by open files", connections=most, open_files=max_open_files)
    return replace(limits, connections=min(limits.connections, most), backlog=backlog)
