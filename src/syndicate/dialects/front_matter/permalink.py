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
from syndicate.model.permalink_tokens import PERMALINK_STYLES, date_tokens, select_folders

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
                    return _percent_encode(select_folders(value, match[2]), _SAFE_IN_NAMES)
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
        **date_tokens(published),
    }


def _percent_encode(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogateescape")
