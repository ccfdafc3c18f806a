"""Files that posts show."""

import pytest

from tests.web.app_client import BLOB, AppClient, app_client


@pytest.fixture
def here() -> AppClient:
    """Return a service whose sources have pictures."""
    return app_client()


def test_a_file_is_answered_with_its_blob_as_tag(here: AppClient) -> None:
    """For a while, or for ever where the address names the blob."""
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


def test_who_has_the_file_is_not_sent_it_again(here: AppClient) -> None:
    """304, with what may be kept."""
    answer = here.get("/assets/news/x.png", if_none_match=f'"{BLOB}"')

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == f'"{BLOB}"'


def test_nothing_in_a_file_is_run(here: AppClient) -> None:
    """An SVG is a picture, whatever it holds."""
    answer = here.get("/assets/news/x.svg")

    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox; default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["/assets/news/missing.png", "/assets/news/x.html", "/assets/none/x.png", "/assets/news"],
)
def test_what_is_not_served_is_not_found(here: AppClient, path: str) -> None:
    """As a problem like any other."""
    answer = here.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_client_with_another_version_is_sent_the_file(here: AppClient) -> None:
    """Its entity tag is compared first, without the content."""
    answer = here.get("/assets/news/x.png", if_none_match='"0000"')

    assert (answer.status_code, answer.content) == (200, b"bytes")
