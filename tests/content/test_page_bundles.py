"""Leaf bundles of Hugo: the page is a post, all other files of its folder are resources.

What is expected here was built with Hugo 0.168.
"""

import random

import pytest

from syndicate.content.source_index import SourceIndex
from syndicate.model.edition import SourceSnapshot
from tests.content.conftest import OpenIndex, file
from tests.content_repository import ContentRepository

PAGE = "content/blog/b/index.md"
NOTES = "content/blog/b/notes.md"


@pytest.fixture
def index(open_index: OpenIndex) -> SourceIndex:
    """Return the index of the folder ``content`` of a Hugo site."""
    return open_index(folders=("content",), dialect="hugo")


def at_head(index: SourceIndex) -> SourceSnapshot:
    """Return the snapshot of ``index`` at the head of its branch."""
    return index.snapshot(index.repository.head())


def paths(snapshot: SourceSnapshot) -> set[str]:
    """Return the paths of the posts of the snapshot."""
    return {post.path for post in snapshot.posts}


@pytest.mark.parametrize(
    ("page", "resource"),
    [
        (PAGE, NOTES),
        (PAGE, "content/blog/b/sub/deep.md"),
        (PAGE, "content/blog/b/sub/index.md"),
        (PAGE, "content/blog/b/page.html"),
        (PAGE, "content/blog/b/notes.es.md"),
        ("content/blog/b/index.html", NOTES),
        ("content/blog/b/index.markdown", NOTES),
        ("content/blog/b/index.es.md", NOTES),
        ("content/blog/b/INDEX.md", NOTES),
        ("content/index.md", NOTES),
    ],
)
def test_other_files_of_a_leaf_bundle_are_hidden_as_resources(
    content: ContentRepository, index: SourceIndex, page: str, resource: str
) -> None:
    """The reason names the folder."""
    content.commit({page: file("Page"), resource: file("Resource")})
    snapshot = at_head(index)
    assert paths(snapshot) == {page}
    reasons = {hidden.path: hidden.reason for hidden in snapshot.hidden}
    assert reasons == {resource: f"a resource of the page bundle {page.rpartition('/')[0]}"}


@pytest.mark.parametrize(
    "path",
    [
        "content/blog/b/_index.md",
        "content/blog/b/index.png",
        "content/blog/c/index.md",
        "content/blog/b/reindex.md",
        "content/blog/b/index.foo.md",
    ],
)
def test_files_in_the_folder_of_another_page_are_posts(
    content: ContentRepository, index: SourceIndex, path: str
) -> None:
    """Branch bundles, bundles of other folders, and similar names have no effect."""
    content.commit({path: file("Other"), NOTES: file("Notes")})
    assert NOTES in paths(at_head(index))


def test_translations_of_a_bundle_page_are_all_posts(
    content: ContentRepository, index: SourceIndex
) -> None:
    """The folder is a bundle as long as one of them exists."""
    spanish = "content/blog/b/index.es.md"
    content.commit({PAGE: file("Page"), spanish: file("Page"), NOTES: file("Notes")})
    assert paths(at_head(index)) == {PAGE, spanish}
    content.commit({PAGE: None})
    assert paths(at_head(index)) == {spanish}
    content.commit({spanish: None})
    assert paths(at_head(index)) == {NOTES}


def test_index_in_the_root_of_the_repository_is_not_a_bundle(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """The content of a Hugo site is never the root of the repository."""
    index = open_index(folders=(".",), dialect="hugo")
    content.commit({"index.md": file("Root"), NOTES: file("Notes")})
    assert paths(at_head(index)) == {"index.md", NOTES}


@pytest.mark.parametrize("dialect", ["jekyll", "news-and-blog", "program-updates"])
def test_other_dialects_have_no_bundles(
    content: ContentRepository, open_index: OpenIndex, dialect: str
) -> None:
    """An index page is an ordinary page of its folder."""
    content.commit({PAGE: file("Page"), NOTES: file("Notes")})
    assert paths(at_head(open_index(folders=("content",), dialect=dialect))) == {PAGE, NOTES}


@pytest.mark.slow
def test_incremental_bundles_equal_full_bundles(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Unchanged files become resources, and posts again, with the page of their folder."""
    chance = random.Random(1)  # noqa: S311 — dice
    folders = ["content/a", "content/a/b", "content/a/b/c", "content/d"]
    names = ["index.md", "index.es.md", "x.md", "y.md"]
    content.commit({"content/z.md": file("Z")})
    incremental = open_index(folders=("content",), dialect="hugo")
    for number in range(25):
        path = f"{chance.choice(folders)}/{chance.choice(names)}"
        there = path in {file.path for file in at_head(incremental).hidden} | paths(
            at_head(incremental)
        )
        content.commit({path: None if there else file(f"Number {number}")})
        assert at_head(incremental) == at_head(
            open_index(folders=("content",), dialect="hugo", cache=f"cache-{number}")
        )
        if number % 5 == 0:
            incremental.save()
            incremental = open_index(folders=("content",), dialect="hugo")
