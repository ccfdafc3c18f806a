"""Feeds over HTTP: names, spellings, filters and header fields."""

import json
from email.utils import parsedate_to_datetime

import pytest

from syndicate.feeds.formats import FORMATS
from tests import samples
from tests.web.app_client import NAMED, POSTS, AppClient, app_client

PUBLIC = samples.SERVICE_INFO.public_url


@pytest.fixture(scope="module")
def here() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


def titles(here: AppClient, path: str) -> list[str]:
    """Return the titles of the JSON feed at ``path``."""
    answer = here.get(path)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "name", ["all", "carousel", NAMED.name, "news", "updates", "technology", "tts"]
)
def test_every_feed_is_served_in_every_format(here: AppClient, name: str, suffix: str) -> None:
    """With its exact media type, its bytes and its caching."""
    answer = here.get(f"/feeds/{name}.{suffix}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == FORMATS[suffix].media_type
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == (
        "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400"
    )
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


def test_feed_has_the_posts_of_its_selection(here: AppClient) -> None:
    """In its order."""
    assert len(titles(here, "/feeds/all.json")) == len(POSTS)
    assert titles(here, "/feeds/carousel.json") == ["2024 03 01 featured"]
    assert titles(here, "/feeds/updates.json") == ["2024 02 10 una entrada"]
    assert titles(here, "/feeds/tts.json") == ["2024 03 01 featured", "2024 02 10 una entrada"]
    assert titles(here, "/feeds/tech-carousel.json") == ["2024 03 01 featured"]


@pytest.mark.parametrize(
    "query",
    [
        "category=Technology%20Transformation%20Services",
        "category=TTS",
        "category=tech+transformation",
        "category=tts&category=TTS",
        "category=tts&utm_source=news&fbclid=x",
        "limit=50&source=&carousel=&category=tts",
    ],
)
def test_all_spellings_of_a_query_get_one_response(here: AppClient, query: str) -> None:
    """The same bytes, tag and links as the canonical spelling."""
    plain = here.get("/feeds/all.json?category=tts")

    answer = here.get(f"/feeds/all.json?{query}")

    assert answer.content == plain.content
    assert answer.headers == plain.headers
    assert f"<{PUBLIC}/feeds/all.json?category=tts>" in answer.headers["link"]


def test_order_of_parameters_does_not_matter(here: AppClient) -> None:
    """For the bytes and the self link."""
    one = here.get("/feeds/all.atom?source=news&limit=2&carousel=false")
    two = here.get("/feeds/all.atom?carousel=false&source=news&limit=2")

    assert one.content == two.content
    assert one.headers == two.headers


@pytest.mark.parametrize("suffix", ["", *(f".{name}" for name in FORMATS)])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("TTS", "tts"),
        ("Technology%20Transformation%20Services", "tts"),
        ("tech-transformation", "tts"),
        ("Technology", "technology"),
        ("ALL", "all"),
        ("News", "news"),
    ],
)
def test_other_spelling_of_a_name_is_redirected(
    here: AppClient, written: str, meant: str, suffix: str
) -> None:
    """308 to the slug below the public URL, in the same format, with the query as sent."""
    answer = here.get(f"/feeds/{written}{suffix}?limit=2&utm_source=x%20y")

    assert answer.status_code == 308
    assert answer.headers["location"] == (
        f"{PUBLIC}/feeds/{meant}{suffix}?limit=2&utm_source=x%20y"
    )
    assert answer.headers["cache-control"].startswith("public, max-age=300")


def test_unknown_feed_gets_404_with_known_names(here: AppClient) -> None:
    """Not cacheable."""
    answer = here.get("/feeds/nothing.json")

    assert answer.status_code == 404
    problem = answer.json()
    assert problem["code"] == "unknown-feed"
    assert problem["known"] == [
        *("all", "carousel", "tech-carousel", "news", "updates", "technology", "tts"),
    ]
    assert answer.headers["cache-control"] == "no-store"


