"""Feeds over HTTP: names, spellings, filters and header fields."""

import json
from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest

from syndicate.feeds.formats import FORMATS
from tests import samples
from tests.web.app_client import NAMED, POSTS, AppClient, SampleReader, app_client

PUBLIC = samples.SERVICE_INFO.public_url


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


def titles(client: AppClient, path: str) -> list[str]:
    """Return the titles of the JSON feed at ``path``."""
    response = client.get(path)
    assert response.status_code == 200, response.text
    return [item["title"] for item in response.json()["items"]]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "name", ["all", "carousel", NAMED.name, "news", "updates", "technology", "tts"]
)
def test_every_feed_is_served_in_every_format(client: AppClient, name: str, suffix: str) -> None:
    """With its exact media type, its bytes and its caching."""
    response = client.get(f"/feeds/{name}.{suffix}")

    assert response.status_code == 200
    assert response.headers["content-type"] == FORMATS[suffix].media_type
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["cache-control"] == (
        "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400"
    )
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in response.headers


def test_feed_has_the_posts_of_its_selection(client: AppClient) -> None:
    """In its order."""
    assert len(titles(client, "/feeds/all.json")) == len(POSTS)
    assert titles(client, "/feeds/carousel.json") == ["2024 03 01 featured"]
    assert titles(client, "/feeds/updates.json") == ["2024 02 10 una entrada"]
    assert titles(client, "/feeds/tts.json") == ["2024 03 01 featured", "2024 02 10 una entrada"]
    assert titles(client, "/feeds/tech-carousel.json") == ["2024 03 01 featured"]


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
def test_all_spellings_of_a_query_get_one_response(client: AppClient, query: str) -> None:
    """The same bytes, tag and links as the canonical spelling."""
    plain = client.get("/feeds/all.json?category=tts")

    response = client.get(f"/feeds/all.json?{query}")

    assert response.content == plain.content
    assert response.headers == plain.headers
    assert f"<{PUBLIC}/feeds/all.json?category=tts>" in response.headers["link"]


def test_order_of_parameters_does_not_matter(client: AppClient) -> None:
    """For the bytes and the self link."""
    one = client.get("/feeds/all.atom?source=news&limit=2&carousel=false")
    two = client.get("/feeds/all.atom?carousel=false&source=news&limit=2")

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
    client: AppClient, written: str, meant: str, suffix: str
) -> None:
    """301 to the slug below the public URL, in the same format, with the query as sent."""
    response = client.get(f"/feeds/{written}{suffix}?limit=2&utm_source=x%20y")

    assert response.status_code == 301
    assert response.headers["location"] == (
        f"{PUBLIC}/feeds/{meant}{suffix}?limit=2&utm_source=x%20y"
    )
    assert response.headers["cache-control"].startswith("public, max-age=300")


def test_unknown_feed_gets_404_with_known_names(client: AppClient) -> None:
    """Not cacheable."""
    response = client.get("/feeds/nothing.json")

    assert response.status_code == 404
    problem = response.json()
    assert problem["code"] == "unknown-feed"
    assert problem["known"] == [
        *("all", "carousel", "tech-carousel", "news", "updates", "technology", "tts"),
    ]
    assert response.headers["cache-control"] == "no-store"


def test_unknown_format_gets_404_with_known_formats(client: AppClient) -> None:
    """Where the name of the feed is known."""
    response = client.get("/feeds/tts.xml")

    assert response.status_code == 404
    problem = response.json()
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
    client: AppClient, path: str, query: str, code: str
) -> None:
    """For feeds, pages and API alike."""
    response = client.get(f"{path}?{query}")

    assert response.status_code == 400
    assert response.json()["code"] == code


def test_category_is_unknown_where_no_post_has_any() -> None:
    """There are no valid values to list."""
    post = replace(POSTS[0], categories=())
    client = AppClient(reader=SampleReader(current=samples.edition(post)))

    response = client.get("/feeds/all.json?category=tts")

    assert response.status_code == 400
    assert response.json()["code"] == "unknown-category"
    assert response.json().get("known", []) == []


