"""An edition is everything that may be served at one moment, in one order."""

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
def test_posts_are_in_the_order_of_publication_then_id(edition: Edition) -> None:
    """Newest first, whatever the zones; where two appeared at once, the greater id first."""
    keys = [(post.published.astimezone(UTC), post.id) for post in edition.posts]
    assert keys == sorted(keys, reverse=True)


@given(strategies.editions(), strategies.selections)
def test_a_selection_leaves_nothing_out_and_adds_nothing(
    edition: Edition, selection: Selection
) -> None:
    """What is selected are exactly the live posts that are in the selection."""
    chosen = edition.select(selection)
    assert len(chosen) == len(set(chosen))
    assert set(chosen) == {post for post in edition.posts if post in selection}


@given(strategies.editions(), strategies.selections)
def test_every_carousel_is_in_carousel_order(edition: Edition, selection: Selection) -> None:
    """A narrowed carousel is by day and path, descending, like the carousel itself."""
    chosen = edition.select(selection.intersect(Selection(carousel=True)))
    keys = [(post.day, post.path) for post in chosen]
    assert keys == sorted(keys, reverse=True)


@given(strategies.editions(), strategies.editions())
def test_the_next_edition_is_the_same_as_one_made_anew(before: Edition, after: Edition) -> None:
    """Names and vocabulary stay, for they are settings."""
    made = before.with_snapshots(after.snapshots, at=after.at, unavailable=after.unavailable)
    anew = Edition.build(
        after.snapshots,
        at=after.at,
        unavailable=after.unavailable,
        vocabulary=before.vocabulary,
        named_feeds=before.named_feeds,
    )
    assert (made.posts, made.next_change_at, made.at) == (anew.posts, anew.next_change_at, anew.at)
    assert (made.categories, made.last_expiries, made.feeds) == (
        anew.categories,
        anew.last_expiries,
        anew.feeds,
    )


@given(strategies.distinct_posts(), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_nothing_changes_before_an_edition_turns(posts: list[Post], wait: timedelta) -> None:
    """From its moment until just before it turns, the same posts are live."""
    edition = samples.edition(*posts)
    end = (
        edition.next_change_at - INSTANT
        if edition.next_change_at
        else datetime.max.replace(tzinfo=UTC)
    )
    later = samples.edition(*posts, at=min(NOW + wait, end))
    assert later.posts == edition.posts


@given(strategies.distinct_posts())
def test_following_the_turns_sees_every_post_come_and_go(posts: list[Post]) -> None:
    """The turns after a moment are the times at which posts appear or expire, in order."""
    edition, turns = samples.edition(*posts), []
    while edition.next_change_at:
        turns.append(edition.next_change_at)
        edition = samples.edition(*posts, at=edition.next_change_at)
    times = {post.published for post in posts} | {post.expires for post in posts if post.expires}
    assert turns == sorted(time for time in times if time > NOW)


def test_a_post_is_found_by_its_key_while_it_is_live() -> None:
    """A future post is nobody's business, and the error says where removals are told."""
    live, future = samples.post("news/a.md"), samples.post("news/b.md", published=NOW + INSTANT)
    edition = samples.edition(live, future)
    assert edition.post(live.key) is live
    with pytest.raises(UnknownName, match=future.key) as caught:
        edition.post(future.key)
    assert caught.value.code == "unknown-post"
    assert "/v1/changes" in caught.value.hint


def test_a_part_is_found_by_the_name_of_its_source() -> None:
    """The error for another name lists the known ones."""
    edition = samples.edition(samples.post(), samples.post(source="updates"))
    assert edition.snapshot("updates").source.name == "updates"
    with pytest.raises(UnknownName, match="'nws'") as caught:
        edition.snapshot("nws")
    assert caught.value.choices == ("news", "updates")


def test_known_categories_are_those_of_the_settings_and_of_every_post_ever_live() -> None:
    """An expired post keeps its category known, a future one betrays nothing."""
    expired = samples.post(
        "news/a.md", categories=(Category(slug="old", title="Old"),), expires=NOW
    )
    future = samples.post(
        "news/b.md", categories=(Category(slug="secret", title="Secret"),), published=NOW + INSTANT
    )
    edition = samples.edition(samples.post(), expired, future, vocabulary=VOCABULARY)
    assert edition.categories == (Category(slug="old", title="Old"), TECHNOLOGY, TTS)


def test_the_title_of_a_category_is_what_most_posts_call_it() -> None:
    """Where the settings do not say, the majority does; a tie goes to the first in the alphabet."""
    spellings = ["social media", "Social Media", "Social Media", "Data", "DATA"]
    slugs = ["social-media"] * 3 + ["data"] * 2
    posts = [
        samples.post(f"news/{n}.md", categories=(Category(slug=slug, title=title),))
        for n, (slug, title) in enumerate(zip(slugs, spellings, strict=True))
    ]
    assert [c.title for c in samples.edition(*posts).categories] == ["DATA", "Social Media"]


@pytest.mark.parametrize("text", ["tts", "18f", "Technology Transformation Services", "TTS"])
def test_a_category_is_known_by_slug_alias_and_title(text: str) -> None:
    """What the settings call it and what posts call it both lead to it."""
    edition = samples.edition(samples.post(), vocabulary=VOCABULARY)
    assert edition.resolve_category(text) == TTS
    assert edition.resolve_category("TECHNOLOGY") == TECHNOLOGY
    assert edition.resolve_category("unheard of") is None
    assert edition.resolve_category("--") is None


def test_a_name_means_what_comes_first_in_the_order() -> None:
    """All and carousel, then named feeds, then sources, then categories; the rest is shadowed."""
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
    """Each selects exactly what it is called."""
    edition = samples.edition(samples.post())
    assert edition.feed("news").selection == Selection.create(sources=["news"])
    assert edition.feed("technology").selection == Selection.create(categories=["technology"])
    assert edition.feed("all").selection == Selection()


def test_an_unknown_feed_is_an_error_that_lists_the_known_ones() -> None:
    """So that a typing error is mended at a glance."""
    with pytest.raises(UnknownName, match="'tec'") as caught:
        samples.edition(samples.post()).feed("tec")
    assert caught.value.choices == ("all", "carousel", "news", "technology")
    assert caught.value.code == "unknown-feed"


def test_an_unread_source_is_a_source_that_is_not_ready() -> None:
    """It has its feed and its name; asking for it alone says why it cannot be had."""
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


def test_an_edition_of_which_nothing_was_read_is_not_empty_but_not_ready() -> None:
    """Readers keep what they have: an empty feed would tell them that every post is gone."""
    lost = UnavailableSource(source=samples.source("lost"), error="no repository")
    with pytest.raises(NotReady, match=r"lost \(source-failing\)"):
        Edition.build([], at=NOW, unavailable=[lost]).select(Selection())
    some = Edition.build(
        [samples.source_snapshot(samples.source(), samples.post())], at=NOW, unavailable=[lost]
    )
    assert len(some.select(Selection())) == 1
    assert Edition.build([], at=NOW).select(Selection()) == ()


def test_what_fails_is_a_code_for_anybody() -> None:
    """Of sources that are stale, kept or unread, and of no others."""
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


def test_translations_are_the_other_languages_of_a_post() -> None:
    """Live ones of the same source only, without the post itself, by language."""
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
