"""The JSON API: posts, categories and sources."""

from datetime import timedelta

import pytest

from syndicate.model.edition import Edition, Problem, UnavailableSource
from tests import samples
from tests.web.app_client import NAMED, POSTS, VOCABULARY, AppClient, SampleReader, app_client

PUBLIC = samples.SERVICE_INFO.public_url


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


@pytest.mark.parametrize(
    "query", ["", "?category=TTS", "?carousel=true", "?language=es&content=text", "?source=news"]
)
def test_posts_equal_the_items_of_the_feed(client: AppClient, query: str) -> None:
    """The same selection gives the same items in the same order."""
    posts = client.get(f"/v1/posts{query}")
    feed = client.get(f"/feeds/all.json{query}")

    assert posts.headers["content-type"] == "application/json"
    assert posts.json()["items"] == feed.json()["items"]
    assert posts.json()["next_url"] is None
    assert posts.headers["last-modified"] == feed.headers["last-modified"]


def test_pages_of_posts_contain_every_post_once(client: AppClient) -> None:
    """Following next_url, which is also in the Link header, ends with all posts in order."""
    url: str | None = f"{PUBLIC}/v1/posts?limit=2&carousel=false&x=1"
    ids: list[str] = []
    while url:
        response = client.get(url.removeprefix(PUBLIC))
        page = response.json()
        ids += [item["id"] for item in page["items"]]
        assert response.link("next") == page["next_url"]
        assert response.link("first") == f"{PUBLIC}/v1/posts?carousel=false&limit=2"
        url = page["next_url"]

    plain = [post for post in POSTS if not post.carousel]
    assert ids == [p.id for p in sorted(plain, key=lambda p: (p.published, p.id), reverse=True)]


def test_single_post_must_be_revalidated(client: AppClient) -> None:
    """With no-cache and an entity tag; links to its site and to its page."""
    post = POSTS[0]
    item = client.get("/v1/posts").json()["items"][2]
    path = f"/v1/posts/{item['id'].rpartition(':')[2]}"

    response = client.get(path)

    assert response.json() == item
    assert response.headers["cache-control"] == "no-cache"
    assert item["_syndicate"]["self"] == PUBLIC + path
    assert response.link("self") == PUBLIC + path
    assert response.link("canonical") == item["url"]
    assert response.link("alternate") == f"{PUBLIC}/posts/{path.rpartition('/')[2]}"
    assert client.get(path, if_none_match=response.headers["etag"]).status_code == 304
    assert post.id in {i["id"] for i in client.get("/v1/posts").json()["items"]}


def test_categories_have_aliases_and_feeds(client: AppClient) -> None:
    """Every known one by slug, with its posts and the URLs of its feeds."""
    response = client.get("/v1/categories")

    assert response.json() == {
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
    response = AppClient(reader=SampleReader(current=failing())).get("/v1/sources")

    rows = {row["name"]: row for row in response.json()["items"]}
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
    assert response.headers["last-modified"] == "Sat, 01 Jun 2024 13:00:00 GMT"


def test_feed_of_a_source_that_was_never_read_gets_503() -> None:
    """The others are served."""
    client = AppClient(reader=SampleReader(current=failing()))

    assert client.get("/feeds/lost.json").status_code == 503
    assert client.get("/feeds/sound.json").status_code == 200
    assert client.get("/").status_code == 200
