"""The real Varnish in front of the real service, as configured in deploy/."""

import contextlib
import gzip
import os
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

import httpx
import pytest

from syndicate.settings.schema import ServiceTable
from tests.project_documents import ROOT, find_program
from tests.system.cached_service import (
    ENCODINGS,
    FEED,
    POST,
    SHORT_LIVED,
    ServiceBehindCache,
    first_encoding,
    ready,
    wait_until,
)

CONFIGURATION: Final = ROOT / "deploy" / "varnish" / "syndicate.vcl"
BACKEND: Final = '.host = "{}";\n    .port = "{}";'


class CachedService(ServiceBehindCache):
    """A service with Varnish in front of it, both in ``folder``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        text = CONFIGURATION.read_text()
        service = ServiceTable()
        original = BACKEND.format(service.host, service.port)
        assert original in text
        self.configuration = folder / "syndicate.vcl"
        self.configuration.write_text(
            text.replace(original, BACKEND.format("127.0.0.1", self.behind))
        )

    def run_varnish(self) -> contextlib.AbstractContextManager[httpx.Client]:
        """Run Varnish and return an HTTP client for it; it needs a C compiler for the VCL."""
        find_program("cc")
        command = [
            *(find_program("varnishd"), "-F", "-n", str(self.folder / "varnish")),
            *("-a", f"127.0.0.1:{self.port}", "-f", str(self.configuration)),
            *("-s", "malloc,32m", "-j", "none"),
        ]
        return self.run_cache(command, os.environ)


@pytest.fixture
def cached_service(tmp_path: Path) -> CachedService:
    """Return a service and a cache that are not running yet."""
    return CachedService(tmp_path)


def status_of(response: httpx.Response) -> str:
    """Return Cache-Status without the name of the cache."""
    return str(response.headers["Cache-Status"]).removeprefix("varnish; ")


def titles(response: httpx.Response) -> list[str]:
    """Return the titles of the posts of a JSON feed."""
    return [item["title"] for item in response.json()["items"]]


@contextlib.contextmanager
def run_upstream(cached_service: CachedService) -> Iterator[list[str]]:
    """Respond in place of the service; yield its requests, each as a text of lines."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        """Keeps requests; all responses may be cached."""

        def do_GET(self) -> None:
            if self.path != "/readyz":
                received.append(f"{self.path}\n{self.headers}")
            self.send_response(200)
            self.send_header("Cache-Control", "public, max-age=300")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

    with ThreadingHTTPServer(("127.0.0.1", cached_service.behind), Handler) as upstream:
        Thread(target=upstream.serve_forever, daemon=True).start()
        try:
            yield received
        finally:
            upstream.shutdown()


def test_encodings_and_conditions_are_cached_separately(cached_service: CachedService) -> None:
    """Each encoding has one copy with its own ETag, which gives 304."""
    with cached_service.run_service(), cached_service.run_varnish() as client:
        wait_until(lambda: ready(client))
        plain = client.get(FEED)
        assert (status_of(plain), titles(plain)) == ("fwd=miss", ["A post 2", "A post 1"])
        again = client.get(FEED)
        assert (status_of(again), again.content) == ("hit", plain.content)
        for accepted, coding in ENCODINGS:
            assert first_encoding(client, accepted, posts=2) == coding
            coded = client.get(FEED, headers={"Accept-Encoding": accepted})
            assert (status_of(coded), coded.headers["Content-Encoding"]) == ("hit", coding)
            assert (coded.content, coded.headers["ETag"] != plain.headers["ETag"]) == (
                plain.content,
                True,
            )
        with client.stream("GET", FEED, headers={"Accept-Encoding": "gzip"}) as zipped:
            assert gzip.decompress(b"".join(zipped.iter_raw())) == plain.content
        for coding, expected in (("gzip;q=0.0, br;q=0", plain), ("x-gzip, gzip", zipped)):
            headers = {"Accept-Encoding": coding, "If-None-Match": expected.headers["ETag"]}
            known = client.get(FEED, headers=headers)
            assert (known.status_code, known.content, status_of(known)) == (304, b"", "hit")
            for name in ("ETag", "Cache-Control"):
                assert known.headers[name] == expected.headers[name]
        assert client.get(FEED, headers={"If-None-Match": '"other"'}).status_code == 200


def test_change_replaces_each_copy_without_a_purge(cached_service: CachedService) -> None:
    """Once its time is over, in each encoding that readers request."""
    with (
        cached_service.run_service(cache_seconds=1, stale_while_revalidate=1),
        cached_service.run_varnish() as client,
    ):
        wait_until(lambda: ready(client))
        for number, (accepted, coding) in enumerate(ENCODINGS, start=3):
            assert client.get(FEED, headers={"Accept-Encoding": accepted}).is_success
            path = f"posts/2024-01-0{number}-post.md"
            cached_service.repository.commit({path: POST.format(day=number)})
            assert first_encoding(client, accepted, posts=number) == coding


def test_stale_feed_is_served_while_the_service_is_down(cached_service: CachedService) -> None:
    """As long as the service allows; what is not in the cache is an error."""
    with cached_service.run_varnish() as client:
        with cached_service.run_service(**SHORT_LIVED):
            wait_until(lambda: ready(client))
            fresh = client.get(FEED)
            assert fresh.status_code == 200
        wait_until(lambda: status_of(client.get(FEED)) == "hit; detail=stale")
        for _ in range(3):
            stale = client.get(FEED)
            assert (stale.status_code, status_of(stale)) == (200, "hit; detail=stale")
            assert (stale.content, stale.headers["ETag"]) == (fresh.content, fresh.headers["ETag"])
        missing = client.get("/feeds/all.rss")
        assert (missing.status_code, missing.headers["Retry-After"]) == (503, "5")
        path = "posts/2024-01-03-post.md"
        cached_service.repository.commit({path: POST.format(day=3)})
        with cached_service.run_service(**SHORT_LIVED):
            wait_until(lambda: client.get("/feeds/all.rss").status_code == 200)
            wait_until(lambda: len(titles(client.get(FEED))) == 3)


def test_stale_feed_is_not_served_while_the_service_responds(
    cached_service: CachedService,
) -> None:
    """Though it may be used in an outage: `stale-while-revalidate` is 0."""
    with (
        cached_service.run_service(**SHORT_LIVED),
        cached_service.run_varnish() as client,
    ):
        wait_until(lambda: ready(client))
        statuses: set[str] = set()
        while "fwd=miss" not in statuses or len(statuses) < 2:
            statuses.add(status_of(client.get(FEED)))
            assert statuses <= {"fwd=miss", "hit"}
        cached_service.repository.commit({"posts/2024-01-03-post.md": POST.format(day=3)})
        wait_until(lambda: len(titles(client.get("/v1/posts"))) == 3)
        wait_until(lambda: status_of(client.get(FEED)) == "fwd=miss")
        assert len(titles(client.get(FEED))) == 3


def test_withdrawn_post_leaves_the_cache(cached_service: CachedService) -> None:
    """After the first request that finds the copy stale, also while the service is stopped."""
    with cached_service.run_varnish() as client:
        with cached_service.run_service(cache_seconds=1):
            wait_until(lambda: ready(client))
            post = client.get(FEED).json()["items"][0]
            key = post["_syndicate"]["self"].rpartition("/")[2]
            page = f"/posts/{key}"
            assert client.get(page).is_success
            cached_service.run_command("posts", "withdraw", key)
            wait_until(lambda: titles(client.get(FEED)) == ["A post 1"])
            wait_until(lambda: client.get(page).status_code == 404)
            headers = client.get(FEED).headers
            assert (headers["Cache-Control"], "X-Accel-Expires" in headers) == ("no-store", False)
        for _ in range(3):
            assert titles(client.get(FEED)) == ["A post 1"]
            assert client.get(page).status_code == 404


def test_page_of_a_feed_is_for_browsers_only(cached_service: CachedService) -> None:
    """A feed reader that sends Accept to the page is redirected, whatever is in the cache."""
    browser = {"Accept": "text/html, */*;q=0.8", "Cookie": "_ga=GA1.2.3"}
    with cached_service.run_service(), cached_service.run_varnish() as client:
        wait_until(lambda: ready(client))
        for query in ("", "?limit=1"):
            pages = [client.get(f"/feeds/all{query}", headers=browser) for _ in range(2)]
            assert [status_of(page) for page in pages] == ["fwd=miss", "hit"]
            for _ in range(2):
                headers = {"Accept": "application/rss+xml"}
                reader = client.get(f"/feeds/all{query}", headers=headers)
                assert reader.status_code == 302
                assert reader.headers["Location"].endswith(f"/feeds/all.rss{query}")
            page = client.get(f"/feeds/all{query}", headers={"Accept": "*/*"})
            assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
            assert status_of(client.get(f"/feeds/all{query}", headers=browser)) == "hit"


def test_uncacheable_requests_reach_the_service_each_time(cached_service: CachedService) -> None:
    """API and probes are passed on, and requests of people who are signed in."""
    requests: tuple[tuple[str, dict[str, str]], ...] = (
        ("/v1/posts", {}),
        ("/healthz", {}),
        ("/hub?a=1", {}),
        ("/check", {"Authorization": "Bearer token"}),
        ("/portal", {"Cookie": "a=b; __Host-session=secret"}),
        ("/portal", {"Cookie": "session=secret"}),
    )
    with run_upstream(cached_service) as received, cached_service.run_varnish() as client:
        for path, headers in requests:
            for _ in range(2):
                assert "Cache-Status" not in client.get(path, headers=headers).headers
            assert [text.partition("\n")[0] for text in received] == [path, path]
            assert all(value in received[0] for value in headers.values())
            received.clear()
        assert client.post("/hub", data={"hub.mode": "subscribe"}).is_success
        assert len(received) == 1


@pytest.mark.parametrize(
    "target",
    ["/metrics", "/metrics?a", "/%6Detrics", "/metric%73?a", "/metrics#a", "https://a/metrics"],
)
def test_no_spelling_of_the_metrics_reaches_the_service(
    cached_service: CachedService, target: str
) -> None:
    """The service decodes paths before it looks at them; encoded text elsewhere is passed on."""
    with run_upstream(cached_service) as received, cached_service.run_varnish() as client:
        wait_until(lambda: client.get("/healthz").is_success)
        received.clear()
        extensions = {"target": target.encode()}
        refused = client.get("/", extensions=extensions)
        assert (refused.status_code, received) == (404, [])
        for path in ("/assets/news/caf%C3%A9%20a.png", "/feeds/all?tag=%6Dap"):
            assert client.get(path).is_success
        assert len(received) == 2


def test_service_learns_client_and_request_id(cached_service: CachedService) -> None:
    """On cached and other paths, whatever the client says; no field of the cache is passed on."""
    sent = {
        "Host": "feeds.example.gov",
        "Cookie": "_ga=GA1.2.3",
        **dict.fromkeys(("X-Request-Id", "X-Coding", "X-Stale", "X-Cached"), "forged"),
    }
    with run_upstream(cached_service) as received, cached_service.run_varnish() as client:
        for path in (FEED, "/v1/posts"):
            assert client.get(path, headers=sent).is_success
    assert len(received) == 2
    for text in received:
        assert "\nHost: feeds.example.gov\n" in text
        assert "\nX-Forwarded-For: 127.0.0.1\n" in text
        assert re.search(r"\nX-Request-Id: \d{10}-\d+\n", text)
        assert "forged" not in text
    assert "Cookie" not in received[0]
