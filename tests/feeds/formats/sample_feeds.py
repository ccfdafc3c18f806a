"""Feeds to write: a complete one, and arbitrary ones with difficult texts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from hypothesis import strategies as st

from syndicate.model.category import Category
from syndicate.model.feed import Feed, SourceFeed, Tombstone
from syndicate.model.post import Author, Image, PostId, RenderedPost, SafeHtml
from tests import samples, strategies

SERVICE_INFO: Final = replace(
    samples.SERVICE_INFO,
    hub_url="https://feeds.example.gov/hub",
    icon_url="https://feeds.example.gov/icon.svg",
    logo_url="https://feeds.example.gov/logo.png",
)

FULL: Final = samples.feed(
    samples.rendered_post(
        samples.post(
            "news/2024-05-06-using-bold.md",
            title='Using <b>bold</b> & "quotes", 1 < 2',
            published=datetime(2024, 5, 6, tzinfo=samples.NEW_YORK),
            updated=datetime(2024, 5, 7, 9, 30, 15, 250_000, tzinfo=samples.NEW_YORK),
            categories=(samples.TECHNOLOGY, samples.TTS),
            carousel=True,
        ),
        content=SafeHtml('<p>Bold &amp; <em>clear</em> <img src="https://x.example.gov/a"></p>'),
        text="Bold & clear",
        summary="How to use <b> & when",
        image=Image(url="https://www.example.gov/a%20b.JPG?w=1&h=2", alt='A "b" & <c>'),
        authors=(
            Author(name="Ada Example", url="https://www.example.gov/ada"),
            Author(name="Bob & Example"),
        ),
        external_url="https://other.example.gov/bold",
        reading_minutes=3,
    ),
    samples.rendered_post(
        samples.post(
            "updates/2024-05-05-hola.md",
            source="updates",
            title="Hola, señora",
            published=datetime(2024, 5, 5, 12, tzinfo=UTC),
            precision="second",
            language="es",
            categories=(),
        ),
        summary="",
        authors=(),
        image=Image(url="https://www.example.gov/b", alt=""),
    ),
    service_info=SERVICE_INFO,
    name="diseño",
    title="Diseño & more",
    description="All about <design>",
    query="after=abc&category=tts",
    first_query="category=tts",
    next_query="after=def&category=tts",
    previous_query="category=tts",
    language="",
    updated=datetime(2024, 5, 7, 9, 30, 15, 250_000, tzinfo=samples.NEW_YORK),
    sources=(
        samples.source(),
        samples.source(
            "updates",
            rights="CC0 1.0",
            rights_url="https://creativecommons.org/publicdomain/zero/1.0/",
        ),
    ),
    source_feeds=(
        SourceFeed(source=samples.source(), name="news", updated=samples.PUBLISHED),
        SourceFeed(
            source=samples.source("updates", title="Updates & more", rights=""),
            name="all",
            query="source=updates",
            updated=datetime(2024, 5, 5, 12, tzinfo=UTC),
        ),
    ),
    tombstones=(
        Tombstone(
            post_id=PostId("tag:www.example.gov,2024-01-29:0123456789abcdef"),
            url="https://www.example.gov/news/gone",
            removed_at=datetime(2024, 5, 1, 8, tzinfo=samples.NEW_YORK),
        ),
    ),
)
"""Everything a feed may have, on the second of three pages."""

texts = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    ["", " ", "\0", "\ud800", "\ufffe", "a\r\nb", "a\tb", "]]>", "&amp;", "&lt;b&gt;", "<b>x</b>"]
)
"""Texts with what XML forbids, what HTML gives a meaning, and white space of all kinds."""

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def time(seconds: int, microseconds: int, zone: tzinfo) -> datetime:
    """Return the instant that is that long after 1970, in ``zone``."""
    return datetime.fromtimestamp(seconds, zone).replace(microsecond=microseconds)


times = st.builds(
    time,
    st.integers(-4_000_000_000, 4_000_000_000),
    st.sampled_from([0, 1, 500_000]),
    offsets | strategies.zones,
)
"""Instants from 1843 on, some from before zones had offsets of whole minutes."""
urls = st.text("abc/?&=%20#", max_size=9).map("https://www.example.gov/".__add__)


@st.composite
def items(draw: st.DrawFn) -> RenderedPost:
    """Draw an item of an arbitrary post."""
    published = draw(times)
    named = st.builds(Category, slug=strategies.slugs, title=texts)
    post = samples.post(
        f"news/{draw(st.integers(0, 999))}.md",
        title=draw(texts),
        url=draw(urls),
        published=published,
        updated=draw(times),
        language=draw(st.just("") | strategies.languages),
        categories=tuple(draw(st.lists(named, max_size=3))),
    )
    return samples.rendered_post(
        post,
        content=SafeHtml(f"<p>{draw(texts)}</p>"),
        text=draw(texts),
        summary=draw(texts),
        image=draw(st.none() | st.builds(Image, url=urls, alt=st.none() | texts)),
        authors=tuple(draw(st.lists(st.builds(Author, name=texts), max_size=2))),
        external_url=draw(st.just("") | urls),
    )


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    """Draw a feed of arbitrary items, in no order."""
    chosen = draw(st.lists(items(), max_size=4, unique_by=lambda item: item.post.id))
    return samples.feed(
        *chosen,
        title=draw(texts),
        description=draw(texts),
        language=draw(st.just("") | strategies.languages),
        updated=draw(times),
        next_query=draw(st.none() | st.just("after=abc")),
    )
