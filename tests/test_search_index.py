"""The full-text index: what it finds, how it changes, and what becomes of its file."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from syndicate.errors import NotReady
from syndicate.model.post import BlobId, Post, PostId
from syndicate.model.search import Excerpt, SearchTerms
from syndicate.search_index import SearchableText, SearchIndex
from tests import samples

DESIGN = samples.post("news/2024-01-01-a.md", title="Designing the “web” form")
CAFE = samples.post("news/2024-01-02-b.md", title="A café in Boston")
PLAIN = samples.post("news/2024-01-03-c.md", title="An update")
TEXTS = (
    SearchableText(DESIGN, "Civic technology for everyone. \x02Marks\x03 are no matches."),
    SearchableText(CAFE, "Technology that is civic; it's open."),
    SearchableText(PLAIN, ""),
)
POSTS = [post for post, _ in TEXTS]


@pytest.fixture
def index(tmp_path: Path) -> SearchIndex:
    """Return an index of three posts."""
    index = SearchIndex(tmp_path / "cache")
    index.put(TEXTS)
    return index


def found(index: SearchIndex, text: str) -> set[Post]:
    """Return the posts that ``text`` finds."""
    terms = SearchTerms.parse(text)
    assert terms
    return {*index.find(terms, POSTS)}


@pytest.mark.parametrize(
    ("text", "posts"),
    [
        ("civic", {DESIGN, CAFE}),
        ("CIVIC boston", {CAFE}),
        ('"civic technology"', {DESIGN}),
        ("cafe", {CAFE}),
        ("technologies", {DESIGN, CAFE}),
        ("design", {DESIGN}),
        ("tech", {DESIGN, CAFE}),
        ("te", set()),
        ("update", {PLAIN}),
        ("title:boston OR civic NOT x", set()),
        ("it's", {CAFE}),
        ("web* (form) ^x", set()),
        ("nothing", set()),
        ("!", set()),
    ],
)
def test_all_words_are_found_in_title_or_text(
    index: SearchIndex, text: str, posts: set[Post]
) -> None:
    """In any case, without accents, with other endings; operators of the engine are words."""
    assert found(index, text) == posts


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    """Return an index of the same posts for a property."""
    index = SearchIndex(tmp_path_factory.mktemp("cache"))
    index.put(TEXTS)
    yield index
    index.close()


@given(text=st.text(max_size=40))
def test_any_text_can_be_searched_for(shared_index: SearchIndex, text: str) -> None:
    """Nothing that people write is an error of the engine."""
    terms = SearchTerms.parse(text)
    if terms is not None:
        ids = {post.id for post in shared_index.find(terms, POSTS)}
        assert shared_index.excerpts(terms, ids).keys() == ids


def test_excerpts_mark_the_matches(index: SearchIndex) -> None:
    """In title and text; marks in a text are no matches."""
    terms = SearchTerms.parse("design marks")
    assert terms

    assert index.excerpts(terms, [DESIGN.id, CAFE.id, samples.post("other.md").id]) == {
        DESIGN.id: Excerpt(
            title=(("Designing", True), (" the “web” form", False)),
            text=(
                ("Civic technology for everyone. ", False),
                ("Marks", True),
                (" are no matches.", False),
            ),
        )
    }
    nothing = SearchTerms.parse("!")
    assert nothing
    assert index.excerpts(nothing, [DESIGN.id]) == {}
    assert index.excerpts(terms, []) == {}


def test_post_that_is_removed_between_lookups_has_an_excerpt(index: SearchIndex) -> None:
    """That of the text before; another thread changes the index."""

    class RemovedAfterLookup(str):
        """An id, the second lookup of which empties the index."""

        __slots__ = ()

        @override
        def __hash__(self) -> int:
            if lookups:
                index.retain_only([])
            lookups.append(self)
            return super().__hash__()

    lookups: list[str] = []
    terms = SearchTerms.parse("civic")
    assert terms

    excerpts = index.excerpts(terms, [PostId(RemovedAfterLookup(DESIGN.id))])

    assert [*excerpts] == [DESIGN.id]


def test_excerpts_that_fail_are_not_ready(index: SearchIndex) -> None:
    """As a search that fails."""
    with pytest.raises(NotReady):
        index.excerpts(SearchTerms(text="nul", words=("nul\0",)), [DESIGN.id])


def test_posts_are_found_in_their_order_and_among_the_given_ones(index: SearchIndex) -> None:
    """Whatever was searched before, and without those that are not indexed."""
    terms = SearchTerms.parse("civic civic")
    assert terms

    assert index.find(terms, (CAFE, PLAIN, DESIGN)) == (CAFE, DESIGN)
    assert index.find(terms, [DESIGN, samples.post("other.md"), CAFE]) == (DESIGN, CAFE)
    assert index.find(terms, [DESIGN]) == (DESIGN,)
    everything = (PLAIN, CAFE, DESIGN)
    index.prepare(everything)
    assert index.find(terms, everything) == (CAFE, DESIGN)
    index.put([SearchableText(PLAIN, "Civic"), SearchableText(DESIGN, "")])
    assert index.find(terms, everything) == (PLAIN, CAFE)


def test_only_what_changed_is_outdated(index: SearchIndex) -> None:
    """By blob and title."""
    edited = replace(DESIGN, blob=BlobId("e" * 40))
    renamed = replace(CAFE, title="A bar in Boston")
    new = samples.post("news/new.md")

    assert index.outdated([new, edited, renamed, PLAIN]) == [new, edited, renamed]
    index.put([SearchableText(renamed, "Beer")])
    assert index.outdated([renamed]) == []
    assert (found(index, "cafe"), len(found(index, "update"))) == (set(), 1)
    assert index.find(SearchTerms(text="beer", words=("beer",)), [renamed, PLAIN]) == (renamed,)


def test_removed_posts_are_not_found(index: SearchIndex) -> None:
    """The others still are."""
    index.retain_only([CAFE, PLAIN])

    assert found(index, "civic") == {CAFE}
    index.retain_only([CAFE, PLAIN])
    assert index.outdated([DESIGN]) == [DESIGN]


def test_file_is_private_and_removed_at_the_end(index: SearchIndex, tmp_path: Path) -> None:
    """A closed index is empty, and can be filled again."""
    (file,) = (tmp_path / "cache").glob("search-*.db")
    assert file.stat().st_mode & 0o077 == 0

    index.close()
    assert not file.exists()
    assert found(index, "civic") == set()
    index.put(TEXTS)
    assert found(index, "civic") == {DESIGN, CAFE}
    index.close()


def test_files_of_killed_processes_are_removed(index: SearchIndex, tmp_path: Path) -> None:
    """Those of living ones are not."""
    code = (
        "import os, pathlib; from syndicate.search_index import SearchIndex, SearchableText;"
        "from tests import samples; index = SearchIndex(pathlib.Path('cache'));"
        "index.put([SearchableText(samples.post(), 'x')]); os._exit(9)"
    )
    source = Path(__file__).parents[1]
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{source / 'src'}:{source}"},
        check=False,
        timeout=60,
    )
    folder = tmp_path / "cache"
    assert len(list(folder.glob("search-*.db"))) == 2

    other = SearchIndex(folder)
    other.put(TEXTS[:1])

    assert len(list(folder.glob("search-*.db"))) == 2
    assert found(index, "civic") == {DESIGN, CAFE}
    other.close()
    index.close()


def test_damaged_file_is_replaced(index: SearchIndex, tmp_path: Path) -> None:
    """The next posts are indexed in a new one."""
    (file,) = (tmp_path / "cache").glob("search-*.db")
    with sqlite3.connect(file) as other:
        other.execute("DROP TABLE posts")
    other.close()

    with pytest.raises(NotReady, match="the search index is not available"):
        found(index, "civic")
    assert found(index, "civic") == set()
    index.put(TEXTS)
    assert found(index, "civic") == {DESIGN, CAFE}
    index.close()


def test_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """As an index that is not available."""
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(NotReady):
        SearchIndex(tmp_path / "cache").put(TEXTS)
