"""URLs of posts from permalink patterns, with the placeholders and styles of Jekyll and Hugo.

Percent-encoding follows RFC 3986.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

from syndicate.dialects.fields import Fields
from syndicate.dialects.front_matter.post_path import PostPath
from syndicate.model.category import slug

PERMALINK_STYLES: Final = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
"""Jekyll's permalink styles by name."""

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_ABSOLUTE: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(r":([a-z_]{1,24})(?:\[([a-z0-9:]{0,12})\])?")
_SLASHES: Final = re.compile("//+")
_SAFE_IN_NAMES: Final = "/:@!$&'()*+,;=-._~"
"""Characters of file names that are not encoded in a path (RFC 3986 section 3.3)."""
_SAFE_IN_PERMALINKS: Final = _SAFE_IN_NAMES + "%?#[]"


def build_url(pattern: str, placeholders: Mapping[str, str], site_url: str) -> str:
    """Return the URL of ``pattern`` with its placeholders replaced, below ``site_url`` if relative.

    At each colon the longest known placeholder counts; unknown ones stay as they are. Double
    slashes, as from empty placeholders, are collapsed.
    """

    def replace(match: re.Match[str]) -> str:
        word = match[1]
        for end in range(len(word), 0, -1):
            if word[:end] in placeholders:
                value = placeholders[word[:end]]
                if match[2] and end == len(word):
                    return _percent_encode(_select_folders(value, match[2]), _SAFE_IN_NAMES)
                return _percent_encode(value, _SAFE_IN_NAMES) + match[0][end + 1 :]
        return match[0]

    if _ABSOLUTE.match(pattern):
        return _percent_encode(pattern, _SAFE_IN_PERMALINKS)
    replaced = _PLACEHOLDER.sub(replace, PERMALINK_STYLES.get(pattern, pattern))
    path = _SLASHES.sub("/", f"/{_percent_encode(replaced, _SAFE_IN_PERMALINKS)}")
    return site_url.rstrip("/") + path


def placeholder_values(fields: Fields, path: PostPath, published: datetime) -> dict[str, str]:
    """Return the values of Jekyll's placeholders for one post."""
    categories = fields.permalink_categories
    return {
        "categories": "/".join(category.lower() for category in categories),
        "slugified_categories": "/".join(slug(category) for category in categories),
        "collection": path.folder.rpartition("/")[2].lstrip("_"),
        "name": path.name,
        "output_ext": ".html",
        "path": path.path_in_folder,
        "slug": fields.slug or slug(fields.title) or path.undated_name,
        "title": fields.slug or path.undated_name,
        **_date_placeholders(published),
    }


def _select_folders(path: str, index: str) -> str:
    """Return the folders of ``path`` at ``index``: ``[0]``, ``[last]``, ``[1:]`` or ``[:2]``."""
    folders = path.split("/")
    start, colon, end = index.replace("last", str(len(folders) - 1)).partition(":")
    if not (start + end).isdecimal():
        return path
    selected = slice(int(start or 0), int(end) if end else None)
    return "/".join(folders[selected] if colon else folders[int(start) :][:1])


def _date_placeholders(time: datetime) -> dict[str, str]:
    month, day = _MONTHS[time.month - 1], _DAYS[time.weekday()]
    year, week, weekday = time.isocalendar()
    return {
        "year": f"{time.year:04}",
        "short_year": f"{time.year % 100:02}",
        "month": f"{time.month:02}",
        "i_month": str(time.month),
        "short_month": month[:3],
        "long_month": month,
        "day": f"{time.day:02}",
        "i_day": str(time.day),
        "y_day": f"{time.timetuple().tm_yday:03}",
        "short_day": day[:3],
        "long_day": day,
        "w_year": f"{year:04}",
        "week": f"{week:02}",
        "w_day": str(weekday),
        "monthname": month.lower(),
        "yearday": str(time.timetuple().tm_yday),
        "weekday": str(weekday % 7),
        "weekdayname": day.lower(),
        "hour": f"{time.hour:02}",
        "minute": f"{time.minute:02}",
        "second": f"{time.second:02}",
    }


def _percent_encode(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogateescape")
