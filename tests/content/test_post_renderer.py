"""Posts to items: what they are made from, gaps that are filled, and what is remembered."""

import pathlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from syndicate import telemetry
from syndicate.cache import Cache
from syndicate.content.link_targets import LinkTargets
from syndicate.content.post_renderer import PostRenderer
from syndicate.content.render_input import build_render_input
from syndicate.content.source_index import SourceIndex
from syndicate.dialects.fields import Fields
from syndicate.errors import ContentError
from syndicate.model.edition import Edition
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import Author, BlobId, Image, RenderedPost
from syndicate.render.pool.process_pool import RenderPool
from tests import samples
from tests.content.conftest import file
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool

FIRST = "news/2023-11-06-first.md"
SECOND = "news/2023-11-07-second.md"


@pytest.fixture
def workroom() -> RenderPool:
    """Return the render processes that tests share."""
    return render_pool()


@pytest.fixture
def items(
    index: SourceIndex, workroom: RenderPool, tmp_path: pathlib.Path
) -> Iterator[PostRenderer]:
    """Return what makes items of the source ``news``."""
    cache = Cache(tmp_path / "items.db")
    yield PostRenderer({"news": index}, cache=cache, pool=workroom)
    cache.close()


def at_head(index: SourceIndex) -> Edition:
    """Return the edition of the head of the branch."""
    return Edition.build([index.snapshot(index.repository.head())], at=samples.NOW)


def all_items(items: PostRenderer, index: SourceIndex) -> dict[str, RenderedPost]:
    """Return the items of all posts by path."""
    edition = at_head(index)
    return {item.post.path: item for item in items.render(edition.posts, edition)}


def rendered() -> float:
    """Return how many posts were rendered so far."""
    value = telemetry.posts_rendered_total._value.get()  # noqa: SLF001
    assert isinstance(value, float)
    return value


def test_an_item_is_what_file_and_history_say(
    content: ContentRepository, index: SourceIndex, items: PostRenderer
) -> None:
    """Words become safe HTML, text, summary and minutes; links lead to the posts they mean."""
    content.commit(
        {
            FIRST: file(
                "First",
                "Words *and* [more](2023-11-07-second.md).\n\n![A lake](/lake.png)",
                byline_str="Ada Example and Ben Example",
                canonical="https://elsewhere.example.org/first",
            ),
            SECOND: file("Second", readtime_str='"7"', carousel_summary="A **short** one"),
        }
    )
    found = all_items(items, index)
    first, second = found[FIRST], found[SECOND]
    assert 'href="https://www.example.gov/news/2023-11-07-second"' in first.content
    assert "<em>and</em>" in first.content
    assert first.text.startswith("Words and more.")
    assert first.summary.startswith("Words and more.")
    assert first.authors == (Author(name="Ada Example and Ben Example"),)
    assert first.external_url == "https://elsewhere.example.org/first"
    assert first.image == Image(url="https://www.example.gov/lake.png", alt="A lake")
    assert (first.reading_minutes, second.reading_minutes) == (1, 7)
    assert second.summary == "A short one"
    assert first.card is None


def test_a_card_is_complete_even_where_the_file_is_not(
    content: ContentRepository, index: SourceIndex, items: PostRenderer
) -> None:
    """Title, summary, image and alternative text come from the post where the card has none."""
    content.commit(
        {
            FIRST: file("First", "Words. ![A lake](/lake.png)", carousel_show="true"),
            SECOND: file(
                "Second",
                "Words.",
                carousel_show="true",
                carousel_title="Short title",
                carousel_summary="Short summary",
                carousel_image="cards/my card.jpg",
                carousel_image_alt_text="Two people at a desk",
            ),
            "news/2023-11-08-third.md": file("Third", "Words.", carousel_show="true"),
        }
    )
    found = all_items(items, index)
    first, second = found[FIRST].card, found[SECOND].card
    third = found["news/2023-11-08-third.md"].card
    assert first
    assert second
    assert third
    assert (first.title, first.summary, first.image, first.image_alt, first.date) == (
        "First",
        "Words.",
        "https://www.example.gov/lake.png",
        "A lake",
        date(2023, 11, 6),
    )
    assert (second.title, second.summary, second.image_alt) == (
        "Short title",
        "Short summary",
        "Two people at a desk",
    )
    assert second.image.startswith("https://www.example.gov/")
    assert second.image.endswith("cards/my%20card.jpg")
    assert (third.image, third.image_alt) == ("", None)


