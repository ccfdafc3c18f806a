"""The dialect `news-and-blog`, of the U.S. Digital Service: a Jekyll collection of carousel cards.

The date is in the file name, ``dateline_str`` is for display, ``carousel_*`` make the card,
``byline_str`` is one name. `DEFAULT_KEYS` has these keys.
"""

from typing import Final

from syndicate.dialects.fields import DEFAULT_KEYS
from syndicate.dialects.front_matter.dates import DateRules
from syndicate.dialects.front_matter.declarative_dialect import DeclarativeDialect

NEWS_AND_BLOG: Final = DeclarativeDialect(
    name="news-and-blog",
    default_permalink=lambda _path: "/news-and-blog/:name",
    keys=DEFAULT_KEYS,
    dates=DateRules(read_in_utc="timestamps"),
)
