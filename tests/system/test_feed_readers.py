"""Common feed readers read every post in full, in each format, and use conditional requests."""

import asyncio
import html
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import atoma
import fastfeedparser
import feedparser
import httpx
import pytest
from reader import make_reader

from syndicate.settings import Settings, load
from tests.content_repository import ContentRepository
from tests.running_service import get_rendered, running_service

MARKUP_TITLE = 'Using <b>bold</b> & "q" 1 < 2'
PLAIN_TITLES = [f"Post {n}" for n in range(11)]
TITLES = {*PLAIN_TITLES, MARKUP_TITLE}
WORDS = "These are the words in full, to the very last one."


def reader_settings(folder: pathlib.Path) -> Settings:
    """Return settings for twelve posts, one with a title that careless programs misread."""
    content = ContentRepository.create(folder / "content")
    plain = {
        f"news/2024-01-{n + 1:02}-post.md": f"---\ntitle: {title}\n---\n{WORDS}\n"
        for n, title in enumerate(PLAIN_TITLES)
    }
    markup_post = f"---\ntitle: '{html.escape(MARKUP_TITLE, quote=False)}'\n---\n{WORDS}\n"
    content.commit({**plain, "news/2024-01-31-odd.md": markup_post})
    file = folder / "syndicate.toml"
    file.write_text(
        "[service]\nport = 0\ncache_seconds = 0\n"
        '[[sources]]\nname = "news"\nrepository = "content"\nfolders = ["news"]\n'
        'dialect = "news-and-blog"\nsite_url = "https://www.example.gov"\n'
    )
    return load(file, {})


async def requests_while_reading(folder: pathlib.Path, read: Callable[[str], None]) -> int:
    """Serve, call ``read`` with the base URL, and return the number of 304 responses."""
    async with running_service(reader_settings(folder)) as client:
        await get_rendered(client, "/feeds/all.json")
        before = await unchanged(client)
        await asyncio.to_thread(read, f"{str(client.base_url).rstrip('/')}/feeds/all")
        return await unchanged(client) - before


async def unchanged(client: httpx.AsyncClient) -> int:
    """Return the number of 304 responses from the metrics."""
    return sum(
        round(float(line.rpartition(" ")[2]))
        for line in (await client.get("/metrics")).text.splitlines()
        if line.startswith("syndicate_requests_total{") and 'status="304"' in line
    )


@pytest.mark.parametrize("suffix", ["rss", "atom"])
async def test_feedparser_reads_all_with_conditional_requests(
    tmp_path: pathlib.Path, suffix: str
) -> None:
    """The library that many readers use."""

    def read(base: str) -> None:
        first = feedparser.parse(f"{base}.{suffix}")
        assert not first.bozo
        assert {entry.title for entry in first.entries} >= set(PLAIN_TITLES)
        assert all(WORDS in entry.content[0].value for entry in first.entries)
        second = feedparser.parse(f"{base}.{suffix}", etag=first.etag, modified=first.modified)
        assert second.status == 304

    assert await requests_while_reading(tmp_path, read) == 1


@pytest.mark.parametrize("suffix", ["json", "rss", "atom"])
async def test_reader_library_reads_all_with_conditional_requests(
    tmp_path: pathlib.Path, suffix: str
) -> None:
    """A feed reader library with its own storage."""

    def read(base: str) -> None:
        with make_reader(":memory:") as reader:
            reader.add_feed(f"{base}.{suffix}")
            reader.update_feed(f"{base}.{suffix}")
            reader.update_feed(f"{base}.{suffix}")
            entries = list(reader.get_entries())
            assert {entry.title for entry in entries} == TITLES
            assert all(WORDS in entry.content[0].value for entry in entries)

    assert await requests_while_reading(tmp_path, read) == 1