def test_unknown_format_gets_404_with_known_formats(here: AppClient) -> None:
    """Where the name of the feed is known."""
    answer = here.get("/feeds/tts.xml")

    assert answer.status_code == 404
    problem = answer.json()
    assert (problem["code"], problem["known"]) == ("unknown-format", ["json", "rss", "atom"])
    assert "tts.json" in problem["hint"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("categories=tts", "wrong-parameter"),
        ("category=nothing", "unknown-category"),
        ("source=nothing", "unknown-source"),
        ("limit=0", "malformed-parameter"),
        ("after=x", "malformed-cursor"),
    ],
)
@pytest.mark.parametrize("path", ["/feeds/all.json", "/feeds/all", "/v1/posts"])
def test_invalid_query_gets_400_with_valid_values(
    here: AppClient, path: str, query: str, code: str
) -> None:
    """For feeds, pages and API alike."""
    answer = here.get(f"{path}?{query}")

    assert answer.status_code == 400
    assert answer.json()["code"] == code


def test_shadowed_category_is_reachable_by_query() -> None:
    """Its alias redirects to the query, not to the feed that has the name."""
    shadowing = samples.post("tts/2024-01-01-a.md", source="tts", categories=(samples.TECHNOLOGY,))
    here = app_client(shadowing, *POSTS)

    answer = here.get("/feeds/tech-transformation.rss?limit=3")

    assert answer.status_code == 308
    assert answer.headers["location"] == f"{PUBLIC}/feeds/all.rss?category=tts&limit=3"
    assert titles(here, "/feeds/tts.json") == [shadowing.title]


@pytest.mark.parametrize("suffix", FORMATS)
def test_next_links_lead_through_all_posts(here: AppClient, suffix: str) -> None:
    """Each post is there once."""
    following: str | None = f"{PUBLIC}/feeds/all.{suffix}?limit=2"
    seen = []
    while following:
        answer = here.get(following.removeprefix(PUBLIC))
        seen.append(answer.content)
        following = answer.link("next")

    assert len(seen) == 3
    for post in POSTS:
        assert sum(page.count(f"{post.id}".encode()) for page in seen) >= 1


def test_link_field_has_page_and_other_formats(here: AppClient) -> None:
    """Self, canonical, the HTML page and the other formats, with the same query."""
    answer = here.get("/feeds/tts.rss?language=es")

    links = answer.headers["link"]
    for relation in (
        f'<{PUBLIC}/feeds/tts.rss?language=es>; rel="self"; type="application/rss+xml"',
        f'<{PUBLIC}/feeds/tts.rss?language=es>; rel="canonical"',
        f'<{PUBLIC}/feeds/tts?language=es>; rel="alternate"; type="text/html"',
        f'<{PUBLIC}/feeds/tts.json?language=es>; rel="alternate"; type="application/feed+json"',
        f'<{PUBLIC}/feeds/tts.atom?language=es>; rel="alternate"; type="application/atom+xml"',
    ):
        assert relation in links
    assert 'rel="next"' not in links


@pytest.mark.parametrize("path", ["/feeds/all.json", "/feeds/all.rss", "/feeds/all", "/", "/opml"])
def test_urls_do_not_depend_on_the_host_header(here: AppClient, path: str) -> None:
    """A reader that uses an internal host name is not redirected to it."""
    answer = here.request(
        "GET", path, {"host": "inner.example:8080", "x-forwarded-host": "evil.example"}
    )

    said = answer.text + str(answer.headers)
    assert "inner.example" not in said
    assert "evil.example" not in said
    assert "elsewhere.example" not in said


def test_a_im_header_is_ignored(here: AppClient) -> None:
    """A response 226 breaks a feed reader."""
    plain = here.get("/feeds/all.rss")

    answer = here.request("GET", "/feeds/all.rss", {"A-IM": "feed", "If-None-Match": '"old"'})

    assert answer.status_code == 200
    assert answer.content == plain.content


def test_last_modified_is_the_date_of_the_content(here: AppClient) -> None:
    """Never the time of the request."""
    answer = here.get("/feeds/all.json")

    assert parsedate_to_datetime(answer.headers["last-modified"]) == samples.NOW


def test_empty_feed_gets_200() -> None:
    """Where its name is known."""
    here = app_client(samples.post(carousel=False))

    assert json.loads(here.get("/feeds/carousel.json").content)["items"] == []
