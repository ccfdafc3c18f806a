"""The HTTP reference in docs agrees with the service."""

import re
from pathlib import Path
from typing import Final

from starlette.routing import Route

from syndicate.errors import NotReady, RepositoryError, StorageError
from syndicate.web.http_policy import HttpPolicy
from tests.web.app_client import AppClient, SampleReader, app_client

ROOT: Final = Path(__file__).parents[2]
REFERENCE: Final = (ROOT / "docs" / "reference" / "http.md").read_text("utf-8")
CLIENT: Final = app_client()


def test_every_url_is_in_the_reference() -> None:
    """With its pattern."""
    named = set(re.findall(r"`(/[^`\s]*|\.\w+)`", REFERENCE))
    paths = {
        re.sub(r"\{(\w+)(:path)?\}", lambda m: m[1].upper(), route.path)
        for route in CLIENT.app.routes
        if isinstance(route, Route) and not route.path.startswith("/portal/")
    }

    assert paths - named == {"/feeds", "/feeds/NAME.rss", "/feeds/NAME.atom"}
    assert {".rss", ".atom"} <= named


def codes() -> dict[str, int]:
    """Return the codes of the reference with their status."""
    table = REFERENCE.partition("## Errors")[2]
    return {
        code: int(status)
        for row in re.findall(r"^\| (\d{3}.*?) \| (.*) \|$", table, re.MULTILINE)
        for status, code in zip(
            (row[0].split(", ") * 9 if "," in row[0] else [row[0]] * 9),
            re.findall(r"`([a-z-]+)`", row[1]),
            strict=False,
        )
    }


def test_codes_of_the_reference_are_those_of_responses() -> None:
    """Each kind of error has the status and code that are listed."""
    requested = {
        "unknown-category": "/feeds/all.json?category=x",
        "unknown-source": "/feeds/all.json?source=x",
        "wrong-parameter": "/feeds/all.json?lang=x",
        "malformed-parameter": "/feeds/all.json?limit=x",
        "malformed-cursor": "/feeds/all.json?after=x",
        "unknown-feed": "/feeds/x.json",
        "unknown-format": "/feeds/all.xml",
        "unknown-post": "/v1/posts/x",
        "not-found": "/x",
        "uri-too-long": f"/{'x' * 9000}",
    }
    given = {code: CLIENT.get(path) for code, path in requested.items()}

    assert {code: response.json()["code"] for code, response in given.items()} == {
        c: c for c in requested
    }
    assert {c: a.status_code for c, a in given.items()}.items() <= codes().items()
    waiting = AppClient(reader=SampleReader(current=None)).get("/feeds/all.json")
    assert codes()[waiting.json()["code"]] == waiting.status_code == 503
    limited = app_client(policy=HttpPolicy(requests_per_minute=1))
    rejected = [limited.get("/") for _ in range(2)][-1]
    assert codes()[rejected.json()["code"]] == rejected.status_code == 429
    for method, path, headers in (
        ("GET", "/v1/subscriptions", {}),
        ("POST", "/v1/subscriptions", {"Authorization": "Bearer x"}),
    ):
        rejected = AppClient(reader=SampleReader(current=None)).request(method, path, headers)
        assert codes()[rejected.json()["code"]] == rejected.status_code
    for error in (NotReady("x"), RepositoryError("x"), StorageError("x")):
        assert codes()[error.code] == error.status
