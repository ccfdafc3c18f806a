"""The dates of feeds of the head of a branch."""

from datetime import datetime, timedelta

from syndicate.content.source_index import SourceIndex
from syndicate.model.edition import Edition
from syndicate.model.feed import build_feed, build_feed_view, last_modified
from syndicate.model.query import Query
from tests import samples

QUERIES = (
    Query(),
    Query(categories=("a",)),
    Query(categories=("b",)),
    Query(carousel=True),
    Query(languages=("es",)),
)
DAY = timedelta(days=1)

Dates = dict[str, tuple[datetime, datetime]]
"""*Updated* and Last-Modified of the feed for each query."""


def feed_dates(index: SourceIndex, at: datetime) -> Dates:
    """Return the dates of all feeds of the head of the branch at a time."""
    edition = Edition.build([index.snapshot(index.repository.head())], at=at)
    views = {query.canonical(): build_feed_view(edition, "all", query) for query in QUERIES}
    return {
        name: (
            build_feed(edition, view, samples.SERVICE_INFO, []).updated,
            last_modified(edition, view),
        )
        for name, view in views.items()
    }
