"""`docusaurus`, `next`, `astro`: Markdown or MDX posts of sites that are programs.

They agree on no keys, so the common ones for dates and authors are all asked.
"""

from typing import Final

from syndicate.dialects.fields import DEFAULT_KEYS, FieldKeys
from syndicate.dialects.front_matter.dates import DateRules
from syndicate.dialects.front_matter.declarative_dialect import DeclarativeDialect
from syndicate.model.markdown_options import REMARK, REMARK_SMARTYPANTS, MarkdownEngine

_KEYS: Final[FieldKeys] = {
    **DEFAULT_KEYS,
    "published": (
        *("date", "publishDate", "publish_date", "pubDate", "pubDatetime", "date_published"),
        *("publishedAt", "published_at", "createdAt", "created_at", "created"),
        *("published", "publishedDate", "published_date", "datePublished"),
    ),
    "authors": ("authors", "author", "author_name", "authorname", "authorName"),
    "draft": ("draft", "unlisted"),
}


def _dialect(name: str, markdown: MarkdownEngine) -> DeclarativeDialect:
    return DeclarativeDialect(
        name=name,
        keys=_KEYS,
        default_permalink=lambda path: f"/{path.folder.rpartition('/')[2]}/:title/",
        markdown=markdown,
        comment_syntaxes=("mdx",),
        dates=DateRules(month_first=True),
    )


DOCUSAURUS: Final = _dialect("docusaurus", REMARK)
NEXT: Final = _dialect("next", REMARK)
ASTRO: Final = _dialect("astro", REMARK_SMARTYPANTS)
