"""The dialect `hugo`, for any Hugo site; its front matter is YAML, TOML or JSON.

URLs follow the folders below ``content``; placeholders are those of Hugo's ``permalinks``
settings, where ``:title`` is the title, not the file name.
"""

import re
from collections.abc import Mapping
from typing import Final

from syndicate.dialects.fields import DEFAULT_KEYS, VersionFields
from syndicate.dialects.front_matter.declarative_dialect import (
    LANGUAGE_SUFFIX,
    DeclarativeDialect,
)
from syndicate.dialects.front_matter.permalink import PostPath
from syndicate.model.markdown_options import GOLDMARK

_CONTENT_FOLDER: Final = "content"
_DROPPED: Final = re.compile(r"[^\w\s.+~-]|(?<=\s)-(?=\s)")


def _urlize(text: str) -> str:
    """Return ``text`` as in Hugo's URLs: lower case, with hyphens, without punctuation."""
    return re.sub(r"[\s-]+", "-", _DROPPED.sub("", text.lower()).strip())


def _placeholder_values(fields: VersionFields, path: PostPath) -> Mapping[str, str]:
    folders = path.folders
    below = folders[folders.index(_CONTENT_FOLDER) + 1 :] if _CONTENT_FOLDER in folders else folders
    sections = [_urlize(folder) for folder in below]
    title, name = _urlize(fields.title), _urlize(path.name)
    return {
        "title": title,
        "slug": fields.slug or title,
        "filename": name,
        "contentbasename": name,
        "slugorfilename": fields.slug or name,
        "slugorcontentbasename": fields.slug or name,
        "section": sections[0] if sections else "",
        "sections": "/".join(sections),
    }


HUGO: Final = DeclarativeDialect(
    name="hugo",
    keys={
        **DEFAULT_KEYS,
        "published": ("date", "publishDate", "pubDate", "published", "lastmod", "modified"),
        "embargo": ("publishDate", "pubDate"),
        "permalink": ("url",),
        "draft": ("draft", "headless"),
        "build": ("build", "_build"),
    },
    default_permalink=lambda _path: "/:sections/:slugorfilename/",
    placeholder_values=_placeholder_values,
    language_suffix=LANGUAGE_SUFFIX,
    has_leaf_bundles=True,
    markdown=GOLDMARK,
    comment_syntaxes=(),
)
