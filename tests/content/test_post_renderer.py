"""Rendered posts: their values, fallbacks and caches."""

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
from syndicate.model.post import Attachment, Author, BlobId, Image, RenderedPost
from syndicate.render.pool.process_pool import RenderPool
from tests import samples
from tests.content.conftest import OpenIndex, counter_value, file
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool

FIRST = "news/2023-11-06-first.md"
SECOND = "news/2023-11-07-second.md"


@pytest.fixture
def pool() -> RenderPool:
    """Return the render processes that tests share."""
    return render_pool()


@pytest.fixture
def renderer(
    index: SourceIndex, pool: RenderPool, tmp_path: pathlib.Path
) -> Iterator[PostRenderer]:
    """Return the renderer of the posts of the source ``news``."""
    cache = Cache(tmp_path / "items.db")
    yield PostRenderer({"news": index}, cache=cache, pool=pool)
    cache.close()


def edition_at_head(index: SourceIndex) -> Edition:
    """Return the edition of the head of the branch."""
    return Edition.build([index.snapshot(index.repository.head())], at=samples.NOW)


def all_rendered(renderer: PostRenderer, index: SourceIndex) -> dict[str, RenderedPost]:
    """Return all rendered posts by path."""
    edition = edition_at_head(index)
    return {item.post.path: item for item in renderer.render(edition.posts, edition)}


def rendered_count() -> float:
    """Return how many posts were rendered so far."""
    return counter_value(telemetry.posts_rendered_total)