async def test_atoma_reads_every_format(tmp_path: pathlib.Path) -> None:
    """A strict parser."""

    def read(base: str) -> None:
        body = {kind: httpx.get(f"{base}.{kind}").content for kind in ("json", "rss", "atom")}
        rss = atoma.parse_rss_bytes(body["rss"]).items
        assert {entry.title for entry in rss} == TITLES
        assert all(WORDS in entry.content_encoded for entry in rss)
        atom = atoma.parse_atom_bytes(body["atom"]).entries
        assert {entry.title.value for entry in atom} == TITLES
        assert all(WORDS in entry.content.value for entry in atom)
        feed = atoma.parse_json_feed(httpx.get(f"{base}.json").json()).items
        assert {entry.title for entry in feed} == TITLES
        assert all(WORDS in entry.content_html for entry in feed)

    await requests_while_reading(tmp_path, read)


@pytest.mark.parametrize("suffix", ["json", "rss", "atom"])
async def test_fastfeedparser_reads_every_format(tmp_path: pathlib.Path, suffix: str) -> None:
    """A fast parser."""

    def read(base: str) -> None:
        parsed: Any = fastfeedparser.parse(httpx.get(f"{base}.{suffix}").text)
        assert {entry.title for entry in parsed.entries} == TITLES
        assert all(WORDS in entry.content[0]["value"] for entry in parsed.entries)

    await requests_while_reading(tmp_path, read)


def run(folder: pathlib.Path, *command: str) -> None:
    """Run a program of the environment with ``folder`` as its home."""
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    subprocess.run(
        [str(pathlib.Path(sys.executable).parent / command[0]), *command[1:]],
        env={**os.environ, **home},
        check=True,
        capture_output=True,
        timeout=60,
    )


def mailed_subjects(folder: pathlib.Path) -> list[str]:
    """Return the mails in the maildirs below ``folder``."""
    return [file.read_text() for file in folder.rglob("new/*")]


@pytest.mark.parametrize("suffix", ["rss", "atom"])
async def test_rss2email_mails_every_post_once(tmp_path: pathlib.Path, suffix: str) -> None:
    """A program that mails new posts."""
    maildir = tmp_path / "mail"
    for subfolder in ("cur", "new", "tmp"):
        (maildir / "inbox" / subfolder).mkdir(parents=True)
    config = tmp_path / "rss2email.cfg"
    options = ("-c", str(config), "-d", str(tmp_path / "rss2email.json"))

    def read(base: str) -> None:
        run(tmp_path, "r2e", *options, "new", "reader@example.gov")
        text = config.read_text()
        for name, choice in (
            ("email-protocol", "maildir"),
            ("maildir-path", str(maildir)),
            ("maildir-mailbox", "inbox"),
        ):
            lines = [line for line in text.splitlines() if not line.startswith(f"{name} =")]
            text = "\n".join(lines).replace("[DEFAULT]", f"[DEFAULT]\n{name} = {choice}")
        config.write_text(text)
        run(tmp_path, "r2e", *options, "add", "office", f"{base}.{suffix}")
        run(tmp_path, "r2e", *options, "run")
        run(tmp_path, "r2e", *options, "run")

    assert await requests_while_reading(tmp_path, read) == 1
    assert len(mailed_subjects(maildir)) == len(TITLES)


@pytest.mark.parametrize("suffix", ["rss", "atom"])
async def test_feed2exec_delivers_every_post_once(tmp_path: pathlib.Path, suffix: str) -> None:
    """A program that passes on new posts."""
    options = ("--config", str(tmp_path / "f.ini"), "--database", str(tmp_path / "f.db"))

    def read(base: str) -> None:
        run(
            tmp_path,
            "feed2exec",
            *options,
            "add",
            "office",
            f"{base}.{suffix}",
            "--mailbox",
            str(tmp_path / "mail"),
        )
        run(tmp_path, "feed2exec", *options, "fetch")
        run(tmp_path, "feed2exec", *options, "fetch")

    assert await requests_while_reading(tmp_path, read) >= 1
    assert len(mailed_subjects(tmp_path / "mail")) == len(TITLES)
