"""The wire formats; a new one is a file here and a line in the table."""

from types import MappingProxyType
from typing import Final

from syndicate.formats.atom import Atom
from syndicate.formats.format import Format, Frame
from syndicate.formats.json_feed import JsonFeed
from syndicate.formats.rss import Rss

FORMATS: Final = MappingProxyType[str, Format](
    {
        "json": JsonFeed(),
        "rss": Rss(),
        "atom": Atom(),
    }
)
"""Every format by its suffix in addresses, in the order people see them."""

__all__ = ["FORMATS", "Format", "Frame"]
