"""Rendered posts in memory: what they show may change while an edition is still served."""

import pathlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from syndicate.cache import Cache
from syndicate.content.post_renderer import PostRenderer
from syndicate.content.source_index import SourceIndex
from syndicate.model.edition import Edition
from syndicate.model.post_list import PostList
from tests import samples
from tests.content.conftest import OpenIndex, file
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool

POST = "news/2023-11-06-first.md"
SECOND = "news/2023-11-07-second.md"
ASSETS = "https://feeds.example.gov/assets"


@pytest.fixture
def index(open_index: OpenIndex) -> SourceIndex:
    """Return the index of posts whose images this service serves."""
    return open_index(assets_url=ASSETS)


@pytest.fixture
def renderer(index: SourceIndex, tmp_path: pathlib.Path) -> Iterator[PostRenderer]:
    """Return the renderer of the posts of `index`."""
    cache = Cache(tmp_path / "items.db")
    yield PostRenderer({"news": index}, cache=cache, pool=render_pool())
    cache.close()


def edition_at_head(index: SourceIndex) -> Edition:
    """Return the edition of the head of the branch, which `index` has read then."""
    return Edition.build([index.snapshot(index.repository.head())], at=samples.NOW)


def content_of_only_post(renderer: PostRenderer, edition: Edition) -> str:
    """Return the HTML of the only post of ``edition``."""
    (rendered,) = renderer.render(edition.posts, edition)
    return rendered.content


def test_previous_edition_links_a_page_that_the_next_commit_adds(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """The post of that edition is the same, but the site that it refers to is not."""
    content.commit({POST: file(words="[form]({% link pages/form.pdf %})")})
    previous = edition_at_head(index)
    assert "href" not in content_of_only_post(renderer, previous)

    content.commit({"pages/form.pdf": "x"})
    edition_at_head(index)

    url = "https://www.example.gov/pages/form.pdf"
    assert f'href="{url}"' in content_of_only_post(renderer, previous)


def test_previous_edition_shows_an_image_that_the_next_commit_replaces(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """The URL of a served image contains its blob, of which the service has the new one."""
    content.commit({POST: file(words="![A lake](lake.png)"), "news/lake.png": b"1"})
    previous = edition_at_head(index)
    old_blob = content.git("rev-parse", "main:news/lake.png")
    assert f"{ASSETS}/news/lake.png?v={old_blob}" in content_of_only_post(renderer, previous)

    content.commit({"news/lake.png": b"22"})
    edition_at_head(index)

    new_blob = content.git("rev-parse", "main:news/lake.png")
    assert f"{ASSETS}/news/lake.png?v={new_blob}" in content_of_only_post(renderer, previous)


def test_link_follows_its_target_although_the_linking_post_is_equal(
    content: ContentRepository, index: SourceIndex, renderer: PostRenderer
) -> None:
    """The renderer compares the URLs itself, and trusts no digest of the post that names them."""
    content.commit({POST: file(words="[next](2023-11-07-second.md)"), SECOND: file()})
    edition = edition_at_head(index)
    second, first = edition.posts
    (rendered,) = renderer.render([first], edition)
    assert 'href="https://www.example.gov/news/2023-11-07-second"' in rendered.content

    moved = replace(second, url="https://www.example.gov/moved")
    snapshot = replace(edition.snapshot("news"), posts=PostList.from_posts([first, moved]))
    (rendered,) = renderer.render([first], Edition.build([snapshot], at=samples.NOW))

    assert 'href="https://www.example.gov/moved"' in rendered.content