def test_an_address_that_is_none_costs_its_own_post_only(
    content: ContentRepository, index: SourceIndex, items: PostRenderer
) -> None:
    """An image or permalink that no program can take apart is left out; all else is there."""
    content.commit(
        {
            FIRST: file(
                "First",
                "Words. ![A lake](/lake.png)",
                image='"//[lake/x.png"',
                canonical="https://a.org/x y",
            ),
            SECOND: file("Second", "![A lake](lake.png)", permalink='"https://[news/x"'),
        }
    )
    found = all_items(items, index)
    assert found[FIRST].image == Image(url="https://www.example.gov/lake.png", alt="A lake")
    assert found[FIRST].external_url == "https://a.org/x%20y"
    assert found[SECOND].post.url == "https://www.example.gov/news/2023-11-07-second"
    assert found[SECOND].image is not None


def test_every_post_can_be_looked_at_as_written_and_as_rendered(
    content: ContentRepository, index: SourceIndex, items: PostRenderer
) -> None:
    """With what the renderer noted, and where its fields are from."""
    content.commit(
        {
            FIRST: file("First", "[](/x)"),
            SECOND: file("Second", "Words.", carousel_summary="'[](/y)'"),
        }
    )
    edition = at_head(index)

    proofs = {
        str(one.post.path): rendered
        for one, rendered in items.render_for_checks(edition.posts, edition)
    }

    notes = {
        path: [note for one in three for note in one.diagnostics] for path, three in proofs.items()
    }
    assert [(note.rule, note.line) for note in notes[FIRST]] == [("empty-link", 4)]
    assert {(note.rule, note.line) for note in notes[SECOND]} == {("empty-link", 3)}
    assert list(items.render_for_checks([], edition)) == []


def test_nothing_is_rendered_twice(
    content: ContentRepository,
    index: SourceIndex,
    items: PostRenderer,
    workroom: RenderPool,
    tmp_path: pathlib.Path,
) -> None:
    """Memory serves the same service, the disk the next one; an edit renders one post."""
    content.commit({FIRST: file(), SECOND: file(words="Second words.")})
    before = rendered()
    made = all_items(items, index)
    assert rendered() - before == 2
    assert all_items(items, index)[FIRST] is made[FIRST]
    cache = Cache(tmp_path / "items.db")
    restarted = PostRenderer({"news": index}, cache=cache, pool=workroom)
    assert all_items(restarted, index) == made
    cache.close()
    assert rendered() - before == 2
    content.commit({FIRST: file(words="New words.")})
    assert "New words" in all_items(items, index)[FIRST].content
    assert rendered() - before == 3


def test_a_link_follows_a_post_that_moves(
    content: ContentRepository, index: SourceIndex, items: PostRenderer
) -> None:
    """The linking post was not edited, but its item is another one."""
    content.commit({FIRST: file(words="[next](2023-11-07-second.md)"), SECOND: file()})
    assert "/news/2023-11-07-second" in all_items(items, index)[FIRST].content
    content.commit({SECOND: file(permalink="/moved")})
    assert 'href="https://www.example.gov/moved"' in all_items(items, index)[FIRST].content


def test_translations_know_each_other(
    content: ContentRepository, index: SourceIndex, items: PostRenderer
) -> None:
    """Each item names the other languages' pages, also when one comes later."""
    spanish = "news/2023-11-06-first._es.md"
    content.commit({FIRST: file()})
    assert all_items(items, index)[FIRST].translations == ()
    content.commit({spanish: file("Hola", permalink="/hola")})
    found = all_items(items, index)
    assert found[FIRST].translations == (("es", "https://www.example.gov/hola"),)
    assert found[spanish].translations == (("en", "https://www.example.gov/news/2023-11-06-first"),)


