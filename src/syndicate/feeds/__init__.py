"""Feeds as bytes: formats, representations with their header fields, and the cache of both."""

from syndicate.feeds.feed_cache import FeedCache
from syndicate.feeds.feed_location import FeedRequest
from syndicate.feeds.representation import (
    Encoding,
    RawHeaders,
    Representation,
    as_provisional,
    make_representation,
    recompress,
    with_headers,
    with_unambiguous_date,
)

__all__ = [
    "Encoding",
    "FeedCache",
    "FeedRequest",
    "RawHeaders",
    "Representation",
    "as_provisional",
    "make_representation",
    "recompress",
    "with_headers",
    "with_unambiguous_date",
]
