"""A query applied to an edition: posts, title and dates of a feed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from syndicate.errors import UnknownName
from syndicate.model.category import Category
from syndicate.model.departure import Departure, PostAttributes
from syndicate.model.edition import Edition, NamedFeed
from syndicate.model.feed import Feed, Tombstone, build_feed, build_feed_view, last_modified
from syndicate.model.query import Query
from syndicate.model.selection import Selection
from tests import samples, strategies

DESIGN = Category(slug="design", title="Design")
NEWS = samples.source("news", title="Agency news")
UPDATES = samples.source("updates", title="Program updates", language="es")


def feed(edition: Edition, name: str, query: Query) -> Feed:
    """Return the feed for ``query`` with all its items."""
    seen = build_feed_view(edition, name, query)
    items = [samples.rendered_post(post) for post in seen.page.posts]
    return build_feed(edition, seen, samples.SERVICE_INFO, items)


def edition() -> Edition:
    """Return an edition of three posts, two sources and two categories."""
    posts = [
        samples.post("news/1.md", categories=(samples.TECHNOLOGY,)),
        samples.post("news/2.md", categories=(DESIGN,)),
    ]
    spanish = samples.post("u/3.md", source="updates", language="es", carousel=True)
    return Edition.build(
        [samples.source_snapshot(NEWS, *posts), samples.source_snapshot(UPDATES, spanish)],
        at=samples.NOW,
    )


@given(strategies.editions(), strategies.selections)
def test_pages_of_a_feed_cover_its_selection(edition: Edition, selection: Selection) -> None:
    """In order, each post once."""
    query = Query(
        categories=tuple(sorted(slug for group in selection.categories for slug in group)),
        match_all=len(selection.categories) > 1,
        carousel=selection.carousel,
        sources=tuple(sorted(selection.sources or ())),
        languages=tuple(sorted(selection.languages or ())),
        limit=2,
    )
    seen = build_feed_view(edition, "all", query)
    found = list(seen.page.posts)
    while seen.page.next_cursor is not None:
        seen = build_feed_view(edition, "all", replace(query, after=seen.page.next_cursor))
        found += seen.page.posts
    assert tuple(found) == edition.select(selection)


def test_unknown_feed_is_rejected() -> None:
    """The error lists the known names."""
    with pytest.raises(UnknownName) as caught:
        build_feed_view(edition(), "nowhere", Query())
    assert "design" in caught.value.choices


@pytest.mark.parametrize(
    ("name", "query", "title"),
    [
        ("all", Query(), "All posts"),
        ("technology", Query(limit=1), "Technology"),
        ("all", Query(categories=("design",)), "All posts: Design"),
        ("all", Query(categories=("design", "technology")), "All posts: Design or Technology"),
        (
            "all",
            Query(categories=("design", "technology"), match_all=True),
            "All posts: Design and Technology",
        ),
        (
            "technology",
            Query(carousel=True, sources=("news", "updates"), languages=("en", "es")),
            "Technology: in the carousel, from Agency news or Program updates, in en or es",
        ),
        ("updates", Query(carousel=False), "Program updates: not in the carousel"),
    ],
)
def test_title_describes_the_query(name: str, query: Query, title: str) -> None:
    """Feeds with different queries have different titles."""
    assert feed(edition(), name, query).title == title


def test_description_of_a_feed() -> None:
    """Named feeds have their own; the others name the service."""
    named = replace(edition().feed("all"), name="mine", title="Mine", description="Chosen by us.")
    mine = Edition.build(edition().snapshots, at=samples.NOW, named_feeds=[named])
    assert feed(mine, "mine", Query()).description == "Chosen by us."
    assert feed(mine, "all", Query()).description == "All posts, from Example agency feeds"


def test_pages_link_to_each_other() -> None:
    """Each has its own query, and those of the first page, the previous and the next one."""
    first = feed(edition(), "all", Query(limit=2))
    assert (first.query, first.first_query) == ("limit=2", "limit=2")
    assert first.next_query is not None
    after = first.next_query.removeprefix("after=").partition("&")[0]
    second = feed(edition(), "all", Query(limit=2, after=after))
    assert (second.query, second.first_query) == (first.next_query, "limit=2")
    assert second.next_query is None
    assert (first.previous_query, second.previous_query) == (None, "limit=2")
    assert not first.is_complete
    assert not second.is_complete
    assert feed(edition(), "all", Query()).is_complete


@pytest.mark.parametrize(
    ("name", "query", "language", "sources"),
    [
        ("all", Query(), "", ["news", "updates"]),
        ("all", Query(limit=1, sources=("news",)), "en", ["news"]),
        ("design", Query(), "en", ["news"]),
        ("carousel", Query(), "es", ["updates"]),
        ("design", Query(sources=("updates",)), "es", ["updates"]),
        ("design", Query(carousel=True), "", ["news", "updates"]),
    ],
)
def test_language_and_sources_are_those_of_the_posts(
    name: str, query: Query, language: str, sources: list[str]
) -> None:
    """For an empty feed, those it could have; several languages give none."""
    composed = feed(edition(), name, query)
    assert composed.language == language
    assert [source.name for source in composed.sources] == sources


def test_updated_is_the_latest_update_of_the_selection() -> None:
    """On every page; of an empty feed it is before any update that may come."""
    old, new = samples.NOW - timedelta(days=9), samples.NOW - timedelta(days=3)
    posts = [samples.post("news/1.md", updated=new), samples.post("news/2.md", updated=old)]
    parts = [
        samples.source_snapshot(NEWS, *posts, committed=new),
        samples.source_snapshot(UPDATES, committed=old),
    ]
    made = Edition.build(parts, at=samples.NOW)
    first_page = build_feed_view(made, "all", Query(limit=1))
    last_page = Query(limit=1, after=first_page.page.next_cursor or "")
    assert feed(made, "all", Query()).updated == new
    assert feed(made, "all", last_page).updated == new
    assert feed(made, "news", Query(carousel=True)).updated == old
    assert feed(made, "updates", Query()).updated == old


def test_updated_includes_posts_that_left_and_expired() -> None:
    """Otherwise it would go back when the post that was updated last leaves."""
    days = [samples.NOW - timedelta(days=n) for n in range(6)]
    attributes = PostAttributes(
        source="news", categories=(DESIGN, samples.TTS), carousel=False, language="en"
    )
    refiled = replace(attributes, categories=(DESIGN,))
    snapshot = samples.source_snapshot(
        NEWS,
        samples.post("news/1.md", updated=days[5]),
        samples.post("news/2.md", expires=days[3], updated=days[4]),
        departures=(
            Departure(at=days[1], before=attributes, after=refiled),
            Departure(at=days[2], before=attributes),
        ),
    )
    made = Edition.build([snapshot], at=samples.NOW)
    expected = {"technology": days[3], "design": days[2], "tts": days[1]}
    for category, updated in expected.items():
        view = build_feed_view(made, "all", Query(categories=(category,)))
        assert build_feed(made, view, samples.SERVICE_INFO, []).updated == updated
        assert last_modified(made, view) == updated
    assert feed(made, "all", Query()).updated == days[2]


def test_feed_without_sources_was_never_updated() -> None:
    """A contradictory selection has none; an edition may have none."""
    empty = Edition.build([], at=samples.NOW)
    never = datetime(1970, 1, 1, tzinfo=UTC)
    assert feed(empty, "all", Query()).updated == never
    assert last_modified(empty, build_feed_view(empty, "all", Query())) == never


@pytest.mark.parametrize(("configured", "expected"), [(1, 1), (3, 2), (None, 2)])
def test_last_modified_includes_commits_of_the_configuration(
    configured: int | None, expected: int
) -> None:
    """The later of *updated* and the last commit of configuration; other commits do not count."""
    days = [samples.NOW - timedelta(days=n) for n in range(4)]
    snapshot = samples.source_snapshot(
        NEWS,
        samples.post("news/1.md", updated=days[2]),
        committed=days[0],
        configured=None if configured is None else days[configured],
    )
    made = Edition.build([snapshot], at=samples.NOW)
    assert last_modified(made, build_feed_view(made, "all", Query())) == days[expected]
    assert feed(made, "all", Query()).updated == days[2]


def test_tombstones_and_content_mode_are_passed_through() -> None:
    """Unchanged."""
    removal = Tombstone(post_id=samples.post().id, url=samples.post().url, removed_at=samples.NOW)
    seen = build_feed_view(edition(), "all", Query(content="summary"))
    composed = build_feed(edition(), seen, samples.SERVICE_INFO, [], [removal])
    assert composed.tombstones == (removal,)
    assert composed.content == "summary"


def test_feed_of_several_sources_has_the_feeds_of_its_posts() -> None:
    """By name, or by query where the name belongs to another feed; with their latest updates."""
    later = samples.post("news/4.md", published=samples.NOW + timedelta(days=1))
    shadowed = samples.source("news", title="Agency news")
    posts = [samples.post("news/1.md"), later]
    spanish = samples.post("u/3.md", source="updates", updated=samples.NOW - timedelta(days=1))
    made = Edition.build(
        [samples.source_snapshot(shadowed, *posts), samples.source_snapshot(UPDATES, spanish)],
        at=samples.NOW,
        named_feeds=[NamedFeed(name="news", title="Other", selection=Selection(carousel=False))],
    )
    found = feed(made, "all", Query()).source_feeds
    assert [(each.source.name, each.name, each.query, each.updated) for each in found] == [
        ("news", "all", "source=news", samples.PUBLISHED),
        ("updates", "updates", "", spanish.updated),
    ]
    first_page = feed(made, "all", Query(limit=1))
    assert len(first_page.source_feeds) == 1


def test_feed_of_one_source_is_about_its_site() -> None:
    """By its name or by a query, and where the service has one source only."""
    made = edition()
    alone = Edition.build([samples.source_snapshot(NEWS, samples.post())], at=samples.NOW)
    for found in (
        feed(made, "updates", Query()),
        feed(made, "all", Query(sources=("updates",))),
        feed(alone, "all", Query()),
    ):
        assert found.source_feeds == ()
        assert found.only_source == found.sources[0]
        assert found.home_url == found.sources[0].site_url
    assert feed(made, "design", Query()).only_source is None
    assert feed(made, "all", Query()).home_url == "https://feeds.example.gov/feeds/all"
