"""The JSON API: posts, categories and sources."""

from datetime import timedelta

import pytest

from syndicate.model.edition import Edition, Problem, UnavailableSource
from tests import samples
from tests.web.app_client import NAMED, POSTS, VOCABULARY, AppClient, SampleReader, app_client

PUBLIC = samples.SERVICE_INFO.public_url


@pytest.fixture(scope="module")
def here() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


@pytest.mark.parametrize(
    "query", ["", "?category=TTS", "?carousel=true", "?language=es&content=text", "?source=news"]
)
def test_posts_equal_the_items_of_the_feed(here: AppClient, query: str) -> None:
    """The same selection gives the same items in the same order."""
    posts = here.get(f"/v1/posts{query}")
    feed = here.get(f"/feeds/all.json{query}")

    assert posts.headers["content-type"] == "application/json"
    assert posts.json()["items"] == feed.json()["items"]
    assert posts.json()["next_url"] is None
    assert posts.headers["last-modified"] == feed.headers["last-modified"]


def test_pages_of_posts_contain_every_post_once(here: AppClient) -> None:
    """Following next_url, which is also in the Link header, ends with all posts in order."""
    url: str | None = f"{PUBLIC}/v1/posts?limit=2&carousel=false&x=1"
    ids: list[str] = []
    while url:
        answer = here.get(url.removeprefix(PUBLIC))
        page = answer.json()
        ids += [item["id"] for item in page["items"]]
        assert answer.link("next") == page["next_url"]
        assert answer.link("first") == f"{PUBLIC}/v1/posts?carousel=false&limit=2"
        url = page["next_url"]

    plain = [post for post in POSTS if not post.carousel]
    assert ids == [p.id for p in sorted(plain, key=lambda p: (p.published, p.id), reverse=True)]


def test_single_post_must_be_revalidated(here: AppClient) -> None:
    """With no-cache and an entity tag; links to its site and to its page."""
    post = POSTS[0]
    item = here.get("/v1/posts").json()["items"][2]
    path = f"/v1/posts/{item['id'].rpartition(':')[2]}"

    answer = here.get(path)

    assert answer.json() == item
    assert answer.headers["cache-control"] == "no-cache"
    assert item["_syndicate"]["self"] == PUBLIC + path
    assert answer.link("self") == PUBLIC + path
    assert answer.link("canonical") == item["url"]
    assert answer.link("alternate") == f"{PUBLIC}/posts/{path.rpartition('/')[2]}"
    assert here.get(path, if_none_match=answer.headers["etag"]).status_code == 304
    assert post.id in {i["id"] for i in here.get("/v1/posts").json()["items"]}


def test_categories_have_aliases_and_feeds(here: AppClient) -> None:
    """Every known one by slug, with its posts and the URLs of its feeds."""
    answer = here.get("/v1/categories")

    assert answer.json() == {
        "items": [
            {
                "slug": "technology",
                "title": "Technology",
                "aliases": [],
                "posts": 4,
                "feeds": {
                    "json": f"{PUBLIC}/feeds/technology.json",
                    "rss": f"{PUBLIC}/feeds/technology.rss",
                    "atom": f"{PUBLIC}/feeds/technology.atom",
                    "html": f"{PUBLIC}/feeds/technology",
                },
            },
            {
                "slug": "tts",
                "title": "Technology Transformation Services",
                "aliases": ["TTS", "Tech Transformation"],
                "posts": 2,
                "feeds": {
                    "json": f"{PUBLIC}/feeds/tts.json",
                    "rss": f"{PUBLIC}/feeds/tts.rss",
                    "atom": f"{PUBLIC}/feeds/tts.atom",
                    "html": f"{PUBLIC}/feeds/tts",
                },
            },
        ],
        "next_url": None,
    }


def failing() -> Edition:
    """Return an edition of a sound source, a failing one, and one that was never read."""
    return Edition.build(
        [
            samples.source_snapshot(samples.source("sound"), samples.post(source="sound")),
            samples.source_snapshot(
                samples.source("old"),
                error="/srv",
                error_code="folder-emptied",
                problems=(
                    Problem(level="error", rule="front-matter", source="old", message="broken"),
                    Problem(level="notice", rule="template", source="old", message="dropped"),
                ),
            ),
        ],
        unavailable=[UnavailableSource(source=samples.source("lost"), error="no \udcff")],
        at=samples.NOW + timedelta(hours=1),
        vocabulary=VOCABULARY,
        named_feeds=[NAMED],
    )


def test_sources_have_commit_counts_and_errors() -> None:
    """The commit served, counts of posts and problems, and the error."""
    answer = AppClient(reader=SampleReader(current=failing())).get("/v1/sources")

    rows = {row["name"]: row for row in answer.json()["items"]}
    assert list(rows) == ["lost", "old", "sound"]
    assert rows["sound"] == {
        "name": "sound",
        "title": "Example agency, sound",
        "site_url": "https://www.example.gov",
        "rights": "Public domain",
        "rights_url": "",
        "commit": samples.COMMIT,
        "committed": "2024-06-01T12:00:00Z",
        "posts": 1,
        "problems": 0,
        "failing": None,
        "feeds": {
            "json": f"{PUBLIC}/feeds/sound.json",
            "rss": f"{PUBLIC}/feeds/sound.rss",
            "atom": f"{PUBLIC}/feeds/sound.atom",
            "html": f"{PUBLIC}/feeds/sound",
        },
    }
    assert (rows["old"]["problems"], rows["old"]["failing"]) == (2, "folder-emptied")
    assert (rows["lost"]["commit"], rows["lost"]["committed"]) == (None, None)
    assert (rows["lost"]["posts"], rows["lost"]["problems"]) == (0, 0)
    assert rows["lost"]["failing"] == "source-failing"
    assert answer.headers["last-modified"] == "Sat, 01 Jun 2024 13:00:00 GMT"


def test_feed_of_a_source_that_was_never_read_gets_503() -> None:
    """The others are served."""
    here = AppClient(reader=SampleReader(current=failing()))

    assert here.get("/feeds/lost.json").status_code == 503
    assert here.get("/feeds/sound.json").status_code == 200
    assert here.get("/").status_code == 200
