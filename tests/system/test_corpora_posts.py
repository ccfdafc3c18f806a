"""Posts of the corpora match their published sites, today and at every commit."""

import json
import pathlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from syndicate.cache import Cache
from syndicate.content.post_renderer import PostRenderer
from syndicate.content.source_index import SourceIndex
from syndicate.model.edition import Edition, SourceSnapshot
from syndicate.model.post import Path, Post, RenderedPost, Source
from syndicate.render.pool.process_pool import RenderPool
from tests import corpora, samples
from tests.corpora import EIGHTEEN_F, LOGIN, USDS
from tests.system.conftest import OpenCorpus

pytestmark = pytest.mark.corpora

EXPECTED = pathlib.Path(__file__).parents[1] / "data" / "corpora"


@pytest.fixture(scope="module")
def render_pool() -> Iterator[RenderPool]:
    """Return one render pool for all tests."""
    pool = RenderPool(processes=2)
    yield pool
    pool.close()


def snapshot_at(index: SourceIndex, rev: str = "main") -> SourceSnapshot:
    """Return the snapshot of ``index`` at ``rev``."""
    return index.snapshot(index.repository.resolve(rev))


def rendered_posts(
    index: SourceIndex, snapshot: SourceSnapshot, render_pool: RenderPool
) -> dict[str, RenderedPost]:
    """Return the rendered posts of ``snapshot``, by path."""
    edition = Edition.build([snapshot], at=max(samples.NOW, snapshot.committed))
    renderer = PostRenderer({index.source.name: index}, cache=Cache(None), pool=render_pool)
    return {item.post.path: item for item in renderer.render(edition.posts, edition)}


def summary_of(item: RenderedPost) -> dict[str, object]:
    """Return the fields of a rendered post that the table of its corpus has."""
    post, card = item.post, item.card
    return {
        "path": post.path,
        "url": post.url,
        "title": post.title,
        "published": post.published.isoformat(),
        "precision": post.precision,
        "categories": [category.slug for category in post.categories],
        "authors": [author.name for author in item.authors],
        "minutes": item.reading_minutes,
        "summary": item.summary,
        "card": card
        and {
            "title": card.title,
            "summary": card.summary,
            "image": card.image,
            "alt": card.image_alt,
            "date": card.date.isoformat(),
        },
    }


@pytest.mark.parametrize("source", [USDS, LOGIN], ids=lambda source: source.name)
def test_site_posts_match_the_published_site(
    source: Source, open_corpus: OpenCorpus, render_pool: RenderPool
) -> None:
    """Every title, date, URL, category and card of the first two sites."""
    index = open_corpus(source)
    summaries = [
        summary_of(item) for item in rendered_posts(index, snapshot_at(index), render_pool).values()
    ]
    expected = json.loads((EXPECTED / f"{source.name}.json").read_text())
    assert summaries == expected


def test_first_seed_post_is_exact(open_corpus: OpenCorpus, render_pool: RenderPool) -> None:
    """The editorial branch of login.gov has a post in two categories."""
    index = open_corpus(LOGIN)
    stem = (
        "empowering-responsible-ai-the-ai-training-series-for-government-employees-"
        "is-currently-underway-read-all-about-it"
    )
    snapshot = snapshot_at(index, "cms/program_updates/empowering-responsible-ai")
    item = rendered_posts(index, snapshot, render_pool)[f"content/_program_updates/{stem}.md"]
    post = item.post
    assert post.url == f"https://www.login.gov/partners/program-updates/{stem}/"
    assert post.published.isoformat() == "2024-10-16T19:24:53.929000+00:00"
    assert [category.slug for category in post.categories] == ["technology", "tts"]
    assert "Post filed in" not in item.text
    assert item.summary.startswith("One of GSA\u2019s strategic priorities is to deliver")
    assert item.image
    assert item.image.url == "https://www.login.gov/assets/img/users.svg"
    assert not post.carousel


def test_second_seed_post_is_exact(open_corpus: OpenCorpus, render_pool: RenderPool) -> None:
    """A carousel post, two weeks after its publication."""
    index = open_corpus(USDS)
    path = "_news-and-blog/2024-01-29-a-call-to-service-for-talent-in-the-federal-government.md"
    item = rendered_posts(index, snapshot_at(index, "887d1f9"), render_pool)[path]
    post = item.post
    assert post.url == (
        "https://www.usds.gov/news-and-blog/a-call-to-service-for-talent-in-the-federal-government"
    )
    assert (post.published.isoformat(), post.precision) == ("2024-01-29T00:00:00-05:00", "day")
    assert (post.carousel, item.reading_minutes, len(item.authors)) == (True, 3, 1)
    assert item.card
    assert item.card.image_alt == (
        "Blue neon lights in the shape of AI are repeated on a yellow background"
    )


