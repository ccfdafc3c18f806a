"""Reads the posts of a service over its API, page after page, as any partner does."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from syndicate import __version__
from syndicate.errors import DeliveryError, UsageError

_POSTS: Final = "/v1/posts"
_TIMEOUT_SECONDS: Final = 30.0


def read_items(url: str) -> list[dict[str, Any]]:
    """Return the items of all pages at ``url``: of a service, its posts, or one of its feeds.

    A URL without a path is that of a service. Raises `DeliveryError`, and `UsageError` for what is
    no URL.
    """
    return [item for page in _pages(_posts_url(url)) for item in page["items"]]


def _posts_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"{url} is not a URL: {error}") from error
    path = _POSTS if parts.path in ("", "/") else parts.path
    return parts._replace(path=path).geturl()


def _pages(url: str) -> Iterator[dict[str, Any]]:
    """Yield every page; ``next_url`` leads from one to the next (JSON Feed 1.1)."""
    agent = {"User-Agent": f"syndicate/{__version__} verify", "Accept": "application/json"}
    with httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=True, headers=agent) as client:
        read: set[str] = set()
        while url not in read:
            read.add(url)
            yield (page := _get(client, url))
            if not page.get("next_url"):
                return
            url = _following_url(url, str(page["next_url"]))
    raise DeliveryError(f"the pages after {url} lead back to it")


def _following_url(url: str, next_url: str) -> str:
    """Return ``next_url`` at the host of ``url``: a proxy may serve under another host."""
    try:
        parts = urlsplit(next_url)
    except ValueError as error:
        raise DeliveryError(f"{url} has a next_url that is no URL: {error}") from error
    return urljoin(url, parts._replace(scheme="", netloc="").geturl())


def _get(client: httpx.Client, url: str) -> dict[str, Any]:
    try:
        response = client.get(url)
        response.raise_for_status()
        page = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise DeliveryError(
            f"{url} cannot be read: {str(error) or type(error).__name__}",
            hint="Give the URL of a service, of its /v1/posts, or of one of its JSON feeds.",
        ) from error
    if not isinstance(page, dict) or not isinstance(page.get("items"), list):
        raise DeliveryError(
            f"{url} has no items", hint="Give the URL of a service, or of one of its JSON feeds."
        )
    return page
