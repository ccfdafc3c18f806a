"""From an edition to the bytes that go out: made once, kept while nothing changes them."""

from syndicate.feeds.feed_cache import FeedCache
from syndicate.feeds.representation import (
    Encoding,
    Representation,
    as_provisional,
    make_representation,
    recompress,
    with_unambiguous_date,
)

__all__ = [
    "Encoding",
    "FeedCache",
    "Representation",
    "as_provisional",
    "make_representation",
    "recompress",
    "with_unambiguous_date",
]
