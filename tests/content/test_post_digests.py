"""The digests of posts follow what the posts name, from commit to commit."""

import pytest

from tests.content.conftest import OpenIndex, file
from tests.content.test_source_index import FIRST, SECOND, at_head
from tests.content_repository import ContentRepository

THIRD = "news/2023-11-08-third.md"


@pytest.mark.slow
def test_links_are_followed_from_commit_to_commit(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Digests are those of a start with an empty cache, and of one from a stored index."""
    index = open_index()
    steps: list[dict[str, str | None]] = [
        {FIRST: file("First"), SECOND: file("Second", f"[a](/{FIRST}) [b](../about.md)")},
        {THIRD: file("Third", "[a](2023-11-06-first.md)")},
        {FIRST: file("First", permalink="/elsewhere")},
        {SECOND: file("Second", "No link.")},
        {FIRST: None},
        {"news/old/2023-11-06-first.md": file("First")},
        {SECOND: None},
        {FIRST: file("First", permalink="/last")},
    ]
    seen = set[str]()
    for number, files in enumerate(steps):
        content.commit(files)
        found = at_head(index)
        index.save()
        assert list(found.posts) == list(at_head(open_index(cache=f"cold{number}")).posts)
        assert list(found.posts) == list(at_head(open_index()).posts)
        seen |= {post.digests for post in found.posts if post.title == "Third"}
    assert len(seen) == 4


@pytest.mark.slow
def test_files_and_data_of_the_site_are_followed_from_commit_to_commit(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Digests are those of a start with an empty cache; other posts keep theirs."""
    first, second, third = (f"_posts/2024-05-0{day}-a.md" for day in (1, 2, 3))
    index = open_index(dialect="jekyll", folders=("_posts",))
    steps: list[dict[str, str | None]] = [
        {
            first: file("First", "[form]({% link assets/form.pdf %})"),
            second: file("Second", "{{ site.data.desk.name }} {{ site.email }}"),
            third: file("Third", "{{ page.title }}"),
        },
        {"assets/form.pdf": "x"},
        {"_data/desk.yml": "name: Press"},
        {"_data/desk.yml": "name: News"},
        {"_config.yml": "email: desk@agency.gov"},
        {"README.md": "x"},
        {"assets/form.pdf": None},
    ]
    seen: dict[str, set[str]] = {"First": set(), "Second": set(), "Third": set()}
    for number, files in enumerate(steps):
        content.commit(files)
        found = at_head(index)
        cold = open_index(dialect="jekyll", folders=("_posts",), cache=f"cold{number}")
        assert list(found.posts) == list(at_head(cold).posts)
        for post in found.posts:
            seen[post.title].add(post.digests)
    assert {title: len(digests) for title, digests in seen.items()} == {
        "First": 2,
        "Second": 4,
        "Third": 1,
    }


def test_served_files_are_followed_from_commit_to_commit(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Also those of posts that were stored; without them, nothing depends on files."""
    post = file("First", "![a](a.png)")
    content.commit({FIRST: post, SECOND: file("Second"), "news/a.png": b"\x89a"})
    index, linking = open_index(assets_url="https://feeds.gov/assets"), open_index(cache="linking")
    before, linked = at_head(index), at_head(linking)
    index.save()
    content.commit({"news/a.png": b"\x89b"})
    after = at_head(index)
    assert [
        post.digests == old.digests for post, old in zip(after.posts, before.posts, strict=True)
    ] == [
        False,
        True,
    ]
    assert list(at_head(open_index(assets_url="https://feeds.gov/assets")).posts) == list(
        after.posts
    )
    assert list(at_head(linking).posts) == list(linked.posts)


def test_post_that_gets_the_url_of_another_has_digests(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """As if it had been served before."""
    content.commit({FIRST: file("First", permalink="/a"), SECOND: file("Second", permalink="/a")})
    index = open_index()
    at_head(index)
    index.save()
    content.commit({FIRST: None})
    (second,) = at_head(index).posts
    assert second.digests
    assert list(at_head(open_index()).posts) == [second]
