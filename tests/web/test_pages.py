"""Pages over HTTP."""

import re
from dataclasses import replace
from urllib.parse import quote

import pytest

from syndicate.feeds.formats import FORMATS
from syndicate.render.pages.html_pages import content_security_policy
from tests import samples
from tests.render.parsed_html import by_class, links, parse_page, text
from tests.web.app_client import NAMED, POSTS, AppClient, SampleReader, app_client

PUBLIC = samples.SERVICE_INFO.public_url
FEATURED = POSTS[3]
SPANISH = POSTS[4]


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


@pytest.mark.parametrize(
    "path", ["/", "/about", "/feeds/all", f"/feeds/{NAMED.name}", f"/posts/{FEATURED.key}"]
)
def test_every_page_is_valid_html_with_a_strict_policy(client: AppClient, path: str) -> None:
    """Cacheable like feeds; only its own style is allowed."""
    response = client.get(path, accept="text/html")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    origins = () if path == "/about" else ("https://www.example.gov",)
    policy = content_security_policy(samples.SERVICE_INFO, origins)
    assert response.headers["content-security-policy"] == policy
    assert response.headers["cache-control"].startswith("public, max-age=300")
    parse_page(response.text)


def test_directory_lists_every_feed(client: AppClient) -> None:
    """In groups, with the number of posts and the latest day, discoverable by feed readers."""
    page = parse_page(client.get("/").text)

    assert [text(h2) for h2 in page.iter("h2")] == [
        *("Newest posts", "Categories", "Main feeds", "Custom feeds", "By source"),
    ]
    said = {re.sub(" posts?, latest.*", "", text(row)) for row in by_class(page, "feed-info")}
    assert said == {
        "All posts All posts from all sources. 5",
        "Carousel Posts featured by their source, with a carousel card. 1",
        "Technology, featured What technologists should see. 1",
        "Example agency, news 4",
        "Example agency, updates 1",
    }
    (chips,) = by_class(page, "chips")
    assert text(chips) == "Technology 4 posts Technology Transformation Services 2 posts"
    found = {link["href"] for link in links(page, "alternate")}
    assert found == {
        f"{PUBLIC}/feeds/{name}.{suffix}"
        for name in ("all", "carousel", NAMED.name, "news", "updates")
        for suffix in ("json", "rss", "atom")
    }


@pytest.mark.slow
def test_every_internal_link_is_served(client: AppClient) -> None:
    """Starting from the directory."""
    ahead, seen, explained = ["/"], set[str](), set[str]()
    while ahead:
        path = ahead.pop()
        seen.add(path)
        response = client.get(path)
        if path == "/portal":  # asks for a token
            assert response.headers["location"] == "/portal/login?next=/portal"
            continue
        if path.startswith("/explain"):  # of a post, or of none yet
            assert response.status_code == 401
            explained.add(path)
            continue
        assert response.status_code == 200, path
        if response.headers["content-type"].startswith("text/html"):
            page = parse_page(response.text)
            ids = {element.get("id") for element in page.iter()}
            hrefs = [link.get("href", "") for link in page.iter("a")]
            assert {href[1:] for href in hrefs if href.startswith("#")} <= ids
            ours = {href.partition("#")[0] for href in hrefs if href.startswith("/")}
            ahead += sorted(ours - seen - {"/openapi.json"} - set(ahead))

    assert {"/explain", f"/explain?post={quote(SPANISH.url)}"} <= explained
    assert f"/posts/{SPANISH.key}" in seen
    assert "/feeds/tts.atom" in seen


def test_feed_page_has_the_posts_in_order(client: AppClient) -> None:
    """The same as in the formats, with links to these."""
    response = client.get("/feeds/tts?limit=1")

    page = parse_page(response.text)
    assert [text(h2) for h2 in page.findall(".//article//h2")] == ["2024 03 01 featured"]
    assert text(next(page.iter("h1"))) == "Technology Transformation Services"
    assert {link["href"] for link in links(page, "alternate")} == {
        f"{PUBLIC}/feeds/tts.{suffix}?limit=1" for suffix in ("json", "rss", "atom")
    }
    (following,) = links(page, "next")
    older = parse_page(client.get(following["href"].removeprefix(PUBLIC)).text)
    assert [text(h2) for h2 in older.findall(".//article//h2")] == ["2024 02 10 una entrada"]
    assert response.link("canonical") == f"{PUBLIC}/feeds/tts?limit=1"


