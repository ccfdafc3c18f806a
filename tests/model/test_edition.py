"""Editions: order, lookups, feeds, categories, and changes by time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import NotReady, UnknownName
from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from syndicate.model.edition import Edition, NamedFeed, UnavailableSource
from syndicate.model.post import Post
from syndicate.model.selection import Selection
from tests import samples, strategies
from tests.samples import NOW, TECHNOLOGY, TTS

INSTANT = timedelta(microseconds=1)
VOCABULARY = Vocabulary(definitions=(CategoryDefinition(category=TTS, aliases=("18F",)),))


@given(strategies.editions())
def test_posts_are_ordered_by_publication_and_id(edition: Edition) -> None:
    """Newest first in any time zone; at equal times the greater id is first."""
    keys = [(post.published.astimezone(UTC), post.id) for post in edition.posts]
    assert keys == sorted(keys, reverse=True)


@given(strategies.editions(), strategies.selections)
def test_select_returns_exactly_the_live_posts_of_a_selection(
    edition: Edition, selection: Selection
) -> None:
    """No more and no fewer."""
    chosen = edition.select(selection)
    assert len(chosen) == len(set(chosen))
    assert set(chosen) == {post for post in edition.posts if post in selection}


@given(strategies.editions(), strategies.selections)
def test_carousel_is_in_carousel_order(edition: Edition, selection: Selection) -> None:
    """A filtered carousel is ordered by day and path, descending, like the carousel itself."""
    chosen = edition.select(selection.intersect(Selection(carousel=True)))
    keys = [(post.day, post.path) for post in chosen]
    assert keys == sorted(keys, reverse=True)


@given(strategies.editions(), strategies.editions())
def test_updated_edition_equals_a_new_one(before: Edition, after: Edition) -> None:
    """Named feeds and vocabulary stay, since they are settings."""
    made = before.with_snapshots(after.snapshots, at=after.at, unavailable=after.unavailable)
    rebuilt = Edition.build(
        after.snapshots,
        at=after.at,
        unavailable=after.unavailable,
        vocabulary=before.vocabulary,
        named_feeds=before.named_feeds,
    )
    assert (made.posts, made.next_change_at, made.at) == (
        rebuilt.posts,
        rebuilt.next_change_at,
        rebuilt.at,
    )
    assert (made.categories, made.expired_posts, made.feeds) == (
        rebuilt.categories,
        rebuilt.expired_posts,
        rebuilt.feeds,
    )


@given(strategies.distinct_posts(), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_live_posts_stay_until_next_change_at(posts: list[Post], wait: timedelta) -> None:
    """From the time of the edition until just before the next change."""
    edition = samples.edition(*posts)
    end = (
        edition.next_change_at - INSTANT
        if edition.next_change_at
        else datetime.max.replace(tzinfo=UTC)
    )
    later = samples.edition(*posts, at=min(NOW + wait, end))
    assert later.posts == edition.posts


@given(strategies.distinct_posts())
def test_next_changes_are_the_publications_and_expiries(posts: list[Post]) -> None:
    """In order, each once."""
    edition, turns = samples.edition(*posts), []
    while edition.next_change_at:
        turns.append(edition.next_change_at)
        edition = samples.edition(*posts, at=edition.next_change_at)
    times = {post.published for post in posts} | {post.expires for post in posts if post.expires}
    assert turns == sorted(time for time in times if time > NOW)


def test_post_is_found_by_key_while_live() -> None:
    """For a future post there is an error, which says where removals are listed."""
    live, future = samples.post("news/a.md"), samples.post("news/b.md", published=NOW + INSTANT)
    edition = samples.edition(live, future)
    assert edition.post(live.key) is live
    with pytest.raises(UnknownName, match=future.key) as caught:
        edition.post(future.key)
    assert caught.value.code == "unknown-post"
    assert "/v1/changes" in caught.value.hint


def test_snapshot_is_found_by_source_name() -> None:
    """The error for an unknown name lists the known ones."""
    edition = samples.edition(samples.post(), samples.post(source="updates"))
    assert edition.snapshot("updates").source.name == "updates"
    with pytest.raises(UnknownName, match="'nws'") as caught:
        edition.snapshot("nws")
    assert caught.value.choices == ("news", "updates")


def test_categories_include_settings_live_and_expired_posts() -> None:
    """Categories of future posts are not disclosed."""
    expired = samples.post(
        "news/a.md", categories=(Category(slug="old", title="Old"),), expires=NOW
    )
    future = samples.post(
        "news/b.md", categories=(Category(slug="secret", title="Secret"),), published=NOW + INSTANT
    )
    edition = samples.edition(samples.post(), expired, future, vocabulary=VOCABULARY)
    assert edition.categories == (Category(slug="old", title="Old"), TECHNOLOGY, TTS)


def test_category_has_the_title_of_most_posts() -> None:
    """Unless the settings define it; at a tie the first in the alphabet."""
    spellings = ["social media", "Social Media", "Social Media", "Data", "DATA"]
    slugs = ["social-media"] * 3 + ["data"] * 2
    posts = [
        samples.post(f"news/{n}.md", categories=(Category(slug=slug, title=title),))
        for n, (slug, title) in enumerate(zip(slugs, spellings, strict=True))
    ]
    assert [c.title for c in samples.edition(*posts).categories] == ["DATA", "Social Media"]


@pytest.mark.parametrize("text", ["tts", "18f", "Technology Transformation Services", "TTS"])
def test_category_is_found_by_slug_alias_and_title(text: str) -> None:
    """By the labels of the settings and those of the posts."""
    edition = samples.edition(samples.post(), vocabulary=VOCABULARY)
    assert edition.resolve_category(text) == TTS
    assert edition.resolve_category("TECHNOLOGY") == TECHNOLOGY
    assert edition.resolve_category("unheard of") is None
    assert edition.resolve_category("--") is None


def test_feed_names_have_an_order_of_precedence() -> None:
    """All and carousel, named feeds, sources, categories; the others are shadowed."""
    named = (NamedFeed(name="carousel", title="Mine"), NamedFeed(name="news", title="Picked"))
    edition = samples.edition(samples.post(), named=named)
    assert list(edition.feeds) == ["all", "carousel", "news", "technology"]
    assert edition.feed("carousel").selection == Selection(carousel=True)
    assert edition.feed("news").title == "Picked"
    assert [(feed.name, feed.title) for feed in edition.shadowed_feeds] == [
        ("carousel", "Mine"),
        ("news", "Example agency, news"),
    ]


def test_sources_and_categories_are_feeds() -> None:
    """Each selects its own posts."""
    edition = samples.edition(samples.post())
    assert edition.feed("news").selection == Selection.create(sources=["news"])
    assert edition.feed("technology").selection == Selection.create(categories=["technology"])
    assert edition.feed("all").selection == Selection()


def test_unknown_feed_lists_known_names() -> None:
    """So that a typing error is found quickly."""
    with pytest.raises(UnknownName, match="'tec'") as caught:
        samples.edition(samples.post()).feed("tec")
    assert caught.value.choices == ("all", "carousel", "news", "technology")
    assert caught.value.code == "unknown-feed"


def test_unavailable_source_is_not_ready() -> None:
    """It has its feed and its name; requests for it alone say why it is not available."""
    unread = UnavailableSource(
        source=samples.source("updates"), error="not in /srv/x", error_code="unknown-ref"
    )
    edition = Edition.build(
        [samples.source_snapshot(samples.source(), samples.post())], at=NOW, unavailable=[unread]
    )
    assert [source.name for source in edition.sources] == ["news", "updates"]
    with pytest.raises(NotReady, match=r"not read yet: updates \(unknown-ref\)$"):
        edition.select(edition.feed("updates").selection)
    with pytest.raises(NotReady, match=r"not read yet: updates \(unknown-ref\)$"):
        edition.snapshot("updates")
    assert len(edition.select(Selection.create(sources=["news", "updates"]))) == 1
    assert len(edition.select(Selection())) == 1


def test_edition_without_available_sources_is_not_ready() -> None:
    """Readers keep their posts: an empty feed would look as if all had been removed."""
    lost = UnavailableSource(source=samples.source("lost"), error="no repository")
    with pytest.raises(NotReady, match=r"lost \(source-failing\)"):
        Edition.build([], at=NOW, unavailable=[lost]).select(Selection())
    some = Edition.build(
        [samples.source_snapshot(samples.source(), samples.post())], at=NOW, unavailable=[lost]
    )
    assert len(some.select(Selection())) == 1
    assert Edition.build([], at=NOW).select(Selection()) == ()


def test_source_errors_are_public_codes() -> None:
    """Of stale, outdated and unavailable sources only."""
    edition = Edition.build(
        [
            samples.source_snapshot(samples.source(), samples.post()),
            samples.source_snapshot(samples.source("kept"), error="x", error_code="folder-emptied"),
        ],
        unavailable=[
            UnavailableSource(source=samples.source("lost"), error="no repository at /srv")
        ],
        at=NOW,
    )
    assert edition.source_errors == {"kept": "folder-emptied", "lost": "source-failing"}


def test_translations_are_other_languages_of_the_post() -> None:
    """Live ones of the same source, without the post itself, by language."""
    url = "https://www.example.gov/news/"
    english, spanish, future, alone = (
        samples.post(
            f"news/{name}.md",
            language=name,
            translation="" if name == "de" else "a",
            published=NOW + INSTANT if name == "fr" else samples.PUBLISHED,
        )
        for name in ("en", "es", "fr", "de")
    )
    elsewhere = samples.post("news/es.md", source="updates", language="es", translation="a")
    edition = samples.edition(english, spanish, future, alone, elsewhere)
    assert edition.translations(english) == (("es", f"{url}es"),)
    assert edition.translations(spanish) == (("en", f"{url}en"),)
    assert edition.translations(alone) == ()
