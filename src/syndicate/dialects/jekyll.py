"""The dialect `jekyll`, for any Jekyll site, and for Eleventy, whose posts look the same.

Without a permalink, the folder decides on the URL: ``_posts`` has Jekyll's ``date`` style, other
folders with an underscore are collections, folders without one have the URLs of Eleventy.
"""

import re
from collections.abc import Mapping
from typing import Final

from syndicate.dialects.fields import DEFAULT_KEYS, VersionFields
from syndicate.dialects.front_matter.dates import DateRules
from syndicate.dialects.front_matter.declarative_dialect import DeclarativeDialect
from syndicate.dialects.front_matter.permalink import PostPath
from syndicate.model.url_patterns import PERMALINK_STYLES

_POSTS: Final = "_posts"
_DAY_PREFIX: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-(?=.)")
_NOT_IN_URLS: Final = re.compile(r"[^\w.~!$&'()+,;=@]+")


def _default_permalink(path: PostPath) -> str:
    if _POSTS in path.folders:
        return PERMALINK_STYLES["date"]
    return (
        "/:collection/:path:output_ext" if path.folder.startswith("_") else "/:collection/:title/"
    )


def _placeholder_values(fields: VersionFields, path: PostPath) -> Mapping[str, str]:
    """Return the values that Jekyll has for posts below ``_posts``: folders above are categories.

    Only there, the title lacks an unpadded date prefix and characters that need encoding.
    """
    folders = path.folders
    if _POSTS not in folders:
        return {}
    categories = (*folders[: folders.index(_POSTS)], *fields.permalink_categories)
    title = _NOT_IN_URLS.sub("-", _DAY_PREFIX.sub("", path.name)).strip("-")
    return {
        "categories": "/".join(category.lower() for category in categories),
        "title": fields.slug or title,
    }


JEKYLL: Final = DeclarativeDialect(
    name="jekyll",
    keys=DEFAULT_KEYS,
    default_permalink=_default_permalink,
    placeholder_values=_placeholder_values,
    split_at_spaces=True,
    allowed_names=frozenset({_POSTS}),
    comment_syntaxes=("kramdown", "nunjucks"),
    has_unpadded_days=True,
    dates=DateRules(read_in_utc="timestamps"),
)
