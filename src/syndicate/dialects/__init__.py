"""Conventions of front matter: from the content of a post file to the fields of the post.

A new dialect is a new file and a line in `DIALECTS`; `document.parser` parses files for all.
"""

from typing import Final

from syndicate.dialects.dialect import Dialect
from syndicate.dialects.eleventy import ELEVENTY
from syndicate.dialects.hugo import HUGO
from syndicate.dialects.jekyll import JEKYLL
from syndicate.dialects.mdx_blogs import ASTRO, DOCUSAURUS, NEXT
from syndicate.dialects.news_and_blog import NEWS_AND_BLOG
from syndicate.dialects.program_updates import PROGRAM_UPDATES
from syndicate.dialects.zola import ZOLA

DIALECTS: Final[dict[str, Dialect]] = {
    dialect.name: dialect
    for dialect in (
        *(NEWS_AND_BLOG, PROGRAM_UPDATES, JEKYLL, HUGO, ELEVENTY, ZOLA),
        *(DOCUSAURUS, NEXT, ASTRO),
    )
}
"""All dialects by their name in the settings."""
