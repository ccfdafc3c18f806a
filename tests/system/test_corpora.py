"""The real post folders come out as their sites show them, today and at every commit."""

import json
import pathlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from syndicate.cache import Cache
from syndicate.index.item import Items
from syndicate.index.part import SourceIndex
from syndicate.model.edition import Edition, Part
from syndicate.model.post import Item, Path, Post, Source
from syndicate.render.workroom import Workroom
from tests import corpora, samples
from tests.corpora import EIGHTEEN_F, LOGIN, USDS
from tests.system.conftest import OpenCorpus

pytestmark = pytest.mark.corpora

EXPECTED = pathlib.Path(__file__).parents[1] / "data" / "corpora"


@pytest.fixture(scope="module")
def workroom() -> Iterator[Workroom]:
    """Return a workroom for all tests."""
    room = Workroom(processes=2)
    yield room
    room.close()


def at(index: SourceIndex, rev: str = "main") -> Part:
    """Return the part of ``index`` at ``rev``."""
    return index.part(index.repository.resolve(rev))


def items(index: SourceIndex, part: Part, workroom: Workroom) -> dict[str, Item]:
    """Return the items of the posts of ``part``, by path."""
    edition = Edition.of([part], at=max(samples.NOW, part.committed))
    maker = Items({index.source.name: index}, cache=Cache(None), workroom=workroom)
    return {item.post.path: item for item in maker.make(edition.posts, edition)}


def told(item: Item) -> dict[str, object]:
    """Return what the table of a corpus says of an item."""
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
def test_a_site_comes_out_as_it_shows_itself(
    source: Source, open_corpus: OpenCorpus, workroom: Workroom
) -> None:
    """Every title, date, address, category and card of the two first sites."""
    index = open_corpus(source)
    found = [told(item) for item in items(index, at(index), workroom).values()]
    expected = json.loads((EXPECTED / f"{source.name}.json").read_text())
    assert found == expected


def test_the_first_seed_post_comes_out_exactly(open_corpus: OpenCorpus, workroom: Workroom) -> None:
    """The editorial branch of login.gov holds a post filed in two categories."""
    index = open_corpus(LOGIN)
    stem = (
        "empowering-responsible-ai-the-ai-training-series-for-government-employees-"
        "is-currently-underway-read-all-about-it"
    )
    part = at(index, "cms/program_updates/empowering-responsible-ai")
    item = items(index, part, workroom)[f"content/_program_updates/{stem}.md"]
    post = item.post
    assert post.url == f"https://www.login.gov/partners/program-updates/{stem}/"
    assert post.published.isoformat() == "2024-10-16T19:24:53.929000+00:00"
    assert [category.slug for category in post.categories] == ["technology", "tts"]
    assert "Post filed in" not in item.text
    assert item.summary.startswith("One of GSA\u2019s strategic priorities is to deliver")
    assert item.image
    assert item.image.url == "https://www.login.gov/assets/img/users.svg"
    assert not post.carousel


def test_the_second_seed_post_comes_out_exactly(
    open_corpus: OpenCorpus, workroom: Workroom
) -> None:
    """A carousel post as it was two weeks after its day."""
    index = open_corpus(USDS)
    path = "_news-and-blog/2024-01-29-a-call-to-service-for-talent-in-the-federal-government.md"
    item = items(index, at(index, "887d1f9"), workroom)[path]
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
def test_every_version_of_every_file_is_a_post_or_named_as_none(
    source: Source, open_corpus: OpenCorpus
) -> None:
    """The whole history, commit by commit or fifty of it: nothing raises, nothing is nameless."""
    index = open_corpus(replace(source, folders=(*source.folders, Path("_posts"))))
    line = [commit.id for commit in index.repository.history(index.repository.head())]
    step = max(1, len(line) // 80)
    for commit in line[::step]:
        part = index.part(commit)
        shown = {post.path for post in part.posts} | {file.path for file in part.hidden}
        files = index.repository.entries(part.commit, index.source.folders)
        assert shown == {file.path for file in files}
        assert all(file.reason for file in part.hidden)


def test_18f_has_its_509_posts(open_corpus: OpenCorpus) -> None:
    """Addresses and dates follow the rules of the site."""
    index = open_corpus(EIGHTEEN_F)
    part = at(index)
    by_name = {post.path.rpartition("/")[2]: post for post in part.posts}
    assert len(by_name) == 509
    assert by_name["2014-03-19-hello-world-we-are-18f.md"].url == (
        "https://18f.gsa.gov/2014/03/19/hello-world-we-are-18f/"
    )
    assert by_name["2017-01-19-the-dark-standup.md"].published.isoformat() == (
        "2017-01-19T00:00:00+00:00"
    )


MOVED = replace(EIGHTEEN_F, folders=(Path("content/posts"), Path("_posts")))
"""The source as an operator has it who knows of both folders."""


def moved(index: SourceIndex, rev: str) -> list[tuple[Post, Post]]:
    """Return the posts that the commit ``rev`` touched, before and after it."""
    before = {post.id: post for post in at(index, f"{rev}~1").posts}
    after = {post.id: post for post in at(index, rev).posts}
    return [(before[one], after[one]) for one in before.keys() & after.keys()]


def test_moving_all_files_changes_no_id_and_no_address(open_corpus: OpenCorpus) -> None:
    """506 files renamed in one commit: *updated* moves only where words did."""
    pairs = moved(open_corpus(MOVED), "9ba5277")
    renamed = [(old, new) for old, new in pairs if old.path != new.path]
    assert len(renamed) == 506
    assert all(old.url == new.url for old, new in renamed)
    assert sum(old.updated != new.updated for old, new in renamed) <= 25


def test_mending_links_is_no_update(open_corpus: OpenCorpus) -> None:
    """Of 324 files with mended links, those whose words changed are updated."""
    pairs = moved(open_corpus(MOVED), "5f40894")
    assert sum(old.blob != new.blob for old, new in pairs) == 324
    assert sum(old.updated != new.updated for old, new in pairs) == 19


def test_an_emptied_branch_keeps_its_last_posts(open_corpus: OpenCorpus) -> None:
    """The folder of login.gov's feature branch is empty at its tip."""
    part = at(open_corpus(LOGIN), "editorial")
    assert part.posts
    assert "has none now" in part.failing


def test_a_replay_from_nothing_gives_the_same_ids(open_corpus: OpenCorpus) -> None:
    """Commit by commit or at once, with a cache or without: the same posts."""
    stepwise, at_once = open_corpus(LOGIN), open_corpus(LOGIN)
    line = [commit.id for commit in stepwise.repository.history(stepwise.repository.head())]
    parts = [stepwise.part(commit) for commit in line]
    assert parts[-1].posts == at_once.part(line[-1]).posts


@pytest.mark.parametrize("source", [USDS, LOGIN, EIGHTEEN_F], ids=lambda source: source.name)
def test_nothing_of_templates_and_no_relative_address_is_left(
    source: Source, open_corpus: OpenCorpus, workroom: Workroom
) -> None:
    """All posts of today, rendered."""
    index = open_corpus(source)
    for path, item in items(index, at(index), workroom).items():
        outside = corpora.outside_code(item.content)
        for tag in ("{{", "{%", "{{<"):
            assert tag not in outside, path
        assert corpora.relative_addresses(item.content) == [], path
