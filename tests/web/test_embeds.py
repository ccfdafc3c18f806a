"""Embeds over HTTP: the page for an iframe, its options, and the script."""

from dataclasses import replace

import pytest

from syndicate.model.post import CarouselCard, Image
from tests import samples
from tests.render.parsed_html import parse_page, text
from tests.web.app_client import NAMED, POSTS, VOCABULARY, AppClient, SampleReader, app_client

FEATURED = POSTS[3]
IMAGE = Image(url="https://www.example.gov/a.png", alt="A desk")
CARD = CarouselCard(
    title="Featured",
    summary="In a few words.",
    image="https://images.example.gov/card.png",
    image_alt=None,
    date=samples.PUBLISHED.date(),
)


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources; one has an image and a card."""
    rich = replace(samples.rendered_post(FEATURED), image=IMAGE, card=CARD, summary="A summary.")
    edition = samples.edition(*POSTS, vocabulary=VOCABULARY, named=[NAMED])
    return AppClient(reader=SampleReader(current=edition, items_by_id={FEATURED.id: rich}))


def titles(page: str, level: int) -> list[str]:
    """Return the headings of a level."""
    return [text(heading) for heading in parse_page(page).iter(f"h{level}")]


def test_embed_shows_the_newest_posts_of_a_feed(client: AppClient) -> None:
    """In the order of the feed, with links to the original posts."""
    response = client.get("/embed/all.html?limit=2")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"].startswith("public, max-age=300")
    page = parse_page(response.text)
    assert titles(response.text, 2) == ["All posts"]
    assert [(text(h3), h3.find("a").get("href")) for h3 in page.iter("h3")] == [  # type: ignore[union-attr]
        (post.title, post.url) for post in (FEATURED, POSTS[4])
    ]
    assert list(page.iter("script")) == []


def test_embed_may_be_framed_by_any_site_and_runs_no_script(client: AppClient) -> None:
    """Only embeds may be framed; images come from this service and the hosts of the images."""
    policy = client.get("/embed/all.html").headers["content-security-policy"]

    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["frame-ancestors"] == "*"
    assert directives["default-src"] == "'none'"
    assert directives["img-src"] == "'self' https://images.example.gov https://www.example.gov"
    assert "script-src" not in directives
    assert "frame-ancestors 'none'" in client.get("/").headers["content-security-policy"]


def test_user_information_in_the_url_of_an_image_adds_no_directive() -> None:
    """A semicolon in it would end the directive of images."""
    image = replace(IMAGE, url="https://a;sandbox;b@www.example.gov:8443/a.png")
    rich = replace(samples.rendered_post(FEATURED), image=image)
    edition = samples.edition(*POSTS, vocabulary=VOCABULARY, named=[NAMED])
    client = AppClient(reader=SampleReader(current=edition, items_by_id={FEATURED.id: rich}))

    policy = client.get("/embed/all.html").headers["content-security-policy"]

    assert " https://www.example.gov:8443;" in policy
    assert "sandbox" not in policy


@pytest.mark.parametrize(
    ("query", "expected", "absent"),
    [
        ("heading=4", ["<h4 id=", "<h5>"], ["<h2", "<h3"]),
        ("heading=6", ["<h6 id=", "<h6>"], ["<h7"]),
        ("summary=false", [], ["A summary."]),
        ("image=false", [], ["<img"]),
        ("date=false", [], ["<time"]),
        ("theme=dark", ['data-theme="dark"'], []),
        ("layout=carousel", ["In a few words.", "card.png", 'tabindex="0"'], ["A summary."]),
        ("", ['<html lang="en">', "A summary.", 'alt="A desk"', "<time"], ["card.png", "tabindex"]),
    ],
)
def test_options_of_the_presentation(
    client: AppClient, query: str, expected: list[str], absent: list[str]
) -> None:
    """Each option changes what it is named after."""
    page = client.get(f"/embed/all.html?{query}").text

    assert [part for part in expected if part not in page] == []
    assert [part for part in absent if part in page] == []


def test_embed_takes_the_filters_of_a_feed(client: AppClient) -> None:
    """Aliases of a category count, and the title says what was filtered."""
    page = client.get("/embed/all.html?category=TTS&language=es").text

    assert titles(page, 3) == [POSTS[4].title]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("heading=7", "malformed-parameter"),
        ("summary=maybe", "malformed-parameter"),
        ("theme=blue", "malformed-parameter"),
        ("layout=grid", "malformed-parameter"),
        ("limit=21", "malformed-parameter"),
        ("limit=" + "9" * 5_000, "malformed-parameter"),
        ("limit=5&limit=6", "malformed-parameter"),
        ("limit=x", "malformed-parameter"),
        ("category=nothing", "unknown-category"),
        ("lang=es", "wrong-parameter"),
    ],
)
def test_invalid_options_are_rejected(client: AppClient, query: str, code: str) -> None:
    """The response says what is allowed."""
    response = client.get(f"/embed/all.html?{query}", accept="application/json")

    assert response.status_code == 400
    assert response.json()["code"] == code
    assert query != "limit=21" or "from 1 to 20." in response.json()["hint"]


def test_alias_of_a_category_redirects_to_its_embed(client: AppClient) -> None:
    """With the options of the request."""
    response = client.get("/embed/Tech%20Transformation.html?theme=dark")

    assert response.status_code == 301
    assert response.headers["location"].endswith("/embed/tts.html?theme=dark")


def test_embed_of_a_shadowed_category_redirects_to_a_query() -> None:
    """A named feed has precedence over a category with the same name."""
    named = replace(NAMED, name="tts")
    edition = samples.edition(*POSTS, vocabulary=VOCABULARY, named=[named])
    client = AppClient(reader=SampleReader(current=edition))

    response = client.get("/embed/Tech%20Transformation.html")

    assert response.headers["location"].endswith("/embed/all.html?category=tts")


def test_unknown_feed_has_no_embed(client: AppClient) -> None:
    """As there is no such feed."""
    assert client.get("/embed/nothing.html").status_code == 404


def test_empty_feed_says_so() -> None:
    """A known category without posts."""
    page = app_client(POSTS[0]).get("/embed/tts.html").text

    assert "This feed has no posts yet." in page


def test_script_is_small_and_the_same_for_everybody(client: AppClient) -> None:
    """Under 6 kB, and cacheable."""
    response = client.get("/embed.js")

    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cache-control"].startswith("public, max-age=300")
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(response.content) < 6_000
    assert client.get("/embed.js", if_none_match=response.headers["etag"]).status_code == 304
