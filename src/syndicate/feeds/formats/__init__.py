"""The feed formats. A new one is a file in this folder and a line in the table below."""

from types import MappingProxyType
from typing import Final

from syndicate.feeds.formats.atom import Atom
from syndicate.feeds.formats.format import FeedEnvelope, Format
from syndicate.feeds.formats.json_feed import JsonFeed
from syndicate.feeds.formats.rss import Rss

FORMATS: Final = MappingProxyType[str, Format](
    {
        "json": JsonFeed(),
        "rss": Rss(),
        "atom": Atom(),
    }
)
"""Every format by its suffix in URLs, in the order of the menus."""

__all__ = ["FORMATS", "FeedEnvelope", "Format"]
