"""`jekyll`: any site made by Jekyll, and by Eleventy, whose posts look the same.

Folders decide where a post goes if nothing else does: ``_posts`` in Jekyll's own ``date`` style,
another underscored folder as a collection, a plain one as Eleventy would.
"""

import re
from collections.abc import Mapping
from typing import Final

from syndicate.dialects.fields import Fields
from syndicate.dialects.mapping.keys import GENERAL
from syndicate.dialects.mapping.permalink import STYLES
from syndicate.dialects.mapping.place import Place
from syndicate.dialects.mapping.style import Style

_POSTS: Final = "_posts"
_PREFIX: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-(?=.)")
_UNFIT: Final = re.compile(r"[^\w.~!$&'()+,;=@]+")


def _permalink(place: Place) -> str:
    if _POSTS in place.folders:
        return STYLES["date"]
    return (
        "/:collection/:path:output_ext" if place.folder.startswith("_") else "/:collection/:title/"
    )


def _tokens(fields: Fields, place: Place) -> Mapping[str, str]:
    """Read names below ``_posts`` as Jekyll does: folders above it are categories.

    There, and only there, an unpadded day is no part of the title, nor is what needs encoding.
    """
    folders = place.folders
    if _POSTS not in folders:
        return {}
    shelves = (*folders[: folders.index(_POSTS)], *fields.shelves)
    title = _UNFIT.sub("-", _PREFIX.sub("", place.name)).strip("-")
    return {
        "categories": "/".join(shelf.lower() for shelf in shelves),
        "title": fields.slug or title,
    }


JEKYLL: Final = Style(
    name="jekyll",
    keys=GENERAL,
    permalink=_permalink,
    tokens=_tokens,
    spaces=True,
    exempt=frozenset({_POSTS}),
    comments=("kramdown", "nunjucks"),
)