def test_shadowed_category_is_reachable_by_query() -> None:
    """Its alias redirects to the query, not to the feed that has the name."""
    shadowing = samples.post("tts/2024-01-01-a.md", source="tts", categories=(samples.TECHNOLOGY,))
    client = app_client(shadowing, *POSTS)

    response = client.get("/feeds/tech-transformation.rss?limit=3")

    assert response.status_code == 301
    assert response.headers["location"] == f"{PUBLIC}/feeds/all.rss?category=tts&limit=3"
    assert titles(client, "/feeds/tts.json") == [shadowing.title]


@pytest.mark.parametrize("suffix", FORMATS)
def test_next_links_lead_through_all_posts(client: AppClient, suffix: str) -> None:
    """Each post is there once."""
    following: str | None = f"{PUBLIC}/feeds/all.{suffix}?limit=2"
    seen = []
    while following:
        response = client.get(following.removeprefix(PUBLIC))
        seen.append(response.content)
        following = response.link("next")

    assert len(seen) == 3
    for post in POSTS:
        assert sum(page.count(f"{post.id}".encode()) for page in seen) >= 1


def test_link_field_has_page_and_other_formats(client: AppClient) -> None:
    """Self, canonical, the HTML page and the other formats, with the same query."""
    response = client.get("/feeds/tts.rss?language=es")

    links = response.headers["link"]
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
def test_urls_do_not_depend_on_the_host_header(client: AppClient, path: str) -> None:
    """A reader that uses an internal host name is not redirected to it."""
    response = client.request(
        "GET", path, {"host": "inner.example:8080", "x-forwarded-host": "evil.example"}
    )

    said = response.text + str(response.headers)
    assert "inner.example" not in said
    assert "evil.example" not in said
    assert "elsewhere.example" not in said


def test_a_im_header_is_ignored(client: AppClient) -> None:
    """A response 226 breaks a feed reader."""
    plain = client.get("/feeds/all.rss")

    response = client.request("GET", "/feeds/all.rss", {"A-IM": "feed", "If-None-Match": '"old"'})

    assert response.status_code == 200
    assert response.content == plain.content


def test_last_modified_is_the_date_of_the_content(client: AppClient) -> None:
    """Never the time of the request, nor that of a commit that changed no post of the feed."""
    response = client.get("/feeds/all.json")

    latest = max(post.updated for post in POSTS)
    assert parsedate_to_datetime(response.headers["last-modified"]) == latest


def test_empty_feed_gets_200() -> None:
    """Where its name is known."""
    client = app_client(samples.post(carousel=False))

    assert json.loads(client.get("/feeds/carousel.json").content)["items"] == []


@pytest.mark.parametrize(
    ("path", "title", "description"),
    [
        ("/feeds/all", "All posts", "All posts, from Example agency feeds"),
        (
            "/feeds/all?language=es",
            "Todas las publicaciones: en es",
            "Todas las publicaciones: en es, de Example agency feeds",
        ),
        (
            "/feeds/all?source=updates&carousel=false&category=tts",
            "Todas las publicaciones: {tts}, fuera del carrusel, de {updates}",
            "Todas las publicaciones: {tts}, fuera del carrusel, de {updates}, de {service}",
        ),
        ("/feeds/carousel", "Carousel", "Carousel, from Example agency feeds"),
    ],
)
def test_titles_are_in_the_language_of_the_feed(path: str, title: str, description: str) -> None:
    """Where they are made here: those of the settings, sources and categories stay as they are."""
    names = {
        "tts": "Technology Transformation Services",
        "updates": "Example agency, updates",
        "service": "Example agency feeds",
    }
    name, _, query = path.partition("?")
    feed = app_client().get(f"{name}.json?{query}").json()

    assert feed["title"] == title.format(**names)
    assert feed["description"] == description.format(**names)
