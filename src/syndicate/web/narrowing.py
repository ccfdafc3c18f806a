"""What the form on a feed's page offers: the choices that its posts leave open."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from syndicate.model.edition import Edition
from syndicate.model.post import Post
from syndicate.model.query import MOST, Query
from syndicate.model.selection import Selection
from syndicate.render.page import Choice, Filter

_MAX_CHOICES: Final = 100
"""Values that a form offers, beside those that are chosen: the ones that most posts have."""


def narrowing(edition: Edition, whole: Sequence[Post], query: Query) -> Filter:
    """Return how a feed of the posts ``whole`` can be narrowed, and how ``query`` does it.

    What would change nothing is not offered, but what is chosen always is, so that it can be
    taken back.
    """
    categories = Counter(category.slug for post in whole for category in post.categories)
    sources = Counter(post.source for post in whole)
    languages = Counter(post.language.lower() for post in whole)
    carousels = {post.carousel for post in whole}
    return Filter(
        categories=_choices(
            categories, {one.slug: one.title for one in edition.categories}, query.categories, 1
        ),
        match_all=query.match_all,
        carousel=query.carousel,
        has_carousel=len(carousels) > 1 or query.carousel is not None,
        sources=_choices(
            sources, {one.name: one.title for one in edition.sources}, query.sources, 2
        ),
        languages=_choices(languages, {tag: tag for tag in languages}, query.languages, 2),
        limit=query.limit,
        most=MOST,
        is_active=query.selection != Selection(),
    )


def _choices(
    counts: Counter[str], titles: Mapping[str, str], chosen: Iterable[str], fewest: int
) -> tuple[Choice, ...]:
    largest = {value for value, _ in counts.most_common(_MAX_CHOICES)}
    values = largest | set(chosen)
    if len(values) < fewest:
        return ()
    return tuple(
        sorted(
            (
                Choice(
                    value=value,
                    title=titles.get(value, value),
                    posts=counts[value],
                    is_chosen=value in chosen,
                )
                for value in values
            ),
            key=lambda choice: choice.title.casefold(),
        )
    )
