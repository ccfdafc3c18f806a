"""Sample pages, and what they are made of."""

from datetime import date

from syndicate.model.feed import Feed
from syndicate.model.post import Item, Source
from syndicate.render.page import Address, Filter, Listing, feed_page, post_page
from tests import samples

PUBLIC = samples.MASTHEAD.public_url
JSON = Address(
    title="JSON Feed",
    type="application/feed+json",
    url=f"{PUBLIC}/feeds/all.json?carousel=true&category=tts",
)
LISTING = Listing(
    title="Technology",
    description="",
    url=f"{PUBLIC}/feeds/technology",
    posts=1234,
    newest=date(2024, 1, 9),
    addresses=(JSON,),
)
PLAIN = Filter(limit=50, most=200)
HOMES = {"technology": f"{PUBLIC}/feeds/technology", "tts": f"{PUBLIC}/feeds/all?category=tts"}
RIVER = f"{PUBLIC}/feeds/news"


def river(feed: Feed, narrowing: Filter = PLAIN, total: int = 1, whole: int = 1) -> str:
    """Return the page of ``feed``."""
    return feed_page(
        feed,
        description="",
        total=total,
        whole=whole,
        addresses=(JSON,),
        narrowing=narrowing,
        homes=HOMES,
    )


def post(item: Item, source: Source | None = None) -> str:
    """Return the page of ``item``."""
    return post_page(samples.MASTHEAD, item, source or samples.source(), river=RIVER, homes=HOMES)
