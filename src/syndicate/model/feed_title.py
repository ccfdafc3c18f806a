"""Titles of feeds: of the settings, or made of what a feed selects, in the readers' language."""

from collections.abc import Mapping, Sequence
from typing import Final

from syndicate.model.edition import ALL, CAROUSEL, Edition, NamedFeed
from syndicate.model.query import Query

FROM_SERVICE: Final = "%(title)s, from %(service)s"
"""The description of a feed that has none."""

_AUTOMATIC: Final = frozenset({ALL, CAROUSEL})
"""Names of feeds whose titles are not those of the settings or of posts."""

_IN_CAROUSEL: Final = {True: "in the carousel", False: "not in the carousel", None: ""}

FEED_TITLE_WORDS: Final = frozenset(
    {
        *(FROM_SERVICE, "All posts", "Carousel", *filter(None, _IN_CAROUSEL.values())),
        *("and", "or", "from %(names)s", "in %(names)s"),
    }
)
"""The English words that titles and descriptions are made of."""


def feed_title(
    edition: Edition, named_feed: NamedFeed, query: Query, words: Mapping[str, str]
) -> str:
    """Return the title of a feed: "All posts: Technology or Design, in the carousel, from News".

    ``words`` has translations by the English words; what it lacks is in English.
    """
    title = named_feed.title
    if named_feed.name in _AUTOMATIC:
        title = words.get(title, title)
    categories = [
        category.title for category in map(edition.resolve_category, query.categories) if category
    ]
    sources = [source.title for source in edition.sources if source.name in query.sources]
    in_carousel = _IN_CAROUSEL[query.carousel]
    phrases = (
        _joined(categories, "and" if query.match_all else "or", words),
        words.get(in_carousel, in_carousel),
        _phrase("from %(names)s", sources, words),
        _phrase("in %(names)s", query.languages, words),
    )
    text = ", ".join(phrase for phrase in phrases if phrase)
    return f"{title}: {text}" if text else title


def _phrase(pattern: str, names: Sequence[str], words: Mapping[str, str]) -> str:
    """Return ``pattern`` with its alternatives, empty without any."""
    return words.get(pattern, pattern) % {"names": _joined(names, "or", words)} if names else ""


def _joined(names: Sequence[str], conjunction: str, words: Mapping[str, str]) -> str:
    return f" {words.get(conjunction, conjunction)} ".join(names)
