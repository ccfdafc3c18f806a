"""How many requests to one host may be in progress: few when it comes back after an outage."""

import asyncio
from typing import Final

_DOWN_AFTER_FAILURES: Final = 5
"""Consecutive failures after which a host counts as down.

One success in between, perhaps of another subscriber at the same host, and it does not. Failures of
one URL in a row count once while another URL works: many subscribers share the host of a platform.
"""
_REMEMBERED_URLS: Final = 2
"""If the failing URL is one of those that worked last, one remains."""


class HostPace:
    """Limits the concurrent requests to one host.

    A host that is down gets one request at a time. Each success then allows one more, up to the
    maximum, as in the congestion control of TCP: what waited during an outage does not cause
    another one.

    Args:
        max_requests: The maximum number of concurrent requests.
    """

    def __init__(self, max_requests: int) -> None:
        self._max_requests: Final = max_requests
        self._free: Final = asyncio.Semaphore(max_requests)
        self._excess = 0
        """Slots of the semaphore that are to be taken out of use when they are free."""
        self._failures = 0
        self._failed_url = ""
        """The URL of the latest failure since the latest success."""
        self._working_urls: tuple[str, ...] = ()
        """URLs whose latest request succeeded, the latest first."""
        self.limit = max_requests
        """How many requests may be in progress now."""

    @property
    def is_full(self) -> bool:
        """Whether no further request may begin now."""
        return self._free.locked()

    @property
    def is_recovering(self) -> bool:
        """Whether the host was down, and not as many requests as usual may be in progress."""
        return self.limit < self._max_requests

    async def acquire(self) -> None:
        """Wait until another request may begin."""
        await self._free.acquire()

    async def release(self) -> None:
        """End a request."""
        self._free.release()
        while self._excess and not self._free.locked():
            await self._free.acquire()  # a free one: this does not wait
            self._excess -= 1

    def record(self, url: str, *, is_up: bool) -> None:
        """Adapt the limit to the result of a request to ``url``, before its `release`.

        The query of the URL does not count: it may differ in each request to one subscriber.
        """
        url = url.partition("?")[0]
        others = tuple(working for working in self._working_urls if working != url)
        if is_up:
            self._failures, self._failed_url = 0, ""
            self._working_urls = (url, *others)[:_REMEMBERED_URLS]
            self._allow_one_more()
            return
        if url != self._failed_url or not others:
            self._failures += 1
        self._failed_url, self._working_urls = url, others
        if self._failures >= _DOWN_AFTER_FAILURES:
            self._excess += self.limit - 1
            self.limit = 1

    def _allow_one_more(self) -> None:
        if not self.is_recovering:
            return
        self.limit += 1
        if self._excess:
            self._excess -= 1
        else:
            self._free.release()