def test_rendered_post_has_values_of_file_and_history(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """The body becomes safe HTML, text, summary and reading time; internal links are resolved."""
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
    found = all_rendered(renderer, index)
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


def test_images_and_attachments_have_the_size_of_their_files(
    content: ContentRepository, open_index: OpenIndex, pool: RenderPool, tmp_path: pathlib.Path
) -> None:
    """On the site and beside the post; each commit has its own sizes, without another rendering."""
    body = (
        "<video><source src='/film.webm' type='video/webm'><source src='/film.mp4'></video>\n\n"
        "<audio src='https://cdn.example.gov/a.ogg'></audio> <audio src='/live'></audio>"
    )
    content.commit(
        {
            FIRST: file("First", body, image="/lake.png", image_alt="A lake", audio="talk.mp3"),
            SECOND: file("Second", "Words.", enclosure="{url: /none.mp3, length: 7}"),
            "static/talk.mp3": b"123",
            "film.webm": b"1",
            "news/none.mp3.txt": b"",
        }
    )
    index = open_index()
    cache = Cache(tmp_path / "items.db")
    renderer = PostRenderer({"news": index}, cache=cache, pool=pool)
    before = rendered_count()
    for size in (5, 7):
        content.commit({"lake.png": b"1" * size})
        found = all_rendered(renderer, index)
        first = found[FIRST]
        assert first.image is not None
        assert first.image.file_bytes == size
        assert [(each.url, each.type, each.file_bytes) for each in first.attachments] == [
            ("https://www.example.gov/talk.mp3", "audio/mpeg", 3),
            ("https://www.example.gov/film.webm", "video/webm", 1),
            ("https://cdn.example.gov/a.ogg", "audio/ogg", None),
        ]
        assert found[SECOND].attachments == (
            Attachment(url="https://www.example.gov/none.mp3", type="audio/mpeg", length=7),
        )
    assert rendered_count() - before == 2
    cache.close()


def test_card_is_completed_from_the_post(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """Title, summary, image and alternative text that the card lacks come from the post."""
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
    found = all_rendered(renderer, index)
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


def test_invalid_url_affects_only_its_post(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """An invalid URL of an image or permalink is left out; everything else is rendered."""
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
    found = all_rendered(renderer, index)
    assert found[FIRST].image == Image(url="https://www.example.gov/lake.png", alt="A lake")
    assert found[FIRST].external_url == "https://a.org/x%20y"
    assert found[SECOND].post.url == "https://www.example.gov/news/2023-11-07-second"
    assert found[SECOND].image is not None


def test_render_for_checks_yields_input_and_results(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """The input has the origins of the fields, the results have the diagnostics."""
    content.commit(
        {
            FIRST: file("First", "[](/x)"),
            SECOND: file("Second", "Words.", carousel_summary="'[](/y)'"),
        }
    )
    edition = edition_at_head(index)

    proofs = {
        str(one.post.path): rendered_count
        for one, rendered_count in renderer.render_for_checks(edition.posts, edition)
    }

    notes = {
        path: [note for one in three for note in one.diagnostics] for path, three in proofs.items()
    }
    assert [(note.rule, note.line) for note in notes[FIRST]] == [("empty-link", 4)]
    assert {(note.rule, note.line) for note in notes[SECOND]} == {("empty-link", 3)}
    assert list(renderer.render_for_checks([], edition)) == []


def test_posts_are_rendered_once(
    content: ContentRepository,
    index: SourceIndex,
    renderer: PostRenderer,
    pool: RenderPool,
    tmp_path: pathlib.Path,
) -> None:
    """The memory cache serves one process, the disk cache the next; an edit renders one post."""
    content.commit({FIRST: file(), SECOND: file(words="Second words.")})
    before = rendered_count()
    made = all_rendered(renderer, index)
    assert rendered_count() - before == 2
    assert all_rendered(renderer, index)[FIRST] is made[FIRST]
    cache = Cache(tmp_path / "items.db")
    restarted = PostRenderer({"news": index}, cache=cache, pool=pool)
    assert all_rendered(restarted, index) == made
    cache.close()
    assert rendered_count() - before == 2
    content.commit({FIRST: file(words="New words.")})
    assert "New words" in all_rendered(renderer, index)[FIRST].content
    assert rendered_count() - before == 3


def test_link_follows_a_moved_post(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """The linking post is rendered again, although its file is the same."""
    content.commit({FIRST: file(words="[next](2023-11-07-second.md)"), SECOND: file()})
    assert "/news/2023-11-07-second" in all_rendered(renderer, index)[FIRST].content
    content.commit({SECOND: file(permalink="/moved")})
    assert 'href="https://www.example.gov/moved"' in all_rendered(renderer, index)[FIRST].content


def test_translations_list_each_other(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """Rendered posts list the other languages' pages, also those added later."""
    spanish = "news/2023-11-06-first._es.md"
    content.commit({FIRST: file()})
    assert all_rendered(renderer, index)[FIRST].translations == ()
    content.commit({spanish: file("Hola", permalink="/hola")})
    found = all_rendered(renderer, index)
    assert found[FIRST].translations == (("es", "https://www.example.gov/hola"),)
    assert found[spanish].translations == (("en", "https://www.example.gov/news/2023-11-06-first"),)


def test_post_with_a_link_to_a_file_follows_each_commit(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """The file may appear or go while the post stays the same."""
    content.commit({FIRST: file(words="[form]({% link assets/form.pdf %})")})
    assert "href" not in all_rendered(renderer, index)[FIRST].content
    content.commit({"assets/form.pdf": "x"})
    url = 'href="https://www.example.gov/assets/form.pdf"'
    assert url in all_rendered(renderer, index)[FIRST].content


def test_memory_cache_is_bounded(
    content: ContentRepository, index: SourceIndex, pool: RenderPool, tmp_path: pathlib.Path
) -> None:
    """The least recently used post is removed from memory and found on disk again."""
    content.commit({FIRST: file(), SECOND: file(words="Second words.")})
    cache = Cache(tmp_path / "items.db")
    renderer = PostRenderer({"news": index}, cache=cache, pool=pool, max_cached_posts=1)
    before = rendered_count()
    first_result = all_rendered(renderer, index)
    second_result = all_rendered(renderer, index)
    assert second_result == first_result
    assert rendered_count() - before == 2
    cache.close()


def test_blob_that_is_not_a_post_has_no_render_input() -> None:
    """A file that is not parsed as a post has no input."""
    with pytest.raises(ContentError, match="no front matter"):
        build_render_input(
            samples.post(),
            b"words",
            Fields(title="a", language="en", translation="", word_digest=b"", word_count=0),
            source=samples.source(),
            targets=LinkTargets(posts=()),
        )


def test_post_can_be_rendered_as_announced(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """The previous body, title, path and times are rendered by today's renderer."""
    content.commit({FIRST: file("Before", "Old words.", expires="2040-01-01")})
    before = edition_at_head(index)
    (previous,) = renderer.render(before.posts, before)
    row = LedgerRow.from_post(previous.post, is_live=True, generation=1)
    content.rename(FIRST, "news/2023-11-07-moved.md")
    content.commit({"news/2023-11-07-moved.md": file("After", "New words.", permalink="/new")})

    now = edition_at_head(index)
    (post,) = now.posts
    as_announced = renderer.render_as_announced([(row, post)], now)[post.id]

    assert as_announced.post.title == "Before"
    assert (as_announced.post.url, as_announced.post.path) == (previous.post.url, FIRST)
    assert replace(as_announced, post=previous.post) == previous
    assert as_announced.post.published.isoformat() == previous.post.published.isoformat()
    assert as_announced.post.expires == previous.post.expires != post.expires


def test_lost_or_unreadable_previous_files_are_left_out(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """Their previous state is unknown."""
    content.commit({FIRST: file(), SECOND: file(), "note.txt": "no post"})
    edition = edition_at_head(index)
    blobs = [BlobId("0" * 40), BlobId(content.git("rev-parse", "main:note.txt"))]
    announced = [
        (replace(LedgerRow.from_post(post, is_live=True, generation=1), blob=blob), post)
        for post, blob in zip(edition.posts, blobs, strict=True)
    ]

    assert renderer.render_as_announced(announced, edition) == {}


def test_requested_posts_are_prerendered(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """New posts are rendered as well; posts that were never requested are not."""
    content.commit({FIRST: file("First"), SECOND: file("Second")})
    before = rendered_count()
    renderer.prerender(edition_at_head(index))
    assert rendered_count() == before
    all_rendered(renderer, index)
    content.commit({FIRST: file("First", "Other words."), "news/2023-11-08-third.md": file("3rd")})
    before = rendered_count()
    renderer.prerender(edition_at_head(index))
    assert rendered_count() == before + 2
    found = all_rendered(renderer, index)
    assert rendered_count() == before + 2
    assert found[FIRST].text == "Other words."
    content.commit({SECOND: None})
    renderer.prerender(edition_at_head(index))
    assert rendered_count() == before + 2


def test_comments_of_the_engine_reach_no_field(
    content: ContentRepository, renderer: PostRenderer, index: SourceIndex
) -> None:
    """Title, content, text, summary and reading time do not include comments."""
    secret = "{::comment}\n# Secret\n\n" + "secret " * 1_000 + "\n{:/comment}"
    content.commit({FIRST: f"---\na: b\n---\n{secret}\n\n# Open\n\nWords.\n"})
    content.commit({SECOND: file(words=secret, preview="'Plain {::comment}secret{:/}words'")})
    made = all_rendered(renderer, index)
    first, second = made[FIRST], made[SECOND]
    assert (first.post.title, first.summary, first.text) == (
        "Open",
        "Open Words.",
        "Open\n\nWords.",
    )
    assert (first.reading_minutes, second.reading_minutes) == (1, 1)
    assert (second.content, second.summary) == ("", "Plain words")
