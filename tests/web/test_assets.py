"""Assets of posts."""

import pytest

from tests.web.app_client import BLOB, AppClient, app_client


@pytest.fixture
def here() -> AppClient:
    """Return a service whose sources have pictures."""
    return app_client()


def test_entity_tag_of_an_asset_is_its_blob(here: AppClient) -> None:
    """It is immutable where the URL names the blob."""
    plain = here.get("/assets/news/img/lake%20view.png")
    named = here.get(f"/assets/news/img/lake%20view.png?v={BLOB}")
    former = here.get("/assets/news/img/lake%20view.png?v=00")

    assert (plain.status_code, plain.content) == (200, b"bytes")
    assert plain.headers["content-type"] == "image/png"
    assert plain.headers["etag"] == f'"{BLOB}"'
    assert plain.headers["last-modified"] == "Sat, 01 Jun 2024 12:00:00 GMT"
    assert "immutable" in named.headers["cache-control"]
    for answer in (plain, former):
        assert answer.headers["cache-control"].startswith("public, max-age=300")


def test_client_with_the_asset_gets_304(here: AppClient) -> None:
    """With the same caching."""
    answer = here.get("/assets/news/x.png", if_none_match=f'"{BLOB}"')

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == f'"{BLOB}"'


def test_scripts_in_assets_are_blocked(here: AppClient) -> None:
    """An SVG is an image."""
    answer = here.get("/assets/news/x.svg")

    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox; default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["/assets/news/missing.png", "/assets/news/x.html", "/assets/none/x.png", "/assets/news"],
)
def test_unserved_file_gets_404(here: AppClient, path: str) -> None:
    """As problem details."""
    answer = here.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_client_with_another_version_gets_the_asset(here: AppClient) -> None:
    """Its entity tag is compared first, without reading the content."""
    answer = here.get("/assets/news/x.png", if_none_match='"0000"')

    assert (answer.status_code, answer.content) == (200, b"bytes")
