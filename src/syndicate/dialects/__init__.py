"""House styles of front matter: from the bytes of a post file to what they say about the post.

One file per style, each a line in `DIALECTS`; `document.read` takes files apart for all of them.
"""

from typing import Final

from syndicate.dialects.dialect import Dialect
from syndicate.dialects.hugo import HUGO
from syndicate.dialects.jekyll import JEKYLL
from syndicate.dialects.news_and_blog import NEWS_AND_BLOG
from syndicate.dialects.program_updates import PROGRAM_UPDATES

DIALECTS: Final[dict[str, Dialect]] = {
    dialect.name: dialect for dialect in (NEWS_AND_BLOG, PROGRAM_UPDATES, JEKYLL, HUGO)
}
"""Every dialect by the name that the settings call it."""
