"""URL patterns and slugs: placeholders of engines filled in, paths percent-encoded (RFC 3986)."""

import re
import unicodedata
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import quote, urlsplit

_ABSOLUTE: Final = re.compile("https?://", re.IGNORECASE)


_SLASHES: Final = re.compile("//+")


_SAFE: Final = "/:@!$&'()*+,;=-._~"
"""Characters of a path that need no escaping (RFC 3986 section 3.3)."""


_SAFE_IN_PERMALINKS: Final = _SAFE + "%?#[]"


def absolute(path: str, base_url: str) -> str:
    """Return ``path`` below ``base_url``; an http or https URL with a host as it is.

    Other schemes count as part of a path: ``javascript://`` in front matter never becomes a link.
    """
    if _ABSOLUTE.match(path) and _has_host(path):
        return path
    return base_url.rstrip("/") + _SLASHES.sub("/", f"/{path}")


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:  # not a URL, such as https://[a
        return False


def encoded(text: str) -> str:
    """Return ``text`` escaped for the path of a URL."""
    return quote(text, safe=_SAFE, errors="surrogateescape")


def encoded_permalink(text: str) -> str:
    """Return a permalink as written, with only what no URL may hold percent-encoded."""
    return quote(text, safe=_SAFE_IN_PERMALINKS, errors="surrogateescape")


def filled(pattern: str, placeholder: re.Pattern[str], fill: Callable[[re.Match[str]], str]) -> str:
    """Return ``pattern`` percent-encoded, with what ``fill`` returns for each placeholder."""
    parts: list[str] = []
    end = 0
    for match in placeholder.finditer(pattern):
        parts += encoded_permalink(pattern[end : match.start()]), fill(match)
        end = match.end()
    return "".join((*parts, encoded_permalink(pattern[end:])))


def matches_glob(path: str, glob: str) -> bool:
    """Return whether ``glob`` names ``path`` or a folder around it."""
    glob = glob.strip("/")
    return path == glob or path.startswith(f"{glob}/") or fnmatchcase(path, glob)


def ascii_slug(text: str) -> str:
    """Return ``text`` as the common slug libraries do: ASCII, lower case, hyphens between words."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def github_slug(text: str) -> str:
    """Return ``text`` as github-slugger does: lower case, no punctuation, hyphens."""
    return re.sub(r"[^\w\s-]", "", text.lower()).strip().replace(" ", "-")
