"""Redirects, withdrawn URLs and trailing slashes."""

import pytest

from syndicate.feeds.redirects import redirect_target
from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.web.app_client import AppClient, app_client

PUBLIC = samples.SERVICE_INFO.public_url
POLICY = HttpPolicy(
    redirects={
        "/feeds/tech": "/feeds/technology",
        "/rss.xml": "/feeds/all.rss",
        "/feeds/old.json": "https://other.example.gov/feed.json?kind=old",
        "/feeds/secret": "",
        "/feeds/tts": "/feeds/all",
    }
)


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service with feeds that moved and one that is withdrawn."""
    return app_client(policy=POLICY)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/feeds/tech", f"{PUBLIC}/feeds/technology"),
        ("/feeds/tech.rss", f"{PUBLIC}/feeds/technology.rss"),
        ("/feeds/tech.json?limit=5&x=1", f"{PUBLIC}/feeds/technology.json?limit=5&x=1"),
        ("/embed/tech.html?limit=3", f"{PUBLIC}/embed/technology.html?limit=3"),
        ("/rss.xml", f"{PUBLIC}/feeds/all.rss"),
        ("/feeds/old.json", "https://other.example.gov/feed.json?kind=old"),
        ("/feeds/old.json?limit=5", "https://other.example.gov/feed.json?kind=old&limit=5"),
        ("/feeds/tts.atom", f"{PUBLIC}/feeds/all.atom"),
        ("/feeds/all.json/", f"{PUBLIC}/feeds/all.json"),
        ("/feeds/all/?limit=2", f"{PUBLIC}/feeds/all?limit=2"),
        ("/v1/posts//", f"{PUBLIC}/v1/posts"),
        ("/feeds", f"{PUBLIC}/"),
        ("/feeds/", f"{PUBLIC}/feeds"),
        ("//evil.example/", f"{PUBLIC}/evil.example"),
    ],
)
def test_moved_url_is_redirected_permanently(client: AppClient, path: str, target: str) -> None:
    """301 to the new URL with the query; a feed with its formats; cacheable like feeds."""
    response = client.get(path)

    assert response.status_code == 301
    assert response.headers["location"] == target
    assert response.headers["cache-control"] == POLICY.cache_control


def test_redirected_post_stays_a_post(client: AppClient) -> None:
    """Clients repeat a request with its method after 308, and send GET after 301."""
    response = client.request("POST", "/hub/")

    assert response.status_code == 308
    assert response.headers["location"] == f"{PUBLIC}/hub"
    assert client.request("HEAD", "/hub/").status_code == 301


@pytest.mark.parametrize(
    "path",
    ["/feeds/secret", "/feeds/secret.json", "/feeds/secret.atom", "/embed/secret.html"],
)
def test_withdrawn_feed_gets_410(client: AppClient, path: str) -> None:
    """In every format: feed readers may stop requesting it."""
    response = client.get(path)

    assert response.status_code == 410
    assert response.json()["code"] == "gone"


def test_other_urls_are_not_redirected(client: AppClient) -> None:
    """Nor is the root."""
    assert client.get("/feeds/technology.rss").status_code == 200
    assert client.get("/").status_code == 200
    assert redirect_target("/feeds/technology.rss", POLICY.redirects) is None
    assert redirect_target("/rss.xml.rss", POLICY.redirects) == "/feeds/all.rss.rss"
