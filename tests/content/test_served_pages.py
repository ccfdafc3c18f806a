"""Posts that leave feeds because another one takes their URL."""

import pytest

from syndicate.content.source_index import SourceIndex
from tests.content.conftest import OpenIndex, file
from tests.content.feed_dates import DAY, feed_dates
from tests.content_repository import FIRST_COMMIT_AT, ContentRepository

SITE = "url: https://www.example.gov\n"


def post_at(url: str, *, published: str, tag: str) -> str:
    """Return a post with a permalink and one category."""
    return file(date=published, tags=f"[{tag}]", permalink=url)


TAKEOVERS: dict[str, list[dict[str, str | None]]] = {
    "the first post moves there": [
        {"news/a.md": post_at("/a/", published="2019-01-01", tag="a")},
        {"news/b.md": post_at("/x/", published="2020-01-01", tag="b")},
        {"news/a.md": post_at("/x/", published="2019-01-01", tag="a")},
    ],
    "the date of the first post is changed": [
        {"news/a.md": post_at("/x/", published="2019-01-01", tag="a")},
        {"news/b.md": post_at("/x/", published="2018-01-01", tag="b")},
        {"news/b.md": post_at("/x/", published="2020-01-01", tag="b")},
    ],
    "the post moves to the URL of another": [
        {"news/a.md": post_at("/x/", published="2019-01-01", tag="a")},
        {"news/b.md": post_at("/b/", published="2020-01-01", tag="b")},
        {"news/b.md": post_at("/x/", published="2020-01-01", tag="b")},
    ],
    "an earlier post is added": [
        {"news/always.md": file()},
        {"news/b.md": post_at("/x/", published="2020-01-01", tag="b")},
        {"news/a.md": post_at("/x/", published="2019-01-01", tag="a")},
    ],
    "its draft was published there": [
        {"news/a.md": file(date="2019-01-01", permalink="/x/", draft="true")},
        {"news/b.md": post_at("/x/", published="2020-01-01", tag="b")},
        {"news/a.md": post_at("/x/", published="2019-01-01", tag="a")},
    ],
    "both change their URLs in one commit": [
        {"news/a.md": post_at("/a/", published="2019-01-01", tag="a")},
        {"news/b.md": post_at("/b/", published="2020-01-01", tag="b")},
        {
            "news/a.md": post_at("/x/", published="2019-01-01", tag="a"),
            "news/b.md": post_at("/x/", published="2020-01-01", tag="b"),
        },
    ],
}


@pytest.mark.parametrize("commits", TAKEOVERS.values(), ids=TAKEOVERS)
def test_post_whose_url_another_takes_leaves_its_feeds(
    content: ContentRepository, index: SourceIndex, commits: list[dict[str, str | None]]
) -> None:
    """At the time of the commit, which need not change its file; a later one may restore it."""
    days = [FIRST_COMMIT_AT + number * DAY for number in range(5)]
    for at, commit in zip(days, commits, strict=False):
        content.commit(commit, committed=at)
    assert index.snapshot(index.repository.head()).posts
    assert feed_dates(index, days[4])["category=b"][0] == days[2]
    content.commit({"news/a.md": None}, committed=days[3])
    dates = feed_dates(index, days[4])
    assert dates["category=b"][0] == days[2]
    assert dates[""][0] == days[3]


def test_posts_that_exchange_their_urls_leave_no_feed(
    content: ContentRepository, index: SourceIndex
) -> None:
    """What one commit does counts as a whole."""
    first = post_at("/x/", published="2019-01-01", tag="a")
    second = post_at("/y/", published="2020-01-01", tag="b")
    content.commit({"news/a.md": first, "news/b.md": second})
    content.commit(
        {"news/a.md": first.replace("/x/", "/y/"), "news/b.md": second.replace("/y/", "/x/")},
        committed=FIRST_COMMIT_AT + DAY,
    )
    assert index.snapshot(index.repository.head()).departures == ()


def test_pattern_of_urls_that_hides_posts_moves_their_feeds(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """No page changes, but two of them have the same URL."""
    content.commit(
        {
            "_config.yml": SITE,
            "_posts/2020-01-01-a.md": file(tags="[a]"),
            "_posts/2020-01-02-b.md": file(tags="[b]"),
        }
    )
    pattern = {"_config.yml": f"{SITE}permalink: /:year/\n"}
    content.commit(pattern, committed=FIRST_COMMIT_AT + DAY)
    index = open_index(folders=("_posts",), dialect="jekyll", permalink="")
    dates = feed_dates(index, FIRST_COMMIT_AT + 2 * DAY)
    assert dates["category=a"][0] == FIRST_COMMIT_AT
    assert dates["category=b"][0] == FIRST_COMMIT_AT + DAY


def test_many_posts_with_one_url_take_little_time(
    content: ContentRepository, index: SourceIndex
) -> None:
    """Only the first published of them is served, before and after it is removed."""
    posts = {
        f"news/{number}.md": post_at("/x/", published=f"2020-01-01 00:00:{number:02}", tag="a")
        for number in range(60)
    }
    content.commit({"news/always.md": file(date="2019-01-01"), **posts})
    for number in range(3):
        content.commit({f"news/{number}.md": None}, committed=FIRST_COMMIT_AT + number * DAY)
        paths = {post.path for post in index.snapshot(index.repository.head()).posts}
        assert paths == {"news/always.md", f"news/{number + 1}.md"}
    dates = feed_dates(index, FIRST_COMMIT_AT + 3 * DAY)
    assert dates["category=a"][0] == FIRST_COMMIT_AT + 2 * DAY


def test_first_page_of_a_language_is_noticed(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """A site of Hugo without configuration has the languages in the names of its pages."""
    content.commit({"content/a.md": file(date="2020-01-01")})
    content.commit({"content/b.es.md": file(date="2020-01-02", tags="[b]")})
    content.commit(
        {"content/c.es.md": file(date="2020-01-01", slug="b")}, committed=FIRST_COMMIT_AT + DAY
    )
    index = open_index(folders=("content",), dialect="hugo", permalink="")
    snapshot = index.snapshot(index.repository.head())
    assert {post.url for post in snapshot.posts} == {
        "https://www.example.gov/a/",
        "https://www.example.gov/es/b/",
    }
    dates = feed_dates(index, FIRST_COMMIT_AT + 2 * DAY)
    assert dates["category=b"][0] == FIRST_COMMIT_AT + DAY
