"""Readers of the feed that a site had before see no post twice, and none as new.

The previous feed is made by the site's own engine. A real reader polls it, its user reads
everything, and then its URL leads to the feed of this service.
"""

import asyncio
import html
import pathlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from reader import make_reader
from typing_extensions import override

from syndicate.settings import load
from tests.content_repository import Content, ContentRepository, git_environment
from tests.project_documents import find_program
from tests.running_service import get_rendered, running_service

TITLES = {f"Post {number}" for number in range(7)}
JEKYLL_FEED = """---
---
<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><id>{{ "feed" | absolute_url }}</id>
<updated>2024-03-01T00:00:00Z</updated>{% for post in site.posts %}
<entry><title>{{ post.title }}</title><id>{{ post.id | absolute_url | xml_escape }}</id>
<link href="{{ post.url | absolute_url }}"/><updated>{{ post.date | date_to_xmlschema }}</updated>
<content type="html">{{ post.content | xml_escape }}</content></entry>{% endfor %}</feed>
"""
WORDPRESS_FEED = "<rss version='2.0'><channel><title>News</title><link>https://agency.gov</link>{}</channel></rss>"


class FeedServer(ThreadingHTTPServer):
    """Serves ``body`` at every path, or with ``moved_to`` a redirect."""

    body: bytes = b""
    moved_to: str = ""
    redirected: int = 0


