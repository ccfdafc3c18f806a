"""Search of posts over HTTP: on the first page, and in the API."""

import pytest

from tests import samples
from tests.render.parsed_html import links, parse_page, text
from tests.web.app_client import AppClient, SampleReader, app_client

PUBLIC = samples.SERVICE_INFO.public_url
COUNT = 25
POSTS = tuple(
    samples.post(
        f"news/2024-01-{n + 1:02}-a.md",
        title=f"Entry {n} about <forms>",
        published=samples.PUBLISHED.replace(day=n + 1),
        categories=(samples.TECHNOLOGY,) if n % 2 else (samples.TTS,),
    )
    for n in range(COUNT)
)


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts with numbered titles."""
    return app_client(*POSTS)


def titles(page: str) -> list[str]:
    """Return the titles on a page of results."""
    return [text(heading) for heading in parse_page(page).findall(".//article//h3")]


def test_results_are_paged_with_the_newest_first(client: AppClient) -> None:
    """Twenty on a page, with links in both directions."""
    first = client.get("/?q=entry+FORM")
    root = parse_page(first.text)

    assert titles(first.text) == [f"Entry {n} about <forms>" for n in range(COUNT - 1, 4, -1)]
    assert "25 posts contain “entry FORM”." in text(root)
    assert [text(mark) for mark in root.iter("mark")][:2] == ["Entry", "forms"]
    assert first.headers["content-security-policy"].count("https://www.example.gov") == 1
    (following,) = links(root, "next")
    assert following["href"].startswith(f"{PUBLIC}/?q=entry+FORM&after=")
    second = client.get(following["href"].removeprefix(PUBLIC))
    assert titles(second.text) == [f"Entry {n} about <forms>" for n in range(4, -1, -1)]
    (previous,) = links(parse_page(second.text), "prev")
    assert titles(client.get(previous["href"].removeprefix(PUBLIC)).text) == titles(first.text)


def test_search_can_be_filtered(client: AppClient) -> None:
    """By the query language of feeds."""
    page = client.get("/?q=entry&category=technology&limit=2").text

    assert titles(page) == ["Entry 23 about <forms>", "Entry 21 about <forms>"]
    assert "12 posts contain" in text(parse_page(page))


def test_empty_search_is_the_first_page(client: AppClient) -> None:
    """As the form sends it."""
    assert client.get("/?q=+").content == client.get("/").content


@pytest.mark.parametrize("path", ["/?q={}", "/v1/posts?q={}"])
def test_overlong_search_is_refused(client: AppClient, path: str) -> None:
    """With its limit."""
    response = client.get(path.format("x" * 201))

    assert (response.status_code, response.json()["code"]) == (400, "malformed-parameter")
    assert response.json()["hint"] == "Search for at most 200 characters."


def test_api_is_searched_and_paged(client: AppClient) -> None:
    """The same items as without a search; links keep what is searched for."""
    response = client.get("/v1/posts?q=entry+7&limit=1")

    (item,) = response.json()["items"]
    assert item["title"] == "Entry 7 about <forms>"
    assert response.json()["next_url"] is None
    everything = client.get("/v1/posts?q=entry&limit=20")
    assert everything.json()["next_url"].startswith(f"{PUBLIC}/v1/posts?q=entry&after=")
    rest = client.get(everything.json()["next_url"].removeprefix(PUBLIC))
    assert len(rest.json()["items"]) == COUNT - 20
    assert rest.link("prev") == f"{PUBLIC}/v1/posts?q=entry&limit=20"


def test_feeds_ignore_a_search(client: AppClient) -> None:
    """It is no part of a selection."""
    assert client.get("/feeds/all.json?q=nothing").content == client.get("/feeds/all.json").content


def test_incomplete_index_is_no_answer_of_the_api() -> None:
    """A page says that more may be found, and is not stored."""
    reader = SampleReader(current=samples.edition(*POSTS))
    reader.search.is_complete = False
    client = AppClient(reader=reader)

    page = client.get("/?q=entry")
    assert "Some posts are not searched yet" in text(parse_page(page.text))
    assert page.headers["cache-control"] == "no-cache"
    response = client.get("/v1/posts?q=entry")
    assert (response.status_code, response.json()["detail"]) == (
        503,
        "posts are still being indexed",
    )
    reader.search.is_complete = True
    assert "25 posts contain" in client.get("/?q=entry").text


def test_second_page_of_a_feed_links_to_the_first(client: AppClient) -> None:
    """In the page and in the header."""
    page = parse_page(client.get("/feeds/all?limit=20", accept="text/html").text)
    (following,) = links(page, "next")
    second = client.get(following["href"].removeprefix(PUBLIC), accept="text/html")

    assert [link["href"] for link in links(parse_page(second.text), "prev")] == [
        f"{PUBLIC}/feeds/all?limit=20"
    ]
    assert second.link("prev") == f"{PUBLIC}/feeds/all?limit=20"
    assert client.get("/feeds/all?limit=20", accept="text/html").link("prev") is None


@pytest.mark.parametrize(
    ("path", "nearby", "search"),
    [
        ("/technolgy", ["/feeds/technology"], "technolgy"),
        ("/feeds/technolgy", ["/feeds/technology"], "technolgy"),
        ("/news/2024/some-old_post.html", [], "some old_post"),
        ("/posts/0123456789abcdef", [], "0123456789abcdef"),
    ],
)
def test_page_that_is_not_found_links_to_what_is_near(
    client: AppClient, path: str, nearby: list[str], search: str
) -> None:
    """Feeds with a similar name, and a search for the words of the URL."""
    response = client.get(path, accept="text/html")
    root = parse_page(response.text)

    assert response.status_code == 404
    assert text(next(root.iter("h1"))) == "Page not found"
    main = next(root.iter("main"))
    assert "openapi.json" not in text(main)
    hrefs = [link.get("href", "") for link in main.iter("a")]
    assert [href for href in hrefs if href.startswith("/feeds/technology")][:1] == nearby
    (field,) = [box for box in root.iter("input") if box.get("name") == "q"]
    assert field.get("value") == search


def test_page_that_is_not_found_before_the_first_edition() -> None:
    """Without names of feeds."""
    response = AppClient(reader=SampleReader(current=None)).get("/technolgy")

    assert response.status_code == 404
    assert "known" not in response.json()