@pytest.mark.parametrize("source", [USDS, LOGIN, EIGHTEEN_F], ids=lambda source: source.name)
def test_every_version_of_every_file_is_a_post_or_hidden(
    source: Source, open_corpus: OpenCorpus
) -> None:
    """Fifty commits or all of them: no exception, and no unnamed file."""
    index = open_corpus(replace(source, folders=(*source.folders, Path("_posts"))))
    commits = [commit.id for commit in index.repository.history(index.repository.head())]
    step = max(1, len(commits) // 80)
    for commit in commits[::step]:
        snapshot = index.snapshot(commit)
        accounted_paths = {post.path for post in snapshot.posts} | {
            file.path for file in snapshot.hidden
        }
        files = index.repository.list_files(snapshot.commit, index.source.folders)
        assert accounted_paths == {file.path for file in files}
        assert all(file.reason for file in snapshot.hidden)


def test_18f_has_509_posts(open_corpus: OpenCorpus) -> None:
    """URLs and dates follow the rules of the site."""
    index = open_corpus(EIGHTEEN_F)
    snapshot = snapshot_at(index)
    by_name = {post.path.rpartition("/")[2]: post for post in snapshot.posts}
    assert len(by_name) == 509
    assert by_name["2014-03-19-hello-world-we-are-18f.md"].url == (
        "https://18f.gsa.gov/2014/03/19/hello-world-we-are-18f/"
    )
    assert by_name["2017-01-19-the-dark-standup.md"].published.isoformat() == (
        "2017-01-19T00:00:00+00:00"
    )


MOVED_FOLDERS = replace(EIGHTEEN_F, folders=(Path("content/posts"), Path("_posts")))
"""The source with both folders, before and after the posts were moved."""


def posts_before_and_after(index: SourceIndex, rev: str) -> list[tuple[Post, Post]]:
    """Return the posts changed by the commit ``rev``, before and after it."""
    before = {post.id: post for post in snapshot_at(index, f"{rev}~1").posts}
    after = {post.id: post for post in snapshot_at(index, rev).posts}
    return [(before[post_id], after[post_id]) for post_id in before.keys() & after.keys()]


def test_moving_all_files_keeps_ids_and_urls(open_corpus: OpenCorpus) -> None:
    """506 files are renamed in one commit; *updated* changes only if words changed."""
    pairs = posts_before_and_after(open_corpus(MOVED_FOLDERS), "9ba5277")
    renamed = [(old, new) for old, new in pairs if old.path != new.path]
    assert len(renamed) == 506
    assert all(old.url == new.url for old, new in renamed)
    assert sum(old.updated != new.updated for old, new in renamed) <= 25


def test_link_fixes_do_not_change_updated(open_corpus: OpenCorpus) -> None:
    """Of 324 files with corrected links, only those with changed words are updated."""
    pairs = posts_before_and_after(open_corpus(MOVED_FOLDERS), "5f40894")
    assert sum(old.blob != new.blob for old, new in pairs) == 324
    assert sum(old.updated != new.updated for old, new in pairs) == 19


def test_emptied_branch_keeps_its_last_posts(open_corpus: OpenCorpus) -> None:
    """The folder of login.gov's feature branch is empty at its head."""
    snapshot = snapshot_at(open_corpus(LOGIN), "editorial")
    assert snapshot.posts
    assert "has none now" in snapshot.error


def test_replay_from_an_empty_store_gives_the_same_ids(open_corpus: OpenCorpus) -> None:
    """By commit or all at once, with or without a cache: the same posts."""
    stepwise, at_once = open_corpus(LOGIN), open_corpus(LOGIN)
    commits = [commit.id for commit in stepwise.repository.history(stepwise.repository.head())]
    snapshots = [stepwise.snapshot(commit) for commit in commits]
    assert snapshots[-1].posts == at_once.snapshot(commits[-1]).posts


@pytest.mark.parametrize("source", [USDS, LOGIN, EIGHTEEN_F], ids=lambda source: source.name)
def test_no_template_tag_or_relative_url_remains(
    source: Source, open_corpus: OpenCorpus, render_pool: RenderPool
) -> None:
    """All current posts, rendered."""
    index = open_corpus(source)
    for path, item in rendered_posts(index, snapshot_at(index), render_pool).items():
        outside = corpora.without_code(item.content)
        for tag in ("{{", "{%", "{{<"):
            assert tag not in outside, path
        assert corpora.relative_urls(item.content) == [], path