class FeedRequestHandler(BaseHTTPRequestHandler):
    """Answers for `FeedServer`."""

    server: FeedServer  # type: ignore[mutable-override]

    def do_GET(self) -> None:
        """Answer with the feed, or where it is now."""
        if self.server.moved_to:
            self.server.redirected += 1
            self.send_response(301)
            self.send_header("Location", self.server.moved_to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def feed_server(body: bytes) -> Iterator[tuple[FeedServer, str]]:
    """Yield a running server of the feed ``body``, and the URL of the feed."""
    with FeedServer(("127.0.0.1", 0), FeedRequestHandler) as server:
        server.body = body
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server, f"http://127.0.0.1:{server.server_port}/feed.xml"
        server.shutdown()
        thread.join()


@dataclass(frozen=True, kw_only=True)
class PreviousSite:
    """A site: the files of its repository, and how its feed was made from a checkout of them."""

    files: Mapping[str, Content]
    build: Callable[[pathlib.Path], bytes]
    suffix: str


def jekyll_site() -> PreviousSite:
    """Return a site with a feed like that of jekyll-feed; one permalink has another slug."""
    posts = {
        f"_posts/2024-02-0{number + 1}-post-{number}.md": f"---\ntitle: Post {number}\n"
        + ("permalink: /elsewhere/\n" if number == 3 else "")
        + "---\nWords.\n"
        for number in range(7)
    }

    def build(folder: pathlib.Path) -> bytes:
        out = str(folder / "_site")
        command = [find_program("jekyll"), "build", "-q", "-s", str(folder), "-d", out]
        subprocess.run(command, check=True, capture_output=True)
        return (folder / "_site" / "feed.xml").read_bytes()

    config = "url: https://agency.gov\nbaseurl: /news\npermalink: /:year/:title.html\n"
    files = {"_config.yml": config, "feed.xml": JEKYLL_FEED, **posts}
    return PreviousSite(files=files, build=build, suffix="atom")


def hugo_site() -> PreviousSite:
    """Return a site with the feed that Hugo writes by itself."""
    posts = {
        f"content/news/post-{number}.md": f"---\ntitle: Post {number}\n"
        f"date: 2024-02-0{number + 1}\n---\nWords.\n"
        for number in range(7)
    }

    def build(folder: pathlib.Path) -> bytes:
        subprocess.run([find_program("hugo"), "--quiet", "-s", folder], check=True)
        return (folder / "public" / "news" / "index.xml").read_bytes()

    files = {"hugo.toml": 'baseURL = "https://agency.gov/blog/"\ntitle = "News"\n', **posts}
    return PreviousSite(files=files, build=build, suffix="rss")


def wordpress_site() -> PreviousSite:
    """Return a Jekyll site whose posts an export of WordPress made, and the feed of WordPress."""
    posts = {
        f"_posts/2024-02-0{number + 1}-post-{number}.md": f"---\ntitle: Post {number}\n"
        f"guid: https://agency.gov/?p={number}\n---\nWords.\n"
        for number in range(7)
    }
    items = "".join(
        f"<item><title>Post {number}</title><link>https://agency.gov/2024/02/post-{number}/</link>"
        f"<guid isPermaLink='false'>https://agency.gov/?p={number}</guid>"
        f"<description>{html.escape('<p>Words.</p>')}</description></item>"
        for number in range(7)
    )
    return PreviousSite(
        files={"_config.yml": "url: https://agency.gov\n", **posts},
        build=lambda _: WORDPRESS_FEED.format(items).encode(),
        suffix="rss",
    )


SITES = {"jekyll": jekyll_site, "hugo": hugo_site, "wordpress": wordpress_site}


@dataclass
class ReaderProgram:
    """The reader of PyPI."""

    folder: pathlib.Path

    def poll(self, url: str) -> None:
        """Fetch the feed at ``url``."""
        with make_reader(str(self.folder / "reader.db")) as reader:
            reader.add_feed(url, exist_ok=True)
            reader.update_feed(url)

    def read_all(self) -> None:
        """Mark every post as read."""
        with make_reader(str(self.folder / "reader.db")) as reader:
            for entry in reader.get_entries():
                reader.mark_entry_as_read(entry)

    def posts(self) -> list[tuple[str, bool]]:
        """Return the title of each post, and whether it is new."""
        with make_reader(str(self.folder / "reader.db")) as reader:
            return [(entry.title or "", not entry.read) for entry in reader.get_entries()]


@dataclass
class Newsboat:
    """A reader for terminals."""

    folder: pathlib.Path

    def poll(self, url: str) -> None:
        """Fetch the feed at ``url``."""
        (self.folder / "urls").write_text(f"{url}\n")
        (self.folder / "config").touch()
        files = {"-u": "urls", "-c": "cache.db", "-C": "config"}
        options = [part for key, name in files.items() for part in (key, self.folder / name)]
        subprocess.run(
            [find_program("newsboat"), *options, "-x", "reload"],
            check=True,
            capture_output=True,
            env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            timeout=60,
        )

    def read_all(self) -> None:
        """Mark every post as read."""
        with closing(sqlite3.connect(self.folder / "cache.db")) as cache:
            cache.execute("UPDATE rss_item SET unread = 0")
            cache.commit()

    def posts(self) -> list[tuple[str, bool]]:
        """Return the title of each post, and whether it is new."""
        with closing(sqlite3.connect(self.folder / "cache.db")) as cache:
            rows = cache.execute("SELECT title, unread FROM rss_item WHERE deleted = 0")
            return [(title, bool(unread)) for title, unread in rows]


def previous_feed(site: PreviousSite, folder: pathlib.Path) -> bytes:
    """Commit the files of ``site`` to a repository in ``folder``; return the feed it had."""
    content = ContentRepository.create(folder / "content")
    content.commit(site.files)
    checkout = folder / "checkout"
    content.git("clone", "-q", str(content.path), str(checkout))
    return site.build(checkout)


@pytest.mark.parametrize("program", [ReaderProgram, Newsboat])
@pytest.mark.parametrize("engine", SITES)
async def test_readers_see_no_post_twice_and_none_as_new(
    tmp_path: pathlib.Path,
    engine: str,
    program: Callable[[pathlib.Path], ReaderProgram | Newsboat],
) -> None:
    """With the IDs that `init` proposes, or that the posts have themselves."""
    site = SITES[engine]()
    body = await asyncio.to_thread(previous_feed, site, tmp_path)
    settings = tmp_path / "syndicate.toml"
    await asyncio.to_thread(initialize, settings)
    user = program(tmp_path)
    with feed_server(body) as (server, url):
        await asyncio.to_thread(user.poll, url)
        assert sorted(user.posts()) == sorted((title, True) for title in TITLES)
        user.read_all()
        async with running_service(load(settings, {"SYNDICATE_SERVICE__PORT": "0"})) as client:
            path = f"/feeds/all.{site.suffix}"
            assert (await get_rendered(client, path)).status_code == 200
            server.moved_to = f"{str(client.base_url).rstrip('/')}{path}"
            await asyncio.to_thread(user.poll, url)
        assert server.redirected
    assert sorted(user.posts()) == sorted((title, False) for title in TITLES)


def initialize(settings: pathlib.Path) -> None:
    """Write ``settings`` with `syndicate init`, and follow its advice for a feed taken over."""
    repository = settings.parent / "content"
    subprocess.run(
        [sys.executable, "-m", "syndicate", "init", repository, "--out", settings],
        env=git_environment({"PYTHONPATH": "src"}),
        check=True,
        capture_output=True,
    )
    settings.write_text(settings.read_text().replace("# ids =", "ids ="))
