"""Assets of posts."""

import pytest

from tests.web.app_client import BLOB, AppClient, app_client


@pytest.fixture
def client() -> AppClient:
    """Return a service whose sources have pictures."""
    return app_client()


def test_entity_tag_of_an_asset_is_its_blob(client: AppClient) -> None:
    """It is immutable where the URL names the blob."""
    plain = client.get("/assets/news/img/lake%20view.png")
    named = client.get(f"/assets/news/img/lake%20view.png?v={BLOB}")
    outdated = client.get("/assets/news/img/lake%20view.png?v=00")

    assert (plain.status_code, plain.content) == (200, b"bytes")
    assert plain.headers["content-type"] == "image/png"
    assert plain.headers["etag"] == f'"{BLOB}"'
    assert plain.headers["last-modified"] == "Sat, 01 Jun 2024 12:00:00 GMT"
    assert "immutable" in named.headers["cache-control"]
    for response in (plain, outdated):
        assert response.headers["cache-control"].startswith("public, max-age=300")


def test_client_with_the_asset_gets_304(client: AppClient) -> None:
    """With the same caching."""
    response = client.get("/assets/news/x.png", if_none_match=f'"{BLOB}"')

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == f'"{BLOB}"'


def test_scripts_in_assets_are_blocked(client: AppClient) -> None:
    """An SVG is an image."""
    response = client.get("/assets/news/x.svg")

    assert response.headers["content-type"] == "image/svg+xml"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox; default-src 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["/assets/news/missing.png", "/assets/news/x.html", "/assets/none/x.png", "/assets/news"],
)
def test_unserved_file_gets_404(client: AppClient, path: str) -> None:
    """As problem details."""
    response = client.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_client_with_another_version_gets_the_asset(client: AppClient) -> None:
    """Its entity tag is compared first, without reading the content."""
    response = client.get("/assets/news/x.png", if_none_match='"0000"')

    assert (response.status_code, response.content) == (200, b"bytes")
