"""The real nginx in front of the real service, configured as for a host and as for compose."""

import contextlib
import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final, NamedTuple

import httpx
import pytest

from syndicate.settings.tables import ServiceTable
from tests.content_repository import ContentRepository, environment
from tests.documents import ROOT, program

PATIENCE: Final = 60
"""Seconds for anything to happen on a busy machine."""

AROUND: Final = """
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
SETTINGS: Final = """
[service]
title = "Example agency feeds"
public_url = "https://feeds.example.gov"

[[sources]]
name = "news"
repository = "repository"
folders = ["posts"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
"""
POST: Final = "---\ntitle: A post {day}\n---\n" + "Many words that compress well. " * 40


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def until(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextlib.contextmanager
def running(command: list[str], environ: Mapping[str, str], port: int) -> Iterator[None]:
    """Run a server until the end of the block, from when it listens on ``port``."""

    def listens() -> bool:
        assert process.poll() is None
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        return False

    with subprocess.Popen(command, env={**environ}, stderr=subprocess.DEVNULL) as process:
        try:
            until(listens)
            yield
        finally:  # asked, because who is killed cannot end the processes it started
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


class Deployed(NamedTuple):
    """A configuration in deploy/, and what of it is different on the machine of a test."""

    file: str
    upstream: str
    cache: str


HOST: Final = Deployed("nginx.conf", "127.0.0.1:8000", "/var/cache/nginx-syndicate")
COMPOSE: Final = Deployed("nginx.compose.conf", "serve:8000", "/var/cache/nginx/syndicate")


class Front:
    """A service of two posts and the nginx before it, both in ``folder``."""

    def __init__(self, folder: Path, deployed: Deployed) -> None:
        self.folder = folder
        self.deployed = deployed
        self.behind = free_port()
        self.port = free_port()
        self.repository = ContentRepository.create(folder / "repository", bare=True)
        posts = {f"posts/2024-01-0{day}-post.md": POST.format(day=day) for day in (1, 2)}
        self.repository.commit(posts)
        (folder / "syndicate.toml").write_text(SETTINGS)
        self.configure()

    def configure(self) -> None:
        """Write the configuration as it is deployed, with places of this machine."""
        text = (ROOT / "deploy" / self.deployed.file).read_text()
        for deployed, here in (
            (f"server {self.deployed.upstream};", f"server 127.0.0.1:{self.behind};"),
            ("listen 8080", f"listen 127.0.0.1:{self.port}"),
            (self.deployed.cache, str(self.folder / "cache")),
        ):
            assert deployed in text
            text = text.replace(deployed, here)
        (self.folder / "syndicate.conf").write_text(text)
        user = "user root;" if os.getuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(AROUND.format(folder=self.folder, user=user))

    @property
    def nginx(self) -> list[str]:
        """The start of a command line of nginx."""
        return [program("nginx"), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def service(self, **settings: int) -> contextlib.AbstractContextManager[None]:
        """Serve with ``settings`` of [service]."""
        environ = {f"SYNDICATE_SERVICE__{name.upper()}": str(v) for name, v in settings.items()}
        return running(
            [sys.executable, "-m", "syndicate", "serve"],
            {
                **environment(environ),
                "PYTHONPATH": str(ROOT / "src"),
                "SYNDICATE_CONFIG": str(self.folder / "syndicate.toml"),
                "SYNDICATE_SERVICE__PORT": str(self.behind),
            },
            self.behind,
        )

    @contextlib.contextmanager
    def cache(self) -> Iterator[httpx.Client]:
        """Run nginx and yield a client of it."""
        with (
            running(self.nginx, os.environ, self.port),
            httpx.Client(
                base_url=f"http://127.0.0.1:{self.port}",
                headers={"Accept-Encoding": "identity"},
                timeout=PATIENCE,
            ) as client,
        ):
            yield client


@pytest.fixture(params=[HOST, COMPOSE], ids=["host", "compose"])
def front(tmp_path: Path, request: pytest.FixtureRequest) -> Front:
    """Return a service and a cache that do not run yet."""
    return Front(tmp_path, request.param)


def test_nginx_takes_the_configuration(front: Front) -> None:
    """No word of it is unknown or doubtful to nginx."""
    done = subprocess.run([*front.nginx, "-t", "-q"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def without_comments(deployed: Deployed) -> str:
    """Return a configuration, in which what differs between machines has the name of its place."""
    text = (ROOT / "deploy" / deployed.file).read_text()
    text = text.replace(deployed.upstream, "UPSTREAM").replace(deployed.cache, "CACHE")
    return re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)


def test_both_configurations_differ_in_upstream_and_cache_only() -> None:
    """A change of one is a change of the other."""
    assert without_comments(HOST) == without_comments(COMPOSE)


def test_configuration_for_a_host_names_nothing_that_a_host_lacks() -> None:
    """The upstream is where `serve` listens by default, and the folder above the cache exists."""
    service = ServiceTable()
    assert f"{service.host}:{service.port}" == HOST.upstream
    assert Path(HOST.cache).parent.is_dir()


FEED: Final = "/feeds/all.json"
CODINGS: Final = (("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0.5, gzip;q=0", "br"))
"""What readers accept, and what they are sent."""


def first_coding(client: httpx.Client, accepted: str, posts: int) -> str:
    """Return the coding of the first response that has ``posts`` posts."""
    while True:
        response = client.get(FEED, headers={"Accept-Encoding": accepted})
        if response.is_success and len(response.json()["items"]) == posts:
            return str(response.headers.get("Content-Encoding", "none"))
        time.sleep(0.05)


def test_first_response_after_a_start_is_compressed(front: Front) -> None:
    """The cache keeps it for `cache_seconds`, so an uncompressed one would stay for minutes."""
    with front.service(), front.cache() as client:
        until(lambda: ready(client))
        for accepted, coding in CODINGS:
            assert first_coding(client, accepted, posts=2) == coding


def test_first_response_after_a_change_is_compressed(front: Front) -> None:
    """For each coding that readers ask for."""
    with front.service(cache_seconds=1, stale_while_revalidate=0), front.cache() as client:
        until(lambda: ready(client))
        for number, (accepted, coding) in enumerate(CODINGS, start=3):
            assert len(client.get(FEED, headers={"Accept-Encoding": accepted}).content) > 0
            path = f"posts/2024-01-0{number}-post.md"
            front.repository.commit({path: POST.format(day=number)})
            assert first_coding(client, accepted, posts=number) == coding


def test_response_with_a_head_of_several_kilobytes_passes(front: Front) -> None:
    """A long query makes long `Link` fields; with nginx's default of 4 kB it would be a 502."""

    class Handler(BaseHTTPRequestHandler):
        """Answers with a head of 12 kB."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Link", "<" + "a" * 12_000 + '>; rel="self"')
            self.send_header("Content-Length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", front.behind), Handler) as upstream:
        Thread(target=upstream.serve_forever, daemon=True).start()
        try:
            with front.cache() as client:
                for path in (FEED, "/v1/posts"):
                    response = client.get(path)
                    assert response.status_code == 200
                    assert len(response.headers["Link"]) > 12_000
        finally:
            upstream.shutdown()


def ready(client: httpx.Client) -> bool:
    """Tell whether the service answers through the cache, and has rendered its posts."""
    return client.get("/readyz").is_success and client.get("/v1/posts").is_success


def test_codings_and_conditions_are_kept_apart(front: Front) -> None:
    """Each coding is one entry with its own ETag however it is spelled; its ETag gives a 304."""
    with front.service(), front.cache() as client:
        until(lambda: ready(client))
        plain = client.get(FEED)
        assert plain.headers["Cache-Status"] == "nginx; fwd=miss"
        assert [item["title"] for item in plain.json()["items"]] == ["A post 2", "A post 1"]
        again = client.get(FEED)
        assert again.headers["Cache-Status"] == "nginx; hit"
        assert again.content == plain.content
        first = client.get(FEED, headers={"Accept-Encoding": "deflate, gzip;q=0.8, br;q=0"})
        assert first.headers["Cache-Status"] == "nginx; fwd=miss"
        with client.stream("GET", FEED, headers={"Accept-Encoding": "gzip"}) as coded:
            body = b"".join(coded.iter_raw())
        assert coded.headers["Cache-Status"] == "nginx; hit"
        assert coded.headers["Content-Encoding"] == "gzip"
        assert coded.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(body) == plain.content
        assert coded.headers["ETag"] != plain.headers["ETag"]
        for coding, answer in (("gzip;q=0.0, br;q=0", plain), ("x-gzip, gzip", coded)):
            condition = f'"other", {answer.headers["ETag"]}'
            headers = {"Accept-Encoding": coding, "If-None-Match": condition}
            known = client.get(FEED, headers=headers)
            assert (known.status_code, known.content) == (304, b"")
            assert known.headers["ETag"] == answer.headers["ETag"]
            assert known.headers["Cache-Control"] == answer.headers["Cache-Control"]
        assert client.get(FEED, headers={"If-None-Match": '"other"'}).status_code == 200


def test_what_must_be_true_now_is_asked_for_each_time(front: Front) -> None:
    """The API passes with its conditions; probes pass, and the metrics are not for everybody."""
    with front.service(), front.cache() as client:
        until(lambda: ready(client))
        key = client.get("/v1/posts").json()["items"][0]["_syndicate"]["self"].rpartition("/")[2]
        post = client.get(f"/v1/posts/{key}")
        assert "Cache-Status" not in post.headers
        condition = {"If-None-Match": post.headers["ETag"]}
        assert client.get(f"/v1/posts/{key}", headers=condition).status_code == 304
        assert client.get("/healthz").status_code == 200
        assert client.get("/metrics").status_code == 404


def test_readers_do_not_notice_that_the_service_is_down(front: Front) -> None:
    """After its time a feed is stale, and served as long as the service allows and is away."""
    with front.cache() as client:
        with front.service(cache_seconds=1, stale_while_revalidate=0, stale_if_error=60):
            until(lambda: ready(client))
            fresh = client.get(FEED)
            assert fresh.status_code == 200
        until(lambda: "stale" in client.get(FEED).headers["Cache-Status"])
        stale = client.get(FEED)
        assert stale.status_code == 200
        assert (stale.content, stale.headers["ETag"]) == (fresh.content, fresh.headers["ETag"])
        assert client.get("/feeds/all.rss").status_code == 502
        with front.service(cache_seconds=1, stale_while_revalidate=0, stale_if_error=60):
            until(lambda: client.get("/feeds/all.rss").status_code == 200)
