"""The format of /feeds/NAME by Accept, and the usual paths of a feed."""

import pytest

from syndicate.web.http.content_negotiation import PAGE, preferred_format
from tests import samples
from tests.web.app_client import AppClient, app_client

PUBLIC = samples.SERVICE_INFO.public_url
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/feed+json", "json"),
        ("application/json; charset=utf-8", "json"),
        ("application/rss+xml", "rss"),
        ("application/rss+xml, application/xml", "rss"),
        ("text/xml;q=0.5", "rss"),
        ("APPLICATION/ATOM+XML", "atom"),
        ("application/atom+xml, application/rss+xml;q=0.9, */*;q=0.1", "atom"),
        ("application/atom+xml;q=0.8, application/rss+xml ; Q=0.9", "rss"),
        ("application/atom+xml;q=0, application/rss+xml;q=0.001", "rss"),
        ("text/html;q=0.5, application/feed+json;q=0.6", "json"),
        ("application/atom+xml;q=2, application/rss+xml;q=0.9", "atom"),
        ("text/html;q=0, application/rss+xml;q=0.1", "rss"),
        ("application/atom+xml, application/rss+xml", PAGE),
        ("application/rss+xml, */*", PAGE),
        ("application/rss+xml, text/html", PAGE),
        ("application/rss+xml;q=0", PAGE),
        ("application/pdf", PAGE),
        ("application/*", PAGE),
        ("rss", PAGE),
        (CHROME, PAGE),
        ("*/*", PAGE),
        ("", PAGE),
    ],
)
def test_format_with_the_highest_weight_is_preferred(accept: str, expected: str) -> None:
    """HTML, a wildcard, no known type and a tie mean the page (RFC 9110 section 12.5.1)."""
    assert preferred_format(accept) == expected


def test_client_is_redirected_to_the_preferred_format(client: AppClient) -> None:
    """302 with the query as sent, which no cache stores."""
    response = client.get("/feeds/tts?limit=2&utm_source=x%20y", accept="application/atom+xml")

    assert response.status_code == 302
    assert response.headers["location"] == (f"{PUBLIC}/feeds/tts.atom?limit=2&utm_source=x%20y")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Accept"


def test_canonical_name_comes_before_the_format(client: AppClient) -> None:
    """An alias is redirected to the name, whatever the client accepts; an unknown name is 404."""
    alias = client.get("/feeds/TTS", accept="application/rss+xml")
    unknown = client.get("/feeds/nothing", accept="application/rss+xml")

    assert (alias.status_code, alias.headers["location"]) == (301, f"{PUBLIC}/feeds/tts")
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("accept", "cache_control"),
    [
        (CHROME, "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400"),
        ("*/*", "no-store"),
        ("text/html;q=0, */*", "no-store"),
        ("", "no-store"),
    ],
)
def test_caches_store_the_page_for_browsers_only(
    client: AppClient, accept: str, cache_control: str
) -> None:
    """A cache that ignores Vary would send it to feed readers."""
    response = client.get("/feeds/tts", accept=accept)
    repeated = client.get("/feeds/tts", accept=accept, if_none_match=response.headers["etag"])

    assert (response.status_code, repeated.status_code) == (200, 304)
    for each in (response, repeated):
        assert each.headers["cache-control"] == cache_control
        assert each.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/feed", "/feeds/all.rss"),
        ("/feed/", "/feed"),
        ("/rss", "/feeds/all.rss"),
        ("/rss.xml", "/feeds/all.rss"),
        ("/feed.xml", "/feeds/all.rss"),
        ("/index.xml", "/feeds/all.rss"),
        ("/atom.xml", "/feeds/all.atom"),
        ("/feed.json", "/feeds/all.json"),
    ],
)
def test_usual_path_of_a_feed_is_redirected(client: AppClient, path: str, target: str) -> None:
    """301 with the query and the Cache-Control of the feed."""
    response = client.get(f"{path}?category=tts&limit=5")
    feed = client.get("/feeds/all.rss")

    assert response.status_code == 301
    assert response.headers["location"] == f"{PUBLIC}{target}?category=tts&limit=5"
    assert response.headers["cache-control"] == feed.headers["cache-control"]


@pytest.mark.parametrize(
    ("accept_language", "expected"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-PR,es;q=0.9,en;q=0.8", "es"),
        ("fr, es;q=0.5, en;q=0.6", "en"),
        ("es;q=0.7,en;q=0.7", "es"),
        ("fr, es;q=0", "en"),
        ("en-GB;q=0.5, es;q=0.7, en;q=0.9", "en"),
        ("fr", "en"),
        ("*", "en"),
    ],
)
def test_error_page_is_in_the_preferred_language(
    client: AppClient, accept_language: str, expected: str
) -> None:
    """Of those with translated words; nobody stores it."""
    response = client.get(
        "/posts/0123456789abcdef", accept="text/html", accept_language=accept_language
    )

    assert f'<html lang="{expected}">' in response.text
    assert response.headers["vary"] == "Accept, Accept-Language"
    assert response.headers["cache-control"] == "no-store"
