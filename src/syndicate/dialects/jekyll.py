"""`jekyll`: any site made by Jekyll, and by Eleventy, whose posts look the same.

Folders decide where a post goes if nothing else does: ``_posts`` in Jekyll's own ``date`` style,
another underscored folder as a collection, a plain one as Eleventy would.
"""

import re
from collections.abc import Mapping
from typing import Final

from syndicate.dialects.fields import Fields
from syndicate.dialects.front_matter.declarative_dialect import DeclarativeDialect
from syndicate.dialects.front_matter.field_reader import DEFAULT_KEYS
from syndicate.dialects.front_matter.permalink import PERMALINK_STYLES
from syndicate.dialects.front_matter.post_path import PostPath

_POSTS: Final = "_posts"
_DAY_PREFIX: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-(?=.)")
_NOT_IN_URLS: Final = re.compile(r"[^\w.~!$&'()+,;=@]+")


def _default_permalink(path: PostPath) -> str:
    if _POSTS in path.folders:
        return PERMALINK_STYLES["date"]
    return (
        "/:collection/:path:output_ext" if path.folder.startswith("_") else "/:collection/:title/"
    )


def _placeholder_values(fields: Fields, path: PostPath) -> Mapping[str, str]:
    """Read names below ``_posts`` as Jekyll does: folders above it are categories.

    There, and only there, an unpadded day is no part of the title, nor is what needs encoding.
    """
    folders = path.folders
    if _POSTS not in folders:
        return {}
    categories = (*folders[: folders.index(_POSTS)], *fields.permalink_categories)
    title = _NOT_IN_URLS.sub("-", _DAY_PREFIX.sub("", path.name)).strip("-")
    return {
        "categories": "/".join(shelf.lower() for shelf in categories),
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
)
