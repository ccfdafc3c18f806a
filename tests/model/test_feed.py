"""URLs and pages of a feed."""

from tests import samples


def test_feed_has_a_url_in_every_format() -> None:
    """The suffix names the format, the empty one is the HTML page."""
    feed = samples.feed(name="tts")
    assert feed.url(".json") == "https://feeds.example.gov/feeds/tts.json"
    assert feed.url("") == "https://feeds.example.gov/feeds/tts"


def test_filtered_feed_keeps_its_query_in_every_format() -> None:
    """Another page has a query of its own."""
    feed = samples.feed(query="carousel=true", next_query="after=x&carousel=true")
    assert feed.url(".rss") == "https://feeds.example.gov/feeds/all.rss?carousel=true"
    assert feed.url(".atom", "after=x") == "https://feeds.example.gov/feeds/all.atom?after=x"
    assert feed.url(".atom", "") == "https://feeds.example.gov/feeds/all.atom"


def test_feed_is_complete_if_it_has_one_page() -> None:
    """A page with another one before or after it is not complete."""
    assert samples.feed(query="limit=2", first_query="limit=2").is_complete
    assert not samples.feed(next_query="after=x").is_complete
    assert not samples.feed(query="after=x").is_complete
