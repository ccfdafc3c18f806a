"""Sample pages, and what they are made of."""

from datetime import date

from syndicate.model.feed import Feed
from syndicate.model.post import RenderedPost, Source
from syndicate.render.pages.html_pages import (
    FeedFilters,
    FeedLink,
    FeedSummary,
    feed_page,
    post_page,
)
from tests import samples

PUBLIC_URL = samples.SERVICE_INFO.public_url
JSON_LINK = FeedLink(
    title="JSON Feed",
    type="application/feed+json",
    url=f"{PUBLIC_URL}/feeds/all.json?carousel=true&category=tts",
)
FEED_SUMMARY = FeedSummary(
    title="Technology",
    description="",
    url=f"{PUBLIC_URL}/feeds/technology",
    posts=1234,
    latest=date(2024, 1, 9),
    links=(JSON_LINK,),
)
NO_FILTERS = FeedFilters(limit=50, max_limit=200)
CATEGORY_URLS = {
    "technology": f"{PUBLIC_URL}/feeds/technology",
    "tts": f"{PUBLIC_URL}/feeds/all?category=tts",
}
SOURCE_FEED_URL = f"{PUBLIC_URL}/feeds/news"


def feed_page_html(
    feed: Feed, filters: FeedFilters = NO_FILTERS, total: int = 1, unfiltered_total: int = 1
) -> str:
    """Return the page of ``feed``."""
    return feed_page(
        feed,
        description="",
        total=total,
        unfiltered_total=unfiltered_total,
        links=(JSON_LINK,),
        filters=filters,
        category_urls=CATEGORY_URLS,
    )


def post_page_html(item: RenderedPost, source: Source | None = None) -> str:
    """Return the page of ``item``."""
    return post_page(
        samples.SERVICE_INFO,
        item,
        source or samples.source(),
        source_feed_url=SOURCE_FEED_URL,
        category_urls=CATEGORY_URLS,
    )
