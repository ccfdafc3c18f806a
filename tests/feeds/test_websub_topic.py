"""WebSub topics: feed URLs, parsed."""

from dataclasses import replace

import pytest

from syndicate.errors import UnknownName, UsageError
from syndicate.feeds.feed_location import parse_topic
from tests import samples
from tests.web.app_client import app_client

FEEDS_URL = "https://feeds.example.gov/feeds"
EDITION = app_client().reader.edition


@pytest.mark.parametrize(
    ("address", "own"),
    [
        (f"{FEEDS_URL}/all.json", f"{FEEDS_URL}/all.json"),
        (
            f"{FEEDS_URL}/all.atom?limit=3&category=TTS",
            f"{FEEDS_URL}/all.atom?category=tts&limit=3",
        ),
        (f"{FEEDS_URL}/%61ll.rss?", f"{FEEDS_URL}/all.rss"),
        (f"{FEEDS_URL}/TTS.json?carousel=true", f"{FEEDS_URL}/tts.json?carousel=true"),
        (f"{FEEDS_URL}/all.json?limit=50&foreign=x", f"{FEEDS_URL}/all.json"),
        ("https://Feeds.Example.gov/feeds/tech-carousel.json", f"{FEEDS_URL}/tech-carousel.json"),
    ],
)
def test_all_spellings_of_a_topic_have_one_canonical_url(address: str, own: str) -> None:
    """The one that the feed links to as self."""
    topic = parse_topic(address, samples.SERVICE_INFO, EDITION)
    assert topic.url(samples.SERVICE_INFO) == own
    assert parse_topic(own, samples.SERVICE_INFO, EDITION) == topic


@pytest.mark.parametrize(
    "address",
    [
        "",
        "all.json",
        f"{FEEDS_URL}/all.json?foreign=\x00",
        f"{FEEDS_URL}/all.json\n",
        "http://feeds.example.gov/feeds/all.json",
        "https://feeds.example.gov:444/feeds/all.json",
        "https://feeds.example.gov/all.json",
        "https://feeds.example.gov/feeds/.json",
        "https://feeds.example.gov/feeds/all",
        "https://feeds.example.gov/feeds/all.xml",
        "https://feeds.example.gov/feeds/all.json#top",
        "https://feeds.example.gov.example/feeds/all.json",
        "https://[/feeds/all.json",
    ],
)
def test_other_urls_are_rejected(address: str) -> None:
    """HTML pages, too; the hint names a valid topic."""
    with pytest.raises(UnknownName) as rejected:
        parse_topic(address, samples.SERVICE_INFO, EDITION)
    assert rejected.value.code == "unknown-topic"
    assert f"{FEEDS_URL}/all.json" in rejected.value.hint


def test_errors_of_name_and_query_are_passed_on() -> None:
    """As for readers."""
    with pytest.raises(UnknownName, match="called 'fish'"):
        parse_topic(f"{FEEDS_URL}/fish.json", samples.SERVICE_INFO, EDITION)
    with pytest.raises(UsageError, match="called 'category'"):
        parse_topic(f"{FEEDS_URL}/all.json?tag=x", samples.SERVICE_INFO, EDITION)


def test_topic_begins_with_the_whole_public_url() -> None:
    """Also where it has a path."""
    below = replace(samples.SERVICE_INFO, public_url="https://www.example.gov/syndicate")
    own = "https://www.example.gov/syndicate/feeds/all.json"
    assert parse_topic(own, below, EDITION).url(below) == own
    with pytest.raises(UnknownName):
        parse_topic("https://www.example.gov/feeds/all.json", below, EDITION)


REDIRECTS = {
    "/feeds/renamed": "/feeds/all",
    "/feeds/secret": "",
    "/feeds/away": "https://other.example.gov/feeds/all",
    "/feeds/loop": "/feeds/loop",
    "/feeds/moved.rss": "/feeds/all.atom",
}


@pytest.mark.parametrize(
    ("address", "own"),
    [
        (f"{FEEDS_URL}/renamed.rss", f"{FEEDS_URL}/all.rss"),
        (f"{FEEDS_URL}/renamed.json?limit=3", f"{FEEDS_URL}/all.json?limit=3"),
        ("https://Feeds.Example.gov/feeds/renam%65d.rss", f"{FEEDS_URL}/all.rss"),
        (f"{FEEDS_URL}/moved.rss", f"{FEEDS_URL}/all.atom"),
        (f"{FEEDS_URL}/all.rss", f"{FEEDS_URL}/all.rss"),
    ],
)
def test_topic_that_has_moved_is_the_feed_there(address: str, own: str) -> None:
    """As readers are redirected."""
    topic = parse_topic(address, samples.SERVICE_INFO, EDITION, REDIRECTS)
    assert topic.url(samples.SERVICE_INFO) == own


@pytest.mark.parametrize("name", ["secret", "away", "loop"])
def test_topic_that_is_no_longer_here_is_unknown(name: str) -> None:
    """It was withdrawn, has moved to another service, or nowhere."""
    with pytest.raises(UnknownName, match="is not the URL of a feed"):
        parse_topic(f"{FEEDS_URL}/{name}.json", samples.SERVICE_INFO, EDITION, REDIRECTS)
