"""`syndicate verify`."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from typing_extensions import override

from syndicate.channels.api_reader import ReadLimits, read_items
from syndicate.cli.verify import read_copy
from syndicate.errors import DeliveryError, UsageError
from tests.cli.conftest import Run
from tests.web.app_client import AppClient, app_client

FAULTY_PAGES: Final = {
    "/loop": b'{"items": [], "next_url": "/loop"}',
    "/deep": b'{"items": ' + b"[" * 100_000,
    "/no-url": b'{"items": [], "next_url": "http://["}',
}


class _Pages(BaseHTTPRequestHandler):
    """Serves the sample application, whose URLs name another host, as behind a proxy."""

    site: ClassVar[AppClient] = app_client()

    def do_GET(self) -> None:
        """Answer as the application does."""
        response = self.site.get(self.path)
        faulty = FAULTY_PAGES.get(self.path)
        self.send_response(200 if faulty else response.status_code)
        self.end_headers()
        self.wfile.write(faulty or response.content)

    @override
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Return the URL of a service with sample posts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def items() -> list[dict[str, Any]]:
    """Return the items of a copy that is exact."""
    found: list[dict[str, Any]] = app_client().get("/v1/posts").json()["items"]
    return found


@pytest.mark.slow
def test_exact_copy_is_confirmed(
    run: Run, url: str, items: list[dict[str, Any]], tmp_path: Path
) -> None:
    """As items or as a feed; all pages of the service are read."""
    file = tmp_path / "copy.json"
    for document in (items, {"items": items}):
        file.write_text(json.dumps(document))
        for address in (url, f"{url}/", f"{url}/v1/posts?limit=1", f"{url}/feeds/all.json"):
            outcome = run("verify", address, file)
            assert (outcome.code, outcome.err) == (0, ""), address
            assert outcome.out == f"The copy equals the service: {len(items)} posts\n"


def test_differences_are_listed(
    run: Run, url: str, items: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line each, with the members that differ; as JSON as well."""
    first, second, third, *others = items
    copy = [first | {"title": "Other"}, second | {"content_html": ""}, *others, {"id": "tag:x"}]
    text = json.dumps(copy).encode()

    def run_with_copy(*arguments: str) -> Any:  # noqa: ANN401 — outcome of `run`
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
        return run("verify", *arguments)

    outcome = run_with_copy(url)
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        f"different        {first['url']}  (title)",
        "extra            tag:x",
        f"missing          {third['url']}",
        f"stale-rendering  {second['url']}  (content_html)",
        f"4 of {len(items)} posts differ",
    ]
    outcome = run_with_copy(url, "-", "--json")
    document = json.loads(outcome.out)
    assert (outcome.code, document["posts"]) == (1, len(items))
    assert document["differences"][0] == {
        "kind": "different",
        "id": first["id"],
        "url": first["url"],
        "members": ["title"],
    }


def test_one_post_is_counted_in_the_singular(
    run: Run, url: str, items: list[dict[str, Any]], tmp_path: Path
) -> None:
    """As in every message."""
    file = tmp_path / "copy.json"
    spanish = [item for item in items if item["language"] == "es"]
    file.write_text(json.dumps(spanish))
    outcome = run("verify", f"{url}/v1/posts?language=es", file)
    assert (outcome.code, outcome.out) == (0, "The copy equals the service: 1 post\n")


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '[{"id": 1}]', "7", "[" * 100_000, None])
def test_copy_without_items_is_wrong_usage(
    run: Run, url: str, tmp_path: Path, text: str | None
) -> None:
    """So is a file that cannot be read."""
    file = tmp_path / "copy.json"
    if text is not None:
        file.write_text(text)
    outcome = run("verify", url, file)
    assert outcome.code == 2
    assert str(file) in outcome.err


@pytest.mark.parametrize(
    "path",
    ["/v1/categories/none", "/healthz", "/robots.txt", "/v1/posts/x", "/loop", "/no-url", "/deep"],
)
def test_url_without_posts_is_a_failure(run: Run, url: str, tmp_path: Path, path: str) -> None:
    """The message names the URL."""
    (tmp_path / "copy.json").write_text("[]")
    outcome = run("verify", url + path, tmp_path / "copy.json")
    assert outcome.code == 1
    assert url + path in outcome.err


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (ReadLimits(pages=2), "more than 2 pages"),
        (ReadLimits(bytes=1_000), "more than 1,000 bytes"),
        (ReadLimits(seconds=0), "not read within 0 seconds"),
    ],
)
def test_endless_service_is_not_read_to_its_end(url: str, limits: ReadLimits, message: str) -> None:
    """The error names the page at which reading ended."""
    with pytest.raises(DeliveryError, match=message) as caught:
        read_items(f"{url}/v1/posts?limit=1", limits)
    assert url in caught.value.message


def test_copy_has_a_maximum_size() -> None:
    """Also where it comes from standard input."""
    with pytest.raises(UsageError, match="copy has more than 9 bytes"):
        read_copy(io.BytesIO(b'{"items": []}'), "copy", max_bytes=9)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nothing", "http://[", "ftp://127.0.0.1/a"])
def test_url_that_cannot_be_requested_is_a_failure(run: Run, tmp_path: Path, url: str) -> None:
    """Nobody listens there, or it is no URL of HTTP."""
    (tmp_path / "copy.json").write_text("[]")
    outcome = run("verify", url, tmp_path / "copy.json")
    assert outcome.code in (1, 2)
    assert outcome.err.startswith("Error: ")
