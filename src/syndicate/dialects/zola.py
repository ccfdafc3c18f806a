"""`zola`: any site made by Zola; its front matter is TOML, its own keys are in ``extra``."""

from typing import Final

from syndicate.dialects.fields import DEFAULT_KEYS
from syndicate.dialects.front_matter.declarative_dialect import (
    LANGUAGE_SUFFIX,
    DeclarativeDialect,
)
from syndicate.model.markdown_options import PULLDOWN_CMARK

ZOLA: Final = DeclarativeDialect(
    name="zola",
    keys={
        **DEFAULT_KEYS,
        "summary": ("description", "summary", "extra.summary", "extra.description"),
        "permalink": ("path",),
        "categories": (
            *("taxonomies.categories", "taxonomies.tags", "taxonomies.topics"),
            *("categories", "tags"),
        ),
        "image": ("extra.image", "extra.cover", "extra.thumbnail", "image"),
        "authors": ("authors", "extra.authors", "extra.author", "taxonomies.authors"),
    },
    default_permalink=lambda path: f"/{'/'.join(path.folders)}/:slug/",
    language_suffix=LANGUAGE_SUFFIX,
    has_leaf_bundles=True,
    markdown=PULLDOWN_CMARK,
    comment_syntaxes=(),
)
