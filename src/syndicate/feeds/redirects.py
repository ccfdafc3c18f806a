"""Where paths of this service have moved, as `[[redirects]]` of the settings say."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from syndicate.feeds.formats import FORMATS
from syndicate.model.feed import ServiceInfo

_FEEDS: Final = "/feeds/"
_EMBEDS: Final = "/embed/"
_EMBED_SUFFIX: Final = ".html"
_MAX_REDIRECTS: Final = 10
"""A chain that is longer is a loop."""


def redirect_target(path: str, redirects: Mapping[str, str]) -> str | None:
    """Return where ``path`` has moved, empty if it was withdrawn, None if neither.

    A feed moves with its formats and its embed: a redirect of /feeds/a applies to /feeds/a.rss and
    /embed/a.html, too. No path of this service ends with a slash, except the first.
    """
    if path in redirects:
        return redirects[path]
    if path.endswith("/") and path != "/":
        return f"/{path.strip('/')}"
    suffix = PurePosixPath(path).suffix
    if path.startswith(_EMBEDS) and suffix == _EMBED_SUFFIX:
        target = redirects.get(f"{_FEEDS}{path[len(_EMBEDS) : -len(_EMBED_SUFFIX)]}")
        if target is None or not target.startswith(_FEEDS):
            return target
        return f"{_EMBEDS}{target[len(_FEEDS) :]}{_EMBED_SUFFIX}"
    if suffix[1:] not in FORMATS:
        return None
    target = redirects.get(path.removesuffix(suffix))
    return f"{target}{suffix}" if target else target


def follow_redirects(
    url: str, service_info: ServiceInfo, redirects: Mapping[str, str]
) -> str | None:
    """Return where a reader of ``url`` arrives; None if it was withdrawn, or for a loop.

    A URL of another service is returned as it is. Raises `ValueError` for one that is malformed.
    """
    base = urlsplit(service_info.public_url)
    for _ in range(_MAX_REDIRECTS):
        parts = urlsplit(url)
        is_ours = (parts.scheme, parts.netloc.lower()) == (base.scheme, base.netloc.lower())
        if not (is_ours and parts.path.startswith(f"{base.path}/")):
            return url
        target = redirect_target(unquote(parts.path.removeprefix(base.path)), redirects)
        if target is None:
            return url
        if not target:
            return None
        url = service_info.url(target) if target.startswith("/") else target
        if parts.query:
            url += f"{'&' if '?' in url else '?'}{parts.query}"
    return None
