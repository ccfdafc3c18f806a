"""What Atom says beyond the other formats."""

from dataclasses import replace
from datetime import UTC, datetime
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


def test_what_left_is_buried_in_the_feed() -> None:
    """A tombstone (RFC 6721) says which entry left, and when."""
    (stone,) = root(sample_feeds.FULL).iter(f"{TOMBSTONES}deleted-entry")
    assert stone.attrib == {
        "ref": "tag:www.example.gov,2024-01-29:0123456789abcdef",
        "when": "2024-05-01T08:00:00-04:00",
    }


def test_the_namespace_of_tombstones_comes_with_tombstones() -> None:
    """Validators warn of it, so it is declared only where it is needed."""
    assert b"tombstones" not in FORMATS["atom"].write(samples.feed(samples.rendered_post()))


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_a_feed_on_one_page_says_that_it_is_complete(name: str) -> None:
    """RFC 5005 section 2: what is not in it is gone."""
    whole = samples.feed(samples.rendered_post())
    paged = replace(whole, next_query="after=abc")
    assert b"<fh:complete/>" in FORMATS[name].write(whole)
    assert b"<fh:complete/>" not in FORMATS[name].write(paged)


def test_posts_that_one_commit_changed_are_updated_apart() -> None:
    """No two entries share an instant, which validators warn of; each keeps its second."""
    committed = datetime(2024, 3, 1, 12, 0, 7, tzinfo=UTC)
    items = [samples.rendered_post(replace(post, updated=committed)) for post in samples.posts(20)]
    entries = root(samples.feed(*items)).findall(f"{ATOM}entry/{ATOM}updated")
    instants = {datetime.fromisoformat(entry.text or "") for entry in entries}
    assert len(instants) == 20
    assert {instant.replace(microsecond=0) for instant in instants} == {committed}


def test_a_post_that_never_changed_was_updated_when_it_was_published() -> None:
    """Nothing is added to an instant that is published as well, or that is exact already."""
    exact = samples.post("b.md", updated=datetime(2024, 3, 1, 12, 0, 7, 5000, tzinfo=UTC))
    feed = samples.feed(samples.rendered_post(), samples.rendered_post(exact))
    entries = root(feed).findall(f"{ATOM}entry/{ATOM}updated")
    assert [entry.text for entry in entries] == [
        "2024-01-29T00:00:00-05:00",
        "2024-03-01T12:00:07.005Z",
    ]


def test_the_id_is_the_same_on_every_page() -> None:
    """Pages are documents of one feed, whose id is not that of its first page's format."""
    assert root(sample_feeds.FULL).findtext(f"{ATOM}id") == (
        "https://feeds.example.gov/feeds/dise%C3%B1o?category=tts"
    )


def test_a_feed_of_one_source_is_by_that_source() -> None:
    """Who stands for entries without an author: the source, or the service if there are more."""
    one = root(samples.feed()).find(f"{ATOM}author")
    several = root(sample_feeds.FULL).find(f"{ATOM}author")
    assert one is not None
    assert several is not None
    assert one.findtext(f"{ATOM}name") == "Example agency, news"
    assert several.findtext(f"{ATOM}name") == "Example agency feeds"


def test_rights_are_said_once_where_all_agree() -> None:
    """One claim for all sources, each its own where they differ, none where there is none."""
    claims = {
        ("CC0", "CC0"): "CC0",
        ("CC0", ""): "Example agency, a: CC0",
        ("CC0", "Public domain"): "Example agency, a: CC0; Example agency, b: Public domain",
        ("", ""): None,
    }
    for (one, two), expected in claims.items():
        sources = (samples.source("a", rights=one), samples.source("b", rights=two))
        assert root(samples.feed(sources=sources)).findtext(f"{ATOM}rights") == expected
