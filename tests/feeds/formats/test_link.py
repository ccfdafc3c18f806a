"""Links of a feed, which are the same in every format."""

from dataclasses import replace

from syndicate.feeds.formats.link import Link, feed_links
from tests import samples
from tests.feeds.formats import sample_feeds

RSS = "application/rss+xml; charset=utf-8"


def test_feed_on_one_page_has_two_links() -> None:
    """Self and the site of its only source; no paging, and no hub where none is set."""
    assert feed_links(samples.feed(), ".rss", RSS) == (
        Link(rel="alternate", href="https://www.example.gov", type="text/html"),
        Link(
            rel="self",
            href="https://feeds.example.gov/feeds/all.rss",
            type="application/rss+xml",
        ),
    )


def test_last_page_links_to_the_first() -> None:
    """And to the previous one (RFC 5005): paging links are there where they have a target."""
    last = replace(sample_feeds.FULL, next_query=None)
    found = {link.rel: link.href for link in feed_links(last, ".rss", RSS)}
    assert found["first"] == "https://feeds.example.gov/feeds/dise%C3%B1o.rss?category=tts"
    assert found["previous"] == found["first"]
    assert "next" not in found
    first = replace(sample_feeds.FULL, previous_query=None)
    assert "previous" not in [link.rel for link in feed_links(first, ".rss", RSS)]


def test_license_of_two_sources_is_linked_once() -> None:
    """Two sources with the same license have one link."""
    free = "https://creativecommons.org/publicdomain/zero/1.0/"
    sources = (samples.source("a", rights_url=free), samples.source("b", rights_url=free))
    found = feed_links(samples.feed(sources=sources), ".rss", RSS)
    assert [link for link in found if link.rel == "license"] == [Link(rel="license", href=free)]
