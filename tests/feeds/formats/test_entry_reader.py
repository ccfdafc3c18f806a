"""Reading which entries a feed has that another program wrote."""

import pytest

from syndicate.feeds.formats.entry_reader import FeedEntry, read_entries

ENTRIES = (FeedEntry(id="a", url="https://agency.gov/a"), FeedEntry(id="b", url=""))
RSS = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>News</title><link>https://agency.gov</link>
<item><title>A</title><guid isPermaLink="false"> a </guid><link>https://agency.gov/a</link></item>
<item><guid>b</guid></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id>
<entry><link rel="edit" href="https://agency.gov/e"/><link href="https://agency.gov/a"/><id>a</id>
</entry><entry><id>b</id></entry></feed>"""
JSON = '\ufeff{"items": [{"id": "a", "url": "https://agency.gov/a"}, {"id": "b"}, 7]}'


@pytest.mark.parametrize("text", [RSS, ATOM, JSON], ids=["rss", "atom", "json"])
def test_entries_are_read_from_every_format(text: str) -> None:
    """With the ID and the URL of the page, not that of the feed."""
    assert read_entries(text.encode()) == ENTRIES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"---\nlayout: null\n---\n<rss></rss>",
        b"<html><body></body></html>",
        b'{"items": "none"}',
        b"{not JSON",
        b'{"items": ' + b"[" * 100_000,
        b"<rss>" + b" " * 8_000_000,
    ],
)
def test_what_is_no_feed_has_no_entries(data: bytes) -> None:
    """Neither does one that is too large or too deep."""
    assert read_entries(data) == ()


def test_entities_are_not_resolved() -> None:
    """Neither those of files nor nested ones."""
    data = (
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        "<rss><channel><item><guid>&x;</guid></item></channel></rss>"
    )
    assert read_entries(data.encode()) == (FeedEntry(id="", url=""),)
