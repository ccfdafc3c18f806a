"""Properties of Atom alone."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from syndicate.feeds.formats import FORMATS
from syndicate.model.feed import Feed
from tests import samples
from tests.feeds.formats import sample_feeds
from tests.feeds.formats.feed_readers import ATOM

HISTORY = "{http://purl.org/syndication/history/1.0}"
TOMBSTONES = "{http://purl.org/atompub/tombstones/1.0}"


def root(feed: Feed) -> ET.Element:
    """Return the root of ``feed``."""
    return ET.fromstring(FORMATS["atom"].write(feed))  # noqa: S314 — our own


def test_removed_post_has_a_tombstone() -> None:
    """RFC 6721: the tombstone has the id of the entry and the time of its removal."""
    (stone,) = root(sample_feeds.FULL).iter(f"{TOMBSTONES}deleted-entry")
    assert stone.attrib == {
        "ref": "tag:www.example.gov,2024-01-29:0123456789abcdef",
        "when": "2024-05-01T08:00:00-04:00",
    }


def test_tombstone_namespace_is_declared_only_where_needed() -> None:
    """Validators warn of an unused namespace."""
    assert b"tombstones" not in FORMATS["atom"].write(samples.feed(samples.rendered_post()))


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_feed_on_one_page_is_marked_complete(name: str) -> None:
    """RFC 5005 section 2: posts that are not in it are gone."""
    complete = samples.feed(samples.rendered_post())
    paged = replace(complete, next_query="after=abc")
    assert b"<fh:complete/>" in FORMATS[name].write(complete)
    assert b"<fh:complete/>" not in FORMATS[name].write(paged)


def test_all_pages_of_a_feed_have_one_id() -> None:
    """The id is neither that of a page nor that of a format."""
    assert root(sample_feeds.FULL).findtext(f"{ATOM}id") == (
        "https://feeds.example.gov/feeds/dise%C3%B1o?category=tts"
    )


def test_feed_of_one_source_has_that_source_as_author() -> None:
    """A feed of several sources has the service as its author."""
    one = root(samples.feed()).find(f"{ATOM}author")
    several = root(sample_feeds.FULL).find(f"{ATOM}author")
    assert one is not None
    assert several is not None
    assert one.findtext(f"{ATOM}name") == "Example agency, news"
    assert several.findtext(f"{ATOM}name") == "Example agency feeds"


def test_equal_rights_of_sources_are_written_once() -> None:
    """Different rights are written with the title of each source."""
    claims = {
        ("CC0", "CC0"): "CC0",
        ("CC0", ""): "Example agency, a: CC0",
        ("CC0", "Public domain"): "Example agency, a: CC0; Example agency, b: Public domain",
        ("", ""): None,
    }
    for (one, two), expected in claims.items():
        sources = (samples.source("a", rights=one), samples.source("b", rights=two))
        assert root(samples.feed(sources=sources)).findtext(f"{ATOM}rights") == expected
