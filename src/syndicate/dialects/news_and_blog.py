"""`news-and-blog`: the U.S. Digital Service's news and blog, a Jekyll collection of carousel cards.

The day is in the file name, ``dateline_str`` is for show, ``carousel_*`` make the card,
``byline_str`` is one whole name. `mapping.GENERAL` knows these keys, so nothing is left to say.
"""

from typing import Final

from syndicate.dialects.mapping.keys import GENERAL
from syndicate.dialects.mapping.style import Style

NEWS_AND_BLOG: Final = Style(
    name="news-and-blog",
    permalink=lambda _place: "/news-and-blog/:name",
    keys=GENERAL,
)
