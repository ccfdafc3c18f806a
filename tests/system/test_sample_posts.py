"""The sample posts are served as content/README.md says, with the settings of `make serve`."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syndicate.cache import Cache
from syndicate.content.post_renderer import PostRenderer
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.edition import Edition
from syndicate.model.post import RenderedPost
from syndicate.model.selection import Selection
from syndicate.render.pool.process_pool import RenderPool
from syndicate.settings import load
from tests.content_repository import ContentRepository

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OUT_OF_SIGHT = {
    "content/program-updates/office-hours-in-a-new-century.md",
    "content/program-updates/what-we-will-measure-next.md",
    "content/program-updates/holiday-closings.md",
    "content/news-and-blog/2025-10-21-a-name-for-our-helper.md",
    "content/news-and-blog/2099-07-04-three-hundred-years-of-paper.md",
}
"""The future, draft, broken and expired posts."""


class SampleContent:
    """The sample posts, committed once, as an edition and as rendered posts."""

    def __init__(self, folder: Path, exit_stack: ExitStack) -> None:
        content = ContentRepository.create(folder / "sample")
        files = [path for path in (ROOT / "content").rglob("*") if path.is_file()]
        content.commit(
            {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}, committed=NOW
        )
        settings = load(
            ROOT / "deploy" / "local" / "syndicate.toml", {"SAMPLE_REPOSITORY": str(content.path)}
        )
        cache = Cache(folder / "cache.db")
        exit_stack.callback(cache.close)
        self.indexes = {}
        snapshots = []
        for source in settings.sources:
            repository = exit_stack.enter_context(
                Repository.open(source.repository, ref=source.ref, mirrors=folder)
            )
            index = SourceIndex(source, repository, cache=cache, vocabulary=settings.vocabulary)
            self.indexes[source.name] = index
            snapshots.append(index.snapshot(repository.head()))
        self.snapshots = {snapshot.source.name: snapshot for snapshot in snapshots}
        self.edition = Edition.build(
            snapshots, at=NOW, vocabulary=settings.vocabulary, named_feeds=settings.feeds
        )
        render_pool = RenderPool(processes=1)
        exit_stack.callback(render_pool.close)
        items = PostRenderer(self.indexes, cache=cache, pool=render_pool)
        self.items = items.render(self.edition.posts, self.edition)

    def item(self, stem: str) -> RenderedPost:
        """Return the item whose file is called ``stem``."""
        return next(item for item in self.items if stem in item.post.path)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleContent]:
    """Return the sample posts as they are served."""
    with ExitStack() as exit_stack:
        yield SampleContent(tmp_path_factory.mktemp("sample"), exit_stack)


def test_the_readme_lists_every_sample_post(sample: SampleContent) -> None:
    """Its table has a row for each file, and no other row."""
    documented = re.findall(r"`([^`]+/[^`]+\.md)`", (ROOT / "content" / "README.md").read_text())
    files = (ROOT / "content").glob("*/*.md")
    assert sorted(documented) == sorted(str(path.relative_to(ROOT / "content")) for path in files)
    live = {post.path for post in sample.edition.posts}
    assert live == {f"content/{path}" for path in documented} - OUT_OF_SIGHT


def test_the_broken_post_is_reported_with_its_line(sample: SampleContent) -> None:
    """It is the only problem, and every other post is served."""
    problems = [problem for snapshot in sample.snapshots.values() for problem in snapshot.problems]
    assert [(problem.path, problem.line) for problem in problems] == [
        ("content/program-updates/holiday-closings.md", 4)
    ]


def test_both_dialects_give_the_same_categories(sample: SampleContent) -> None:
    """A "Post filed in" line and tags give the same categories."""
    for slug in ("technology", "tts"):
        posts = sample.edition.select(Selection.create(categories=[slug]))
        assert {post.source for post in posts} == {"program-updates", "news-and-blog"}
    assert [category.slug for category in sample.edition.categories] == ["technology", "tts"]


def test_every_card_is_complete(sample: SampleContent) -> None:
    """Three cards, newest first, each with an existing image and its alternative text."""
    posts = sample.edition.select(Selection(carousel=True))
    assert [post.day.isoformat() for post in posts] == ["2025-06-24", "2025-05-06", "2025-02-18"]
    for card in (sample.item(post.path).card for post in posts):
        assert card is not None
        assert card.summary
        assert card.image_alt
        assert card.image.startswith("https://www.example.gov/assets/")
        assert (ROOT / "content" / "assets" / card.image.rpartition("/")[2]).is_file()


@pytest.mark.parametrize(
    ("stem", "html"),
    [
        ("one-form", "<li>We tell the programs you choose:<ul><li>housing support,</li>"),
        ("letters-people", "<th>Before</th>"),
        ("a-quiet-hour", '<a href="https://www.example.gov/program-updates/one-form-for-a-new-a'),
        ("check-our-status", '<code class="language-json">'),
        ("check-our-status", '<a class="footnote-ref"'),
        ("waiting-times", 'href="https://www.example.gov/news-and-blog/waiting-times/yesterday.'),
        ("500-calls", "<blockquote>"),
        ("un-solo-formulario", "¿Prefiere hablar con una persona?"),
    ],
)
def test_sample_shows_its_markup(sample: SampleContent, stem: str, html: str) -> None:
    """Lists, tables, links, code, footnotes and quotations become HTML."""
    assert html in re.sub(r"\s*\n\s*", "", sample.item(stem).content)


def test_no_filed_in_line_remains_in_the_content(sample: SampleContent) -> None:
    """The "Post filed in" line is removed from the content."""
    assert not [item.post.path for item in sample.items if "filed in" in item.content]


def test_one_sample_is_in_spanish(sample: SampleContent) -> None:
    """It is in the selection of its language."""
    posts = sample.edition.select(Selection.create(languages=["es"]))
    assert [post.title for post in posts] == ["Un solo formulario para su nueva dirección"]
