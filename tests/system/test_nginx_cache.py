"""The real nginx in front of the real service, configured for a host and for compose."""

import contextlib
import gzip
import os
import re
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final, NamedTuple

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

HTTP_BLOCK: Final = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
{user}
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/syndicate.conf;
}}
"""


class NginxConfiguration(NamedTuple):
    """A configuration in deploy/, and the parts that differ on a test machine."""

    file: str
    upstream: str
    cache: str


HOST_CONFIGURATION: Final = NginxConfiguration(
    "nginx.conf", "127.0.0.1:8000", "/var/cache/nginx-syndicate"
)
COMPOSE_CONFIGURATION: Final = NginxConfiguration(
    "nginx.compose.conf", "serve:8000", "/var/cache/nginx/syndicate"
)


class CachedService(ServiceBehindCache):
    """A service with nginx in front of it, both in ``folder``."""

    def __init__(self, folder: Path, configuration: NginxConfiguration) -> None:
        super().__init__(folder)
        self.deployed = configuration
        self.configure()

    def configure(self) -> None:
        """Write the configuration with the paths of this machine."""
        text = (ROOT / "deploy" / self.deployed.file).read_text()
        for original, replacement in (
            (f"server {self.deployed.upstream};", f"server 127.0.0.1:{self.behind};"),
            ("listen 8080", f"listen 127.0.0.1:{self.port}"),
            (self.deployed.cache, str(self.folder / "cache")),
        ):
            assert original in text
            text = text.replace(original, replacement)
        (self.folder / "syndicate.conf").write_text(text)
        user = "user root;" if os.getuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(HTTP_BLOCK.format(folder=self.folder, user=user))

    @property
    def nginx_command(self) -> list[str]:
        """The first words of every nginx command."""
        file = str(self.folder / "nginx.conf")
        return [find_program("nginx"), "-p", str(self.folder), "-c", file]

    def run_nginx(self) -> contextlib.AbstractContextManager[httpx.Client]:
        """Run nginx and return an HTTP client for it."""
        return self.run_cache(self.nginx_command, os.environ)


@pytest.fixture(params=[HOST_CONFIGURATION, COMPOSE_CONFIGURATION], ids=["host", "compose"])
def cached_service(tmp_path: Path, request: pytest.FixtureRequest) -> CachedService:
    """Return a service and a cache that are not running yet."""
    return CachedService(tmp_path, request.param)


def test_nginx_accepts_the_configuration(cached_service: CachedService) -> None:
    """`nginx -t` prints no error and no warning."""
    completed = subprocess.run(
        [*cached_service.nginx_command, "-t", "-q"], check=False, capture_output=True, text=True
    )
    assert (completed.returncode, completed.stderr) == (0, "")


def without_comments(deployed: NginxConfiguration) -> str:
    """Return a configuration with placeholders for what differs between deployments."""
    text = (ROOT / "deploy" / deployed.file).read_text()
    text = text.replace(deployed.upstream, "UPSTREAM").replace(deployed.cache, "CACHE")
    return re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)


def test_both_configurations_differ_in_upstream_and_cache_only() -> None:
    """Everything else is equal."""
    assert without_comments(HOST_CONFIGURATION) == without_comments(COMPOSE_CONFIGURATION)


def test_host_configuration_names_no_compose_service() -> None:
    """The upstream is the default of `serve`; the parent of the cache exists."""
    service = ServiceTable()
    assert f"{service.host}:{service.port}" == HOST_CONFIGURATION.upstream
    assert Path(HOST_CONFIGURATION.cache).parent.is_dir()


def test_first_response_after_a_start_is_compressed(cached_service: CachedService) -> None:
    """Without that, the cache would keep an uncompressed response."""
    with cached_service.run_service(), cached_service.run_nginx() as client:
        wait_until(lambda: ready(client))
        for accepted, coding in ENCODINGS:
            assert first_encoding(client, accepted, posts=2) == coding


def test_first_response_after_a_change_is_compressed(cached_service: CachedService) -> None:
    """In each encoding that readers request."""
    with (
        cached_service.run_service(cache_seconds=1, stale_while_revalidate=0),
        cached_service.run_nginx() as client,
    ):
        wait_until(lambda: ready(client))
        for number, (accepted, coding) in enumerate(ENCODINGS, start=3):
            assert len(client.get(FEED, headers={"Accept-Encoding": accepted}).content) > 0
            path = f"posts/2024-01-0{number}-post.md"
            cached_service.repository.commit({path: POST.format(day=number)})
            assert first_encoding(client, accepted, posts=number) == coding


def test_response_with_large_headers_passes(cached_service: CachedService) -> None:
    """A long query makes long `Link` fields; nginx's default of 4 kB gives 502."""

    class Handler(BaseHTTPRequestHandler):
        """Responds with 12 kB of header fields."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Link", "<" + "a" * 12_000 + '>; rel="self"')
            self.send_header("Content-Length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", cached_service.behind), Handler) as upstream:
        Thread(target=upstream.serve_forever, daemon=True).start()
        try:
            with cached_service.run_nginx() as client:
                for path in (FEED, "/v1/posts"):
                    response = client.get(path)
                    assert response.status_code == 200
                    assert len(response.headers["Link"]) > 12_000
        finally:
            upstream.shutdown()


def test_service_learns_client_and_request_id(cached_service: CachedService) -> None:
    """On cached and other paths; the service limits the requests of each client."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        """Keeps the header fields of requests."""

        def do_GET(self) -> None:
            received.append(self.headers)
            self.send_response(204)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", cached_service.behind), Handler) as upstream:
        Thread(target=upstream.serve_forever, daemon=True).start()
        try:
            with cached_service.run_nginx() as client:
                for path in (FEED, "/v1/posts"):
                    client.get(path, headers={"Host": "feeds.example.gov"})
        finally:
            upstream.shutdown()
    assert len(received) == 2
    for headers in received:
        assert (headers["Host"], headers["X-Forwarded-For"]) == ("feeds.example.gov", "127.0.0.1")
        assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-Id"])


def test_encodings_and_conditions_are_cached_separately(cached_service: CachedService) -> None:
    """Each encoding has one entry with its own ETag, which gives 304."""
    with cached_service.run_service(), cached_service.run_nginx() as client:
        wait_until(lambda: ready(client))
        plain = client.get(FEED)
        assert plain.headers["Cache-Status"] == "nginx; fwd=miss"
        assert [item["title"] for item in plain.json()["items"]] == ["A post 2", "A post 1"]
        second_response = client.get(FEED)
        assert second_response.headers["Cache-Status"] == "nginx; hit"
        assert second_response.content == plain.content
        first = client.get(FEED, headers={"Accept-Encoding": "deflate, gzip;q=0.8, br;q=0"})
        assert first.headers["Cache-Status"] == "nginx; fwd=miss"
        with client.stream("GET", FEED, headers={"Accept-Encoding": "gzip"}) as coded:
            body = b"".join(coded.iter_raw())
        assert coded.headers["Cache-Status"] == "nginx; hit"
        assert coded.headers["Content-Encoding"] == "gzip"
        assert coded.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(body) == plain.content
        assert coded.headers["ETag"] != plain.headers["ETag"]
        for coding, expected in (("gzip;q=0.0, br;q=0", plain), ("x-gzip, gzip", coded)):
            condition = f'"other", {expected.headers["ETag"]}'
            headers = {"Accept-Encoding": coding, "If-None-Match": condition}
            known = client.get(FEED, headers=headers)
            assert (known.status_code, known.content) == (304, b"")
            assert known.headers["ETag"] == expected.headers["ETag"]
            assert known.headers["Cache-Control"] == expected.headers["Cache-Control"]
        assert client.get(FEED, headers={"If-None-Match": '"other"'}).status_code == 200


def test_withdrawn_post_leaves_the_cache(cached_service: CachedService) -> None:
    """After the first request that finds the copy stale, also while the service is stopped."""
    with cached_service.run_nginx() as client:
        with cached_service.run_service(cache_seconds=1):
            wait_until(lambda: ready(client))
            post = client.get(FEED).json()["items"][0]
            key = post["_syndicate"]["self"].rpartition("/")[2]
            page = f"/posts/{key}"
            assert client.get(page).is_success
            cached_service.run_command("posts", "withdraw", key)
            wait_until(lambda: len(client.get(FEED).json()["items"]) == 1)
            wait_until(lambda: client.get(page).status_code == 404)
            headers = client.get(FEED).headers
            assert (headers["Cache-Control"], "X-Accel-Expires" in headers) == ("no-store", False)
        assert len(client.get(FEED).json()["items"]) == 1
        assert client.get(page).status_code == 404


def test_page_of_a_feed_is_cached_for_browsers_only(cached_service: CachedService) -> None:
    """A feed reader that sends Accept to the page is redirected, whatever is in the cache."""
    browser = {"Accept": "text/html, */*;q=0.8"}
    with cached_service.run_service(), cached_service.run_nginx() as client:
        wait_until(lambda: ready(client))
        for query in ("", "?limit=1"):
            statuses = [
                client.get(f"/feeds/all{query}", headers=browser).headers["Cache-Status"]
                for _ in range(2)
            ]
            assert statuses == ["nginx; fwd=miss", "nginx; hit"]
            reader = client.get(f"/feeds/all{query}", headers={"Accept": "application/rss+xml"})
            assert reader.status_code == 302
            assert reader.headers["Location"].endswith(f"/feeds/all.rss{query}")
            page = client.get(f"/feeds/all{query}", headers={"Accept": "*/*"})
            assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
        feeds = [
            client.get("/feeds/all.rss", headers={"Accept": accept})
            for accept in ("*/*", "application/rss+xml")
        ]
        assert feeds[-1].headers["Cache-Status"] == "nginx; hit"


def test_uncacheable_paths_reach_the_service_each_time(cached_service: CachedService) -> None:
    """API and probes are passed on; metrics are not public."""
    with cached_service.run_service(), cached_service.run_nginx() as client:
        wait_until(lambda: ready(client))
        key = client.get("/v1/posts").json()["items"][0]["_syndicate"]["self"].rpartition("/")[2]
        post = client.get(f"/v1/posts/{key}")
        assert "Cache-Status" not in post.headers
        condition = {"If-None-Match": post.headers["ETag"]}
        assert client.get(f"/v1/posts/{key}", headers=condition).status_code == 304
        assert client.get("/healthz").status_code == 200
        for target in ("/metrics", "/%6Detrics", "/metric%73?a", "/metrics#a", "https://a/metrics"):
            refused = client.get("/", extensions={"target": target.encode()})
            assert (refused.status_code, "<center>nginx" in refused.text) == (404, True), target


def test_stale_feed_is_served_while_the_service_is_down(cached_service: CachedService) -> None:
    """A stale feed is served as long as the service allows."""
    with cached_service.run_nginx() as client:
        with cached_service.run_service(**SHORT_LIVED):
            wait_until(lambda: ready(client))
            fresh = client.get(FEED)
            assert fresh.status_code == 200
        wait_until(lambda: "stale" in client.get(FEED).headers["Cache-Status"])
        stale = client.get(FEED)
        assert stale.status_code == 200
        assert (stale.content, stale.headers["ETag"]) == (fresh.content, fresh.headers["ETag"])
        assert client.get("/feeds/all.rss").status_code == 502
        with cached_service.run_service(**SHORT_LIVED):
            wait_until(lambda: client.get("/feeds/all.rss").status_code == 200)
