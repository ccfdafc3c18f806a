"""URL patterns and slugs: styles and tokens of Jekyll and Hugo, placeholders filled in, encoding.

https://jekyllrb.com/docs/permalinks/ and https://gohugo.io/content-management/urls/; paths are
percent-encoded as in RFC 3986.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

PERMALINK_STYLES: Final = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
"""Jekyll's permalink styles by name."""


def date_tokens(at: datetime) -> Mapping[str, str]:
    """Return the values of the date placeholders of Jekyll and Hugo."""
    month, day = MONTHS[at.month - 1], _DAYS[at.weekday()]
    year, week, weekday = at.isocalendar()
    return {
        "year": f"{at.year:04}",
        "short_year": f"{at.year % 100:02}",
        "month": f"{at.month:02}",
        "i_month": str(at.month),
        "short_month": month[:3],
        "long_month": month,
        "day": f"{at.day:02}",
        "i_day": str(at.day),
        "y_day": f"{at.timetuple().tm_yday:03}",
        "short_day": day[:3],
        "long_day": day,
        "w_year": f"{year:04}",
        "week": f"{week:02}",
        "w_day": str(weekday),
        "hour": f"{at.hour:02}",
        "minute": f"{at.minute:02}",
        "second": f"{at.second:02}",
        "monthname": month.lower(),
        "yearday": str(at.timetuple().tm_yday),
        "weekday": str(weekday % 7),
        "weekdayname": day.lower(),
    }


def select_folders(path: str, part: str) -> str:
    """Return the folders of ``path`` at ``part``: ``[0]``, ``[last]``, ``[1:]`` or ``[:2]``."""
    folders = path.split("/")
    start, colon, end = part.replace("last", str(len(folders) - 1)).partition(":")
    if not (start + end).isdecimal():
        return path
    selected = slice(int(start or 0), int(end) if end else None)
    return "/".join(folders[selected] if colon else folders[int(start) :][:1])


_ABSOLUTE: Final = re.compile("https?://", re.IGNORECASE)


_SLASHES: Final = re.compile("//+")


_WILDCARD: Final = re.compile(r"[*?\[]")
_CACHED_GLOBS: Final = 1_000


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
    name, prefix, has_wildcard = _split_glob(glob)
    return path == name or path.startswith(prefix) or (has_wildcard and fnmatchcase(path, name))


@lru_cache(_CACHED_GLOBS)
def _split_glob(glob: str) -> tuple[str, str, bool]:
    """Return the path that ``glob`` names, that of what is in it, and whether it has a wildcard."""
    name = glob.strip("/")
    return name, f"{name}/", _WILDCARD.search(name) is not None


def ascii_slug(text: str) -> str:
    """Return ``text`` as the common slug libraries do: ASCII, lower case, hyphens between words."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def github_slug(text: str) -> str:
    """Return ``text`` as github-slugger does: lower case, no punctuation, hyphens."""
    return re.sub(r"[^\w\s-]", "", text.lower()).strip().replace(" ", "-")
