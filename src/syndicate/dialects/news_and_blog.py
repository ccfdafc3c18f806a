"""`news-and-blog`: the U.S. Digital Service's news and blog, a Jekyll collection of carousel cards.

The day is in the file name, ``dateline_str`` is for show, ``carousel_*`` make the card,
``byline_str`` is one whole name. `mapping.DEFAULT_KEYS` knows these keys, so nothing is left to
say.
"""

from typing import Final

from syndicate.dialects.front_matter.declarative_dialect import DeclarativeDialect
from syndicate.dialects.front_matter.field_reader import DEFAULT_KEYS

NEWS_AND_BLOG: Final = DeclarativeDialect(
    name="news-and-blog",
    default_permalink=lambda _place: "/news-and-blog/:name",
    keys=DEFAULT_KEYS,
)
