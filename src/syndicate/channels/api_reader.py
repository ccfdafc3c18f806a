"""Reads the posts of a service over its API, page after page, as any partner does."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from syndicate import __version__
from syndicate.errors import DeliveryError, UsageError

_POSTS: Final = "/v1/posts"
_TIMEOUT_SECONDS: Final = 30.0
_CHUNK_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """How much is read of a service, which may be anybody's."""

    pages: int = 10_000
    bytes: int = 500_000_000
    """Of all pages together, after decompression."""
    seconds: float = 1_800.0
    """Of all pages together."""


DEFAULT_LIMITS: Final = ReadLimits()


def read_items(url: str, limits: ReadLimits = DEFAULT_LIMITS) -> list[dict[str, Any]]:
    """Return the items of all pages at ``url``: of a service, its posts, or one of its feeds.

    A URL without a path is that of a service. Raises `DeliveryError`, also beyond ``limits``, and
    `UsageError` for what is no URL.
    """
    return [item for page in _pages(_posts_url(url), limits) for item in page["items"]]


def _posts_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"{url} is not a URL: {error}") from error
    path = _POSTS if parts.path in ("", "/") else parts.path
    return parts._replace(path=path).geturl()


def _pages(url: str, limits: ReadLimits) -> Iterator[dict[str, Any]]:
    """Yield every page; ``next_url`` leads from one to the next (JSON Feed 1.1)."""
    agent = {"User-Agent": f"syndicate/{__version__} verify", "Accept": "application/json"}
    budget = _Budget(limits)
    with httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=True, headers=agent) as client:
        read: set[str] = set()
        while url not in read:
            read.add(url)
            if len(read) > limits.pages:
                raise _over_limit_error(url, f"more than {limits.pages:,} pages")
            yield (page := _get(client, url, budget))
            if not page.get("next_url"):
                return
            url = _following_url(url, str(page["next_url"]))
    raise DeliveryError(f"the pages after {url} lead back to it")


class _Budget:
    """What may still be read of a service."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._bytes = 0
        self._deadline = time.monotonic() + limits.seconds

    def read(self, response: httpx.Response) -> bytes:
        """Return the body of ``response``; raises `DeliveryError` beyond the limits."""
        body = bytearray()
        for chunk in response.iter_bytes(_CHUNK_BYTES):
            body += chunk
            self._bytes += len(chunk)
            if self._bytes > self._limits.bytes:
                raise _over_limit_error(response.url, f"more than {self._limits.bytes:,} bytes")
            if time.monotonic() > self._deadline:
                raise _over_limit_error(
                    response.url, f"not read within {self._limits.seconds:,g} seconds"
                )
        return bytes(body)


def _over_limit_error(url: object, what: str) -> DeliveryError:
    return DeliveryError(
        f"{url} and the pages before it: {what}",
        hint="Compare one feed, or /v1/posts with a query that selects fewer posts.",
    )


def _following_url(url: str, next_url: str) -> str:
    """Return ``next_url`` at the host of ``url``: a proxy may serve under another host."""
    try:
        parts = urlsplit(next_url)
    except ValueError as error:
        raise DeliveryError(f"{url} has a next_url that is no URL: {error}") from error
    return urljoin(url, parts._replace(scheme="", netloc="").geturl())


def _get(client: httpx.Client, url: str, budget: _Budget) -> dict[str, Any]:
    try:
        with client.stream("GET", url) as response:
            response.raise_for_status()
            page = json.loads(budget.read(response))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise DeliveryError(
            f"{url} cannot be read: {str(error) or type(error).__name__}",
            hint="Give the URL of a service, of its /v1/posts, or of one of its JSON feeds.",
        ) from error
    if not isinstance(page, dict) or not isinstance(page.get("items"), list):
        raise DeliveryError(
            f"{url} has no items", hint="Give the URL of a service, or of one of its JSON feeds."
        )
    return page
