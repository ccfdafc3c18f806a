"""The sample posts come out as content/README.md says, under the settings of `make serve`."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syndicate.cache import Cache
from syndicate.git import Repository
from syndicate.index.item import Items
from syndicate.index.part import SourceIndex
from syndicate.model.edition import Edition
from syndicate.model.post import Item
from syndicate.model.selection import Selection
from syndicate.render.workroom import Workroom
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
"""The future, the draft, the broken and the taken back."""


class Sample:
    """The sample posts, committed once, as an edition and as items."""

    def __init__(self, folder: Path, closing: ExitStack) -> None:
        content = ContentRepository.create(folder / "sample")
        files = [path for path in (ROOT / "content").rglob("*") if path.is_file()]
        content.commit(
            {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}, when=NOW
        )
        settings = load(
            ROOT / "deploy" / "local" / "syndicate.toml", {"SAMPLE_REPOSITORY": str(content.path)}
        )
        cache = Cache(folder / "cache.db")
        closing.callback(cache.close)
        self.indexes = {}
        parts = []
        for source in settings.sources:
            repository = closing.enter_context(
                Repository.open(source.repository, ref=source.ref, mirrors=folder)
            )
            index = SourceIndex(source, repository, cache=cache, vocabulary=settings.vocabulary)
            self.indexes[source.name] = index
            parts.append(index.part(repository.head()))
        self.parts = {part.source.name: part for part in parts}
        self.edition = Edition.of(
            parts, at=NOW, vocabulary=settings.vocabulary, named=settings.feeds
        )
        workroom = Workroom(processes=1)
        closing.callback(workroom.close)
        items = Items(self.indexes, cache=cache, workroom=workroom)
        self.items = items.make(self.edition.posts, self.edition)

    def item(self, stem: str) -> Item:
        """Return the item whose file is called ``stem``."""
        return next(item for item in self.items if stem in item.post.path)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """Return the sample posts as served."""
    with ExitStack() as closing:
        yield Sample(tmp_path_factory.mktemp("sample"), closing)


def test_the_readme_lists_every_sample_post(sample: Sample) -> None:
    """Its table has a line for each file, and no line without a file."""
    listed = re.findall(r"`([^`]+/[^`]+\.md)`", (ROOT / "content" / "README.md").read_text())
    files = (ROOT / "content").glob("*/*.md")
    assert sorted(listed) == sorted(str(path.relative_to(ROOT / "content")) for path in files)
    live = {post.path for post in sample.edition.posts}
    assert live == {f"content/{path}" for path in listed} - OUT_OF_SIGHT


def test_the_broken_post_is_reported_with_its_line(sample: Sample) -> None:
    """It is the only trouble there is, and everything else is served."""
    problems = [problem for part in sample.parts.values() for problem in part.problems]
    assert [(problem.path, problem.line) for problem in problems] == [
        ("content/program-updates/holiday-closings.md", 4)
    ]


def test_both_dialects_file_under_the_same_categories(sample: Sample) -> None:
    """A filing line and tags name Technology and TTS alike."""
    for slug in ("technology", "tts"):
        posts = sample.edition.select(Selection.of(categories=[slug]))
        assert {post.source for post in posts} == {"program-updates", "news-and-blog"}
    assert [category.slug for category in sample.edition.categories] == ["technology", "tts"]


def test_every_card_is_complete(sample: Sample) -> None:
    """Three cards, the newest first, each with a picture that exists and its description."""
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
def test_a_sample_shows_what_it_is_there_for(sample: Sample, stem: str, html: str) -> None:
    """Lists, tables, links, code, footnotes and quotations come out as HTML."""
    assert html in re.sub(r"\s*\n\s*", "", sample.item(stem).content)


def test_no_filing_line_is_left_in_the_content(sample: Sample) -> None:
    """It files the post and is taken out."""
    assert not [item.post.path for item in sample.items if "filed in" in item.content]


def test_one_sample_is_in_spanish(sample: Sample) -> None:
    """A selection by language finds it."""
    posts = sample.edition.select(Selection.of(languages=["es"]))
    assert [post.title for post in posts] == ["Un solo formulario para su nueva dirección"]
