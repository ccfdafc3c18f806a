"""Hypothesis strategies for values of the model, from small sets so that values often coincide."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from hypothesis import strategies as st

from syndicate.model.category import Category
from syndicate.model.edition import Edition
from syndicate.model.post import Post
from syndicate.model.selection import Selection
from tests import samples

SLUGS: Final = ("technology", "tts", "identity")
SOURCES: Final = ("news", "updates")
LANGUAGES: Final = ("en", "es", "es-PR", "est")

slugs = st.sampled_from(SLUGS)
sources = st.sampled_from(SOURCES)
languages = st.sampled_from(LANGUAGES)
zones = st.sampled_from([UTC, samples.NEW_YORK, timezone(timedelta(hours=14))])
instants = st.builds(
    lambda hours, zone: (samples.NOW + timedelta(hours=hours)).astimezone(zone),
    st.integers(-40, 40),
    zones,
)
"""Instants around `samples.NOW`, few enough that two posts often share one."""
flags = st.booleans()
expiry_times = st.none() | instants
"""The time at which a post expires, or None."""


@st.composite
def posts(
    draw: st.DrawFn,
    *,
    carousel: st.SearchStrategy[bool] = flags,
    expires: st.SearchStrategy[datetime | None] = expiry_times,
) -> Post:
    """Draw a post of any source, language, categories and times; its id depends on its path."""
    published = draw(instants)
    return samples.post(
        f"news/{draw(st.integers(0, 99))}.md",
        source=draw(sources),
        published=published,
        language=draw(languages),
        categories=tuple(Category(slug=slug, title=slug.title()) for slug in draw(st.sets(slugs))),
        carousel=draw(carousel),
        day=draw(st.sampled_from([published.date(), date(2024, 6, 1)])),
        expires=draw(expires),
    )


def distinct_posts(
    *,
    carousel: st.SearchStrategy[bool] = flags,
    expires: st.SearchStrategy[datetime | None] = expiry_times,
) -> st.SearchStrategy[list[Post]]:
    """Return lists of posts with different ids."""
    return st.lists(
        posts(carousel=carousel, expires=expires), max_size=20, unique_by=lambda post: post.id
    )


selections = st.builds(
    Selection.create,
    categories=st.lists(slugs, max_size=2),
    match_all=flags,
    carousel=st.none() | flags,
    sources=st.lists(sources, max_size=2),
    languages=st.lists(languages, max_size=2),
)


def editions(at: datetime = samples.NOW) -> st.SearchStrategy[Edition]:
    """Return editions of different posts at ``at``."""
    return distinct_posts().map(lambda chosen: samples.edition(*chosen, at=at))