def test_memory_is_bounded(
    content: ContentRepository,
    index: SourceIndex,
    items: PostRenderer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was used longest ago is forgotten, and found again on disk."""
    monkeypatch.setattr("syndicate.content.post_renderer._MAX_CACHED_POSTS", 1)
    content.commit({FIRST: file(), SECOND: file(words="Second words.")})
    before = rendered()
    made = all_items(items, index)
    again = all_items(items, index)
    assert again == made
    assert rendered() - before == 2


def test_a_blob_that_is_no_post_makes_no_manuscript() -> None:
    """Only what was read as a post can be opened as one."""
    with pytest.raises(ContentError, match="no front matter"):
        build_render_input(
            samples.post(),
            b"words",
            Fields(title="a", language="en", translation="", word_digest=b"", word_count=0),
            source=samples.source(),
            targets=LinkTargets(posts=()),
        )


def test_a_post_can_be_seen_as_it_was_told(
    content: ContentRepository, index: SourceIndex, items: PostRenderer
) -> None:
    """Its former words, title, place and times, rendered by today's rules."""
    content.commit({FIRST: file("Before", "Old words.", expires="2040-01-01")})
    before = at_head(index)
    (was,) = items.render(before.posts, before)
    told = LedgerRow.from_post(was.post, is_live=True, generation=1)
    content.rename(FIRST, "news/2023-11-07-moved.md")
    content.commit({"news/2023-11-07-moved.md": file("After", "New words.", permalink="/new")})

    now = at_head(index)
    (post,) = now.posts
    past = items.render_as_announced([(told, post)], now)[post.id]

    assert past.post.title == "Before"
    assert (past.post.url, past.post.path) == (was.post.url, FIRST)
    assert replace(past, post=was.post) == was
    assert past.post.published.isoformat() == was.post.published.isoformat()
    assert past.post.expires == was.post.expires != post.expires


def test_a_lost_or_unreadable_past_is_left_out(
    content: ContentRepository, index: SourceIndex, items: PostRenderer
) -> None:
    """Nobody can say what it was, so everything may have changed."""
    content.commit({FIRST: file(), SECOND: file(), "note.txt": "no post"})
    edition = at_head(index)
    blobs = [BlobId("0" * 40), BlobId(content.git("rev-parse", "main:note.txt"))]
    told = [
        (replace(LedgerRow.from_post(post, is_live=True, generation=1), blob=blob), post)
        for post, blob in zip(edition.posts, blobs, strict=True)
    ]

    assert items.render_as_announced(told, edition) == {}


def test_what_was_looked_at_is_made_again_ahead(
    content: ContentRepository, index: SourceIndex, items: PostRenderer
) -> None:
    """And what is new; of posts that nobody has looked at nothing is made."""
    content.commit({FIRST: file("First"), SECOND: file("Second")})
    before = rendered()
    items.prerender(at_head(index))
    assert rendered() == before
    all_items(items, index)
    content.commit({FIRST: file("First", "Other words."), "news/2023-11-08-third.md": file("3rd")})
    before = rendered()
    items.prerender(at_head(index))
    assert rendered() == before + 2
    found = all_items(items, index)
    assert rendered() == before + 2
    assert found[FIRST].text == "Other words."
    content.commit({SECOND: None})
    items.prerender(at_head(index))
    assert rendered() == before + 2


def test_comments_of_the_engine_reach_no_field_of_an_item(
    content: ContentRepository, items: PostRenderer, index: SourceIndex
) -> None:
    """Title, content, text, summary and reading time are made of what is left."""
    secret = "{::comment}\n# Secret\n\n" + "secret " * 1_000 + "\n{:/comment}"
    content.commit({FIRST: f"---\na: b\n---\n{secret}\n\n# Open\n\nWords.\n"})
    content.commit({SECOND: file(words=secret, preview="'Plain {::comment}secret{:/}words'")})
    made = all_items(items, index)
    first, second = made[FIRST], made[SECOND]
    assert (first.post.title, first.summary, first.text) == (
        "Open",
        "Open Words.",
        "Open\n\nWords.",
    )
    assert (first.reading_minutes, second.reading_minutes) == (1, 1)
    assert (second.content, second.summary) == ("", "Plain words")