def test_filters_submit_valid_queries(client: AppClient) -> None:
    """Options have their number of posts; empty fields are accepted."""
    page = parse_page(client.get("/feeds/all?category=tts&language=es").text)

    boxes = {
        (box.get("name"), box.get("value")): "checked" in box.attrib
        for box in page.iter("input")
        if box.get("type") == "checkbox"
    }
    assert boxes == {
        ("category", "technology"): False,
        ("category", "tts"): True,
        ("source", "news"): False,
        ("source", "updates"): False,
        ("language", "en"): False,
        ("language", "es"): True,
    }
    assert "1 de 5 publicaciones" in text(page)
    sent = "category=technology&category=tts&match=all&source=&language=&carousel=&limit=50"
    response = parse_page(client.get(f"/feeds/all?{sent}").text)
    assert "1 of 5 posts" in text(response)


def test_selected_option_without_posts_can_be_deselected(client: AppClient) -> None:
    """It stays in the form where the feed has no such post."""
    page = parse_page(
        client.get("/feeds/updates?source=news&category=technology&carousel=true").text
    )

    chosen = {box.get("value") for box in page.iter("input") if "checked" in box.attrib}
    assert chosen == {"news", "technology"}
    selected = [
        option.get("value") for option in page.iter("option") if "selected" in option.attrib
    ]
    assert selected == ["true"]
    assert "Esta fuente todavía no tiene publicaciones." in text(page)


def test_post_page_links_to_its_site(client: AppClient) -> None:
    """With noindex, and the site as the canonical URL."""
    response = client.get(f"/posts/{SPANISH.key}")

    assert response.headers["x-robots-tag"] == "noindex"
    assert response.link("canonical") == SPANISH.url
    assert response.link("alternate") == f"{PUBLIC}/v1/posts/{SPANISH.key}"
    (article,) = parse_page(response.text).iter("article")
    assert article.get("lang") == "es"
    assert "The office opens a new service." in text(article)


def test_about_page_lists_every_source(client: AppClient) -> None:
    """With its rights, and the members of `_syndicate`."""
    said = text(parse_page(client.get("/about").text))

    assert "Example agency, news Public domain" in said
    assert "Example agency, updates Public domain" in said
    assert "date_precision" in said


def test_page_is_built_once_per_edition() -> None:
    """A new edition has new pages."""
    library = SampleReader(current=samples.edition(*POSTS))
    client = AppClient(reader=library)

    first = client.get("/feeds/all")
    assert client.get("/feeds/all").content == first.content
    assert library.item_requests == len(POSTS)

    library.current = samples.edition(*POSTS[1:])
    assert client.get("/feeds/all").content != first.content
    assert library.item_requests == 2 * len(POSTS) - 1


def test_page_of_a_post_links_to_its_feeds(client: AppClient) -> None:
    """To those of its source and of its categories: in the text, and for feed readers."""
    page = parse_page(client.get(f"/posts/{FEATURED.key}").text)
    names = ("news", "technology", "tts")
    feeds = {f"{PUBLIC}/feeds/{name}.{suffix}" for name in names for suffix in FORMATS}
    discovered = {link["href"]: link for link in links(page, "alternate")}
    assert discovered.keys() == {f"{PUBLIC}/v1/posts/{FEATURED.key}", *feeds}
    rss = discovered[f"{PUBLIC}/feeds/tts.rss"]
    assert (rss["type"], rss["title"]) == (
        "application/rss+xml",
        "Technology Transformation Services (RSS)",
    )
    shown = {f"{PUBLIC}{anchor.get('href')}" for anchor in page.iter("a")}
    assert feeds | {f"{PUBLIC}/feeds/{name}" for name in names} <= shown


def test_page_of_a_feed_is_in_the_language_of_its_readers() -> None:
    """Of the query, else of all its posts; other filters and pages do not change it."""
    posts = (samples.post(), replace(SPANISH, source="updates"))
    client = app_client(*posts)

    def language(path: str) -> str:
        return client.get(path, accept="text/html").text.partition('lang="')[2].partition('"')[0]

    assert language("/feeds/updates") == "es"
    assert language("/feeds/all?language=es") == "es"
    assert language("/feeds/all") == "en"
    assert language("/feeds/all?source=updates") == "en"
    assert language("/feeds/carousel") == "en"
