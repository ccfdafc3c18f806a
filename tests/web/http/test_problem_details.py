"""Errors: problem details for programs, a page for browsers."""

import json
from dataclasses import replace

import pytest

from syndicate.errors import UnknownName
from syndicate.web.http.problem_details import ProblemDetails
from tests import samples
from tests.render.parsed_html import parse_page, text
from tests.web.app_client import POSTS, AppClient, SampleReader, app_client

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


def test_problem_details_have_all_members(client: AppClient) -> None:
    """The members of RFC 9457 and ours: code, hint, known."""
    response = client.get("/feeds/all.json?category=fish&limit=3")

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["vary"] == "Accept"
    assert response.json() == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "code": "unknown-category",
        "detail": "there is no category 'fish'",
        "instance": "/feeds/all.json",
        "hint": "Give a known slug, title or alias, in any case.",
        "known": ["technology", "tts"],
    }


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "not-found"),
        ("/feeds/nothing", 404, "unknown-feed"),
        ("/posts/0123456789abcdef", 404, "unknown-post"),
        ("/v1/posts/0123456789abcdef", 404, "unknown-post"),
        ("/v1/nothing", 404, "not-found"),
    ],
)
def test_each_kind_of_missing_resource_has_its_own_code(
    client: AppClient, path: str, status: int, code: str
) -> None:
    """The codes are stable."""
    response = client.get(path)

    assert response.status_code == status
    assert response.json()["code"] == code


def test_browser_gets_an_error_page(client: AppClient) -> None:
    """With the same status and texts, and links to the feeds."""
    response = client.get("/feeds/nothing", accept=BROWSER)

    assert response.status_code == 404
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "style-src 'sha256-" in response.headers["content-security-policy"]
    page = parse_page(response.text)
    assert "There is no feed called 'nothing'." in text(page)
    assert "/feeds/technology" in [link.get("href") for link in page.iter("a")]


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("text/html", True),
        ("TEXT/HTML ; charset=utf-8 ; q=0.3", True),
        ("text/html;q=0", False),
        ("text/html;q=0.0", False),
        ("text/html; q=0.000, application/json", False),
        ("*/*", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_page_requires_text_html_in_accept(
    client: AppClient, accept: str, *, is_page: bool
) -> None:
    """Programs that accept anything get problem details."""
    response = client.get("/nothing", accept=accept)

    assert response.headers["content-type"].startswith("text/html") == is_page


def test_long_query_is_not_repeated_in_full(client: AppClient) -> None:
    """The detail of an error stays readable."""
    response = client.get(f"/feeds/all.json?category={'x' * 3000}")

    assert response.status_code == 400
    assert len(response.json()["detail"]) == 500


def test_links_of_an_error_page_begin_with_the_public_url() -> None:
    """Also where that has a path."""
    service_info = replace(samples.SERVICE_INFO, public_url="https://www.example.gov/syndicate")
    client = AppClient(
        reader=SampleReader(current=samples.edition(*POSTS)), service_info=service_info
    )

    page = parse_page(client.get("/nothing", accept=BROWSER).text)

    assert "/syndicate/" in [link.get("href") for link in page.iter("a")]


def test_plain_text_says_how_many_values_are_not_listed() -> None:
    """With the URL of the list where the service is known."""
    error = UnknownName(
        "there is no feed",
        choices=("all", "tts"),
        choices_total=3_000,
        choices_path="/v1/categories",
    )
    fault = ProblemDetails.from_error(error)
    assert "Known: all, tts and 2,998 more\n" in fault.text
    details = json.loads(fault.to_json("/feeds/x"))
    assert (details["known_total"], "known_url" in details) == (3_000, False)
