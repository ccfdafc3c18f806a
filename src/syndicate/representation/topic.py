"""Topics (WebSub): the addresses of our feeds, read as what they mean."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from syndicate.errors import UnknownName
from syndicate.formats import FORMATS, Format
from syndicate.model.edition import Edition
from syndicate.model.feed import Masthead
from syndicate.model.query import Query, parse_query
from syndicate.representation.address import find


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A feed in a format, narrowed by a query: what stands at one address of ours."""

    name: str
    query: Query
    form: Format

    @classmethod
    def parse(cls, address: str, masthead: Masthead, edition: Edition) -> Self:
        """Read an address in whatever spelling ``edition`` has a feed for.

        Raises `UnknownName` if it has none there, `UsageError` for what is wrong in the query.
        """
        try:
            asked, ours = urlsplit(address), urlsplit(masthead.public_url)
        except ValueError:
            raise _foreign(address, masthead) from None
        before, _, name = asked.path.partition("/feeds/")
        stem, _, suffix = name.rpartition(".")
        there = (asked.scheme, asked.netloc.lower(), before)
        is_ours = address.isprintable() and there == (ours.scheme, ours.netloc.lower(), ours.path)
        if not is_ours or asked.fragment or not stem or suffix not in FORMATS:
            raise _foreign(address, masthead)
        place = find(edition, unquote(stem))
        pairs = [*parse_qsl(place.query), *parse_qsl(asked.query)]
        return cls(name=place.name, query=parse_query(pairs, edition), form=FORMATS[suffix])

    def address(self, masthead: Masthead) -> str:
        """Return the one address that the feed says is its own."""
        return masthead.feed_url(self.name, f".{self.form.name}", self.query.canonical())


def _foreign(address: str, masthead: Masthead) -> UnknownName:
    return UnknownName(
        f"{address!r} is not the address of a feed here",
        code="unknown-topic",
        hint=f"Take the one that a feed calls self, such as {masthead.feed_url('all', '.json')}.",
    )
