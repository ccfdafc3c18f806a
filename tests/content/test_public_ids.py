"""IDs by which readers know posts from the feed that a site had before."""

import pathlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from syndicate.content.source_index import SourceIndex
from syndicate.model.post import IdRule
from tests.content.conftest import OpenSource
from tests.content.sources import left_out
from tests.content_repository import ContentRepository
from tests.sites.written_site import post

CONFIG = "url: https://agency.gov\nbaseurl: /site\npermalink: /:year/:title.html\n"

OpenIndex = Callable[[IdRule], SourceIndex]


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return a repository with a Jekyll site."""
    content = ContentRepository.create(tmp_path / "content")
    content.commit({"_config.yml": CONFIG, "_posts/2024-05-06-one-day.md": post(title="A B")})
    return content


@pytest.fixture
def open_index(open_source: OpenSource) -> OpenIndex:
    """Return a function that opens the index of `content` by a rule for ids."""
    return lambda rule: open_source(replace(left_out(), ids=rule))


def ids(index: SourceIndex) -> dict[str, str]:
    """Return the id of each post at the head of the branch, by the name of its file."""
    posts = index.snapshot(index.repository.head()).posts
    return {each.path.rpartition("/")[2].removesuffix(".md"): each.id for each in posts}


def test_ids_are_tag_uris_urls_or_those_of_jekyll_feed(open_index: OpenIndex) -> None:
    """By the setting ``ids``; the tag URI, and with it the key, stays the same."""
    tag = open_index("tag").snapshot
    (before,) = tag(open_index("tag").repository.head()).posts
    assert before.id.startswith("tag:agency.gov,2024-01-01:")
    for rule, own_id in (
        ("url", "https://agency.gov/site/2024/one-day.html"),
        ("jekyll-feed", "https://agency.gov/site/2024/one-day"),
    ):
        index = open_index(rule)  # type: ignore[arg-type]
        (found,) = index.snapshot(index.repository.head()).posts
        assert (found.id, found.tag, found.key) == (own_id, before.id, before.key)


def test_id_of_jekyll_feed_is_the_slug_in_the_folder_of_the_url(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """As Jekyll makes ``page.id``: of the front matter's slug, else of the file name."""
    content.commit(
        {
            "_posts/2024-1-2-pretty.md": post(title="A", permalink="/news/other/"),
            "_posts/2024-01-03-slug.md": post(title="A", slug="my slug"),
            "_posts/2024-01-04-root.md": post(title="A", permalink="/x"),
        }
    )
    found = ids(open_index("jekyll-feed"))
    assert found["2024-1-2-pretty"] == "https://agency.gov/site/news/pretty"
    assert found["2024-01-03-slug"] == "https://agency.gov/site/2024/my%20slug"
    assert found["2024-01-04-root"] == "https://agency.gov/site/root"


@pytest.mark.parametrize("rule", ["url", "jekyll-feed"])
def test_invalid_permalink_of_one_post_does_not_stop_the_source(
    content: ContentRepository, open_index: OpenIndex, rule: IdRule
) -> None:
    """It counts as a path of the site."""
    content.commit(
        {
            "_posts/2024-01-02-invalid.md": post(title="A", permalink="https://[a/"),
            "_posts/2024-01-03-valid.md": post(title="B", permalink="/valid/"),
        }
    )
    found = ids(open_index(rule))
    assert found.keys() >= {"2024-01-02-invalid", "2024-01-03-valid"}


@pytest.mark.parametrize("rule", ["tag", "url"])
def test_guid_of_a_post_wins(
    content: ContentRepository, open_index: OpenIndex, rule: IdRule
) -> None:
    """On one line; one that is blank or endless does not count."""
    content.commit(
        {
            "_posts/2024-01-02-own.md": post(title="A", guid="https://agency.gov/?p=7"),
            "_posts/2024-01-03-number.md": post(title="A", guid=12345),
            "_posts/2024-01-04-long.md": post(title="A", guid="x" * 501),
            "_posts/2024-01-05-blank.md": post(title="A", guid=" "),
        }
    )
    found = ids(open_index(rule))
    assert found["2024-01-02-own"] == "https://agency.gov/?p=7"
    assert found["2024-01-03-number"] == "12345"
    assert found["2024-01-04-long"].startswith("tag:" if rule == "tag" else "https:")
    assert found["2024-01-05-blank"].startswith("tag:" if rule == "tag" else "https:")


def test_ids_survive_a_restart(open_index: OpenIndex) -> None:
    """From the stored snapshot as well as from git."""
    first = open_index("url")
    before = first.snapshot(first.repository.head())
    first.save()
    second = open_index("url")
    assert second.snapshot(second.repository.head()).posts == before.posts
