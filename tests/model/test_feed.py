"""A feed knows its own addresses."""

from tests import samples


def test_a_feed_has_an_address_in_every_format() -> None:
    """The suffix names the format, the empty one the page for people."""
    feed = samples.feed(name="tts")
    assert feed.url(".json") == "https://feeds.example.gov/feeds/tts.json"
    assert feed.url("") == "https://feeds.example.gov/feeds/tts"


def test_a_narrowed_feed_keeps_its_query_in_every_format() -> None:
    """The same query goes with every format; another page has a query of its own."""
    feed = samples.feed(query="carousel=true", next_query="after=x&carousel=true")
    assert feed.url(".rss") == "https://feeds.example.gov/feeds/all.rss?carousel=true"
    assert feed.url(".atom", "after=x") == "https://feeds.example.gov/feeds/all.atom?after=x"
    assert feed.url(".atom", "") == "https://feeds.example.gov/feeds/all.atom"


def test_a_feed_is_complete_if_its_first_page_is_its_last() -> None:
    """A page with one before or after it does not hold everything."""
    assert samples.feed(query="limit=2", first_query="limit=2").is_complete
    assert not samples.feed(next_query="after=x").is_complete
    assert not samples.feed(query="after=x").is_complete
