"""Readers that are no Python libraries see order, dates, authors and pictures as they are.

SimplePie (which WordPress uses), ROME (Java) and gofeed (Go) are libraries: small programs in
`tests/data/readers` print what they read. newsboat and rss2email are readers of their own.
"""

import asyncio
import email
import email.policy
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
import pytest

from syndicate.settings import Settings, load
from tests.content_repository import ContentRepository
from tests.project_documents import find_program
from tests.running_service import get_rendered, running_service

READERS: Final = pathlib.Path(__file__).parents[1] / "data" / "readers"
PHP_LIBRARIES: Final = pathlib.Path("/usr/share/php")
JAVA_LIBRARIES: Final = pathlib.Path("/usr/share/java")
GO_LIBRARIES: Final = pathlib.Path("/usr/share/gocode")
JARS: Final = ("rome", "rome-utils", "jdom2", "slf4j-api", "slf4j-nop")
SITE: Final = "https://www.example.gov"
PHOTO: Final = f"{SITE}/img/door.png"
TALK: Final = f"{SITE}/audio/talk.mp3"
UPDATES_TITLE: Final = "Program updates"
COMMITTED: Final = datetime(2024, 3, 1, 12, 0, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPost:
    """A post as a reader sees it; times in UTC, None where the reader has none."""

    id: str
    title: str
    url: str
    published: datetime | None
    updated: datetime | None = None
    author: str = ""
    files: frozenset[str] = frozenset()


def two_sources(folder: pathlib.Path) -> Settings:
    """Return the settings of a service of two sources: authors, pictures and a recording."""
    content = ContentRepository.create(folder / "content")
    news = {
        f"news/2024-01-{day:02}-post.md": (
            f"---\ntitle: Post {day} & more\nauthor: Ada Example\n"
            "image: /img/door.png\nimage_alt: A door\n---\nWords.\n"
        )
        for day in range(1, 9)
    }
    talk = (
        "---\ntitle: A talk\ndate: 2024-01-20 10:30:00 -0500\naudio: /audio/talk.mp3\n---\nTalk.\n"
    )
    content.commit({"img/door.png": b"x" * 1_234, "audio/talk.mp3": b"y" * 99})
    content.commit({**news, "updates/talk.md": talk}, committed=COMMITTED)
    file = folder / "syndicate.toml"
    file.write_text(
        "[service]\nport = 0\ncache_seconds = 0\n"
        + "".join(
            f'[[sources]]\nname = "{name}"\ntitle = "{title}"\nrepository = "content"\n'
            f'folders = ["{name}"]\ndialect = "news-and-blog"\nsite_url = "{SITE}"\n'
            'timezone = "America/New_York"\n'
            for name, title in (("news", "Agency news"), ("updates", UPDATES_TITLE))
        )
    )
    return load(file, {})


def expected_posts(feed: Any) -> list[SeenPost]:  # noqa: ANN401 — JSON
    """Return the posts of the JSON feed, in order; those without an author have their source."""
    return [
        SeenPost(
            id=item["id"],
            title=item["title"],
            url=item["url"],
            published=datetime.fromisoformat(item["date_published"]).astimezone(UTC),
            updated=datetime.fromisoformat(item["date_modified"]).astimezone(UTC),
            author=item["author"]["name"] if "author" in item else "",
            files=frozenset(
                [*filter(None, [item.get("image")])]
                + [attachment["url"] for attachment in item.get("attachments", ())]
            ),
        )
        for item in feed["items"]
    ]


Check = Callable[[str, list[SeenPost]], Awaitable[None]]


async def with_service(folder: pathlib.Path, check: Check) -> None:
    """Serve two sources and call ``check`` with the URL of all posts and the expected posts."""
    async with running_service(two_sources(folder)) as client:
        feed = (await get_rendered(client, "/feeds/all.json")).json()
        posts = expected_posts(feed)
        assert len(posts) == 9
        assert {post.updated for post in posts} == {COMMITTED}
        assert posts[0].files == {TALK}
        assert all(post.files == {PHOTO} for post in posts[1:])
        await check(f"{str(client.base_url).rstrip('/')}/feeds/all", posts)


def run_program(*command: str, document: bytes = b"", environment: Mapping[str, str] = {}) -> bytes:
    """Run a reader with further variables in its ``environment``, and return its output."""
    return subprocess.run(
        command,
        input=document,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        timeout=100,
    ).stdout


def moment(text: str) -> datetime | None:
    """Return a time of a reader, None if it has none."""
    return datetime.fromisoformat(text) if text else None


async def compare(
    url: str,
    posts: Sequence[SeenPost],
    read: Callable[[bytes], list[SeenPost]],
    *,
    has_updated: bool = False,
    has_images: bool = True,
) -> None:
    """Compare what ``read`` sees in the feed at ``url`` with ``posts``, in their order."""
    async with httpx.AsyncClient() as client:
        document = (await client.get(url)).content
    seen = await asyncio.to_thread(read, document)
    assert [post.id for post in seen] == [post.id for post in posts]
    for found, post in zip(seen, posts, strict=True):
        author = post.author or (UPDATES_TITLE if url.endswith(".atom") else "")
        assert (found.title, found.url, found.author) == (post.title, post.url, author)
        assert found.published == post.published
        assert (post.files if has_images else post.files - {PHOTO}) <= found.files
        if has_updated:
            assert found.updated == post.updated


def library_posts(output: bytes) -> list[SeenPost]:
    """Return the posts in the JSON that the program of a library prints."""
    return [
        SeenPost(
            id=item["id"],
            title=item["title"],
            url=item["url"],
            published=moment(item["date"]),
            updated=moment(item["updated"]),
            author=item["author"],
            files=frozenset(url.rstrip("?#") for url in item["images"]),
        )
        for item in json.loads(output)
    ]


async def test_simplepie_sees_the_posts(tmp_path: pathlib.Path) -> None:
    """The date of an RSS item is that of its publication, not of the last change."""
    php = find_program("php")
    if not (PHP_LIBRARIES / "simplepie").is_dir():
        pytest.skip("SimplePie (libphp-simplepie) is not installed")

    def read(document: bytes) -> list[SeenPost]:
        return library_posts(run_program(php, str(READERS / "simplepie.php"), document=document))

    async def check(base: str, posts: list[SeenPost]) -> None:
        for suffix in ("rss", "atom"):
            await compare(f"{base}.{suffix}", posts, read)

    await with_service(tmp_path, check)


async def test_rome_sees_the_posts(tmp_path: pathlib.Path) -> None:
    """It reads a part of a second with six digits as milliseconds, so there must be none."""
    java = find_program("java")
    jars = [JAVA_LIBRARIES / f"{name}.jar" for name in JARS]
    if not all(jar.exists() for jar in jars):
        pytest.skip("ROME (librome-java) is not installed")

    def read(document: bytes) -> list[SeenPost]:
        path = ":".join(map(str, jars))
        output = run_program(java, "-cp", path, str(READERS / "Rome.java"), document=document)
        rows = [line.split("\t") for line in output.decode().splitlines()]
        return [
            SeenPost(
                id=row[0],
                title=row[1],
                url=row[2],
                published=moment(row[3]),
                updated=moment(row[4]),
                author=row[5],
                files=frozenset(row[6].split()),
            )
            for row in rows
        ]

    async def check(base: str, posts: list[SeenPost]) -> None:
        await compare(f"{base}.rss", posts, read)
        await compare(f"{base}.atom", posts, read, has_updated=True)

    await with_service(tmp_path, check)


async def test_gofeed_sees_the_posts(tmp_path: pathlib.Path) -> None:
    """Its entries have the image as an enclosure."""
    go = find_program("go")
    if not (GO_LIBRARIES / "src" / "github.com" / "mmcdole" / "gofeed").is_dir():
        pytest.skip("gofeed (golang-github-mmcdole-gofeed-dev) is not installed")
    program, cache = tmp_path / "gofeed", tmp_path / "go-cache"
    environment = {"GO111MODULE": "off", "GOPATH": str(GO_LIBRARIES), "GOCACHE": str(cache)}
    run_program(
        go,
        "build",
        "-o",
        str(program),
        str(READERS / "gofeed" / "main.go"),
        environment=environment,
    )

    def read(document: bytes) -> list[SeenPost]:
        return library_posts(run_program(str(program), document=document))

    async def check(base: str, posts: list[SeenPost]) -> None:
        await compare(f"{base}.rss", posts, read)
        await compare(f"{base}.atom", posts, read, has_updated=True)

    await with_service(tmp_path, check)


async def test_newsboat_sees_the_posts(tmp_path: pathlib.Path) -> None:
    """Its cache has the posts with the dates of publication, and recordings, but no images."""
    newsboat = find_program("newsboat")

    def reload(url: str, name: str) -> list[SeenPost]:
        urls, cache = tmp_path / f"{name}.urls", tmp_path / f"{name}.db"
        urls.write_text(f"{url}\n")
        files = ("-u", str(urls), "-c", str(cache), "-C", "/dev/null")
        run_program(newsboat, *files, "-x", "reload", environment={"HOME": str(tmp_path)})
        with closing(sqlite3.connect(cache)) as database:
            rows = database.execute(
                "SELECT guid, title, url, pubDate, author, enclosure_url FROM rss_item"
                " ORDER BY pubDate DESC, id"
            ).fetchall()
        return [
            SeenPost(
                id=guid,
                title=title,
                url=link,
                published=datetime.fromtimestamp(published, UTC),
                author=author,
                files=frozenset([enclosure] if enclosure else []),
            )
            for guid, title, link, published, author, enclosure in rows
        ]

    async def check(base: str, posts: list[SeenPost]) -> None:
        for suffix in ("rss", "atom"):

            def read(_: bytes, suffix: str = suffix) -> list[SeenPost]:
                return reload(f"{base}.{suffix}", suffix)

            await compare(f"{base}.{suffix}", posts, read, has_images=False)

    await with_service(tmp_path, check)


def mails(url: str, folder: pathlib.Path, date: str) -> list[SeenPost]:
    """Return what rss2email mails of a feed, dated by ``date``, in no order."""
    r2e = str(pathlib.Path(sys.executable).parent / "r2e")
    for subfolder in ("cur", "new", "tmp"):
        (folder / "mail" / "inbox" / subfolder).mkdir(parents=True)
    config, data = folder / "rss2email.cfg", folder / "rss2email.json"
    config.write_text(
        "[DEFAULT]\nto = reader@example.gov\nfrom = feeds@example.gov\ndate-header = True\n"
        f"date-header-order = {date}\n"
        "name-format = {author}\nemail-protocol = maildir\nmaildir-mailbox = inbox\n"
        f"maildir-path = {folder / 'mail'}\n"
    )
    options = ("-c", str(config), "-d", str(data))
    for command in (("add", "agency", url), ("run",)):
        run_program(r2e, *options, *command, environment={"HOME": str(folder)})
    parsed = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in (folder / "mail").rglob("new/*")
    ]
    return [
        SeenPost(
            id="",
            title=mail["Subject"],
            url="",
            published=parsedate_to_datetime(mail["Date"]).astimezone(UTC),
            author=mail["From"].addresses[0].display_name,
        )
        for mail in parsed
    ]


@pytest.mark.parametrize("date", ["issued", "modified"])
async def test_rss2email_mails_the_posts(tmp_path: pathlib.Path, date: str) -> None:
    """Dated by publication or, by default, by the last change, with author and title."""

    async def check(base: str, posts: list[SeenPost]) -> None:
        for suffix in ("rss", "atom"):
            folder = tmp_path / suffix
            seen = await asyncio.to_thread(mails, f"{base}.{suffix}", folder, date)
            dates = {
                (post.title, post.published if date == "issued" else post.updated) for post in posts
            }
            assert {(post.title, post.published) for post in seen} == dates
            by_ada = [post.title for post in seen if post.author == "Ada Example"]
            assert len(by_ada) == len(posts) - 1

    await with_service(tmp_path, check)
