"""Sample pages, and what they are made of."""

from datetime import date

from syndicate.model.feed import Feed
from syndicate.model.post import RenderedPost, Source
from syndicate.render.pages.html_pages import (
    FeedFilters,
    FeedLink,
    FeedSummary,
    PageLink,
    PostCard,
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


def card(item: RenderedPost, *, is_rendered: bool = True) -> PostCard:
    """Return the card of ``item``, with its image."""
    post = item.post
    return PostCard(
        title=post.title,
        url=post.url,
        page_url=f"{PUBLIC_URL}/posts/{post.key}",
        date=post.published.date(),
        source="Example agency, news",
        language=post.language,
        summary=item.summary,
        image=item.image.url if item.image else "",
        image_alt=(item.image and item.image.alt) or "",
        reading_minutes=item.reading_minutes,
        categories=tuple(
            PageLink(title=category.title, url=CATEGORY_URLS[category.slug])
            for category in post.categories
        ),
        is_rendered=is_rendered,
    )


def feed_page_html(
    feed: Feed,
    filters: FeedFilters = NO_FILTERS,
    total: int = 1,
    unfiltered_total: int = 1,
    previous_query: str | None = None,
) -> str:
    """Return the page of ``feed``."""
    return feed_page(
        feed,
        [card(item) for item in feed.items],
        description="",
        total=total,
        unfiltered_total=unfiltered_total,
        links=(JSON_LINK,),
        filters=filters,
        previous_query=previous_query,
        language=feed.language,
    )


def post_page_html(
    item: RenderedPost, source: Source | None = None, *, is_rendered: bool = True
) -> str:
    """Return the page of ``item``."""
    return post_page(
        samples.SERVICE_INFO,
        item,
        card(item, is_rendered=is_rendered),
        source or samples.source(),
        source_feed_url=SOURCE_FEED_URL,
        image_origins=["https://www.example.gov"],
    )
