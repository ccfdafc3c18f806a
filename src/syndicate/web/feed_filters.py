"""The filters on the page of a feed: the options that its posts have."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from syndicate.model.edition import Edition
from syndicate.model.post import Post
from syndicate.model.query import MAX_LIMIT, Query
from syndicate.model.selection import Selection
from syndicate.render.pages.html_pages import FeedFilters, FilterOption

_MAX_OPTIONS: Final = 100
"""Options of a filter beside the selected ones: the values that most posts have."""


def feed_filters(edition: Edition, posts: Sequence[Post], query: Query) -> FeedFilters:
    """Return the filters of a feed of ``posts``, with the options that ``query`` selects.

    Options that would change nothing are left out, but a selected one never is, so that it can be
    deselected.
    """
    categories = Counter(category.slug for post in posts for category in post.categories)
    sources = Counter(post.source for post in posts)
    languages = Counter(post.language.lower() for post in posts)
    carousels = {post.carousel for post in posts}
    return FeedFilters(
        categories=_options(
            categories, {one.slug: one.title for one in edition.categories}, query.categories, 1
        ),
        match_all=query.match_all,
        carousel=query.carousel,
        has_carousel=len(carousels) > 1 or query.carousel is not None,
        sources=_options(
            sources, {one.name: one.title for one in edition.sources}, query.sources, 2
        ),
        languages=_options(languages, {tag: tag for tag in languages}, query.languages, 2),
        limit=query.limit,
        max_limit=MAX_LIMIT,
        is_active=query.selection != Selection(),
    )


def _options(
    counts: Counter[str], titles: Mapping[str, str], chosen: Iterable[str], min_count: int
) -> tuple[FilterOption, ...]:
    largest = {value for value, _ in counts.most_common(_MAX_OPTIONS)}
    values = largest | set(chosen)
    if len(values) < min_count:
        return ()
    return tuple(
        sorted(
            (
                FilterOption(
                    value=value,
                    title=titles.get(value, value),
                    posts=counts[value],
                    is_selected=value in chosen,
                )
                for value in values
            ),
            key=lambda choice: choice.title.casefold(),
        )
    )
