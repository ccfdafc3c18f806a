"""Readers who know dates alone, no tags: they get whatever is new to them."""

import pathlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.content_repository import ContentRepository
from tests.service.conftest import FIRST, POST, SETTINGS
from tests.service.running_site import commit_and_wait, running_site, wait_until
from tests.web.app_client import AppClient, AppResponse
from tests.web.http.live_server import exchange_bytes, serve_app

pytestmark = pytest.mark.anyio

PATHS = ("/feeds/all.json", "/feeds/news.atom", "/feeds/all", "/v1/posts")
Change = Callable[[ContentRepository], object]


@dataclass(kw_only=True)
class Reader:
    """A feed reader that keeps bodies, and sends back the dates that came with them."""

    site: AppClient
    dates: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)

    async def read(self, path: str) -> AppResponse:
        """Ask for what is new since the last time, and keep it."""
        date = self.dates.get(path)
        answer = await self.site.request_async(
            path, headers={"if-modified-since": date} if date else {}
        )
        if answer.status_code == 200:
            self.bodies[path] = answer.text
            self.dates.pop(path, None)
            if "last-modified" in answer.headers:
                self.dates[path] = answer.headers["last-modified"]
        return answer


def commit(text: str, when: datetime) -> Change:
    """Return what commits a new text of the first post at ``when``."""
    return lambda content: content.commit({FIRST: POST.format("First", text)}, committed=when)


LONG_AGO = datetime(2024, 3, 1, 12, tzinfo=UTC)
CHANGES = {
    "a commit in the future": commit("2nd text.", datetime.now(UTC) + timedelta(hours=3)),
    "a commit just now": commit("2nd text.", datetime.now(UTC)),
    "a commit in the same second": commit("2nd text.", LONG_AGO),
    "a commit of a clock that is behind": commit("2nd text.", LONG_AGO - timedelta(days=9)),
    "a branch that is reset": lambda content: content.reset("main~1"),
    "a post removed by a clock that is behind": lambda content: content.commit(
        {FIRST: None}, committed=LONG_AGO - timedelta(days=9)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_every_change_moves_last_modified(
    settings_file: pathlib.Path, content: ContentRepository, change: Change
) -> None:
    """In feeds, pages and the API; without a change nothing is sent twice."""
    commit("1st text.", LONG_AGO)(content)
    async with running_site(settings_file, render_wait_seconds=30) as site:
        reader = Reader(site=site)
        for path in PATHS:
            await reader.read(path)
            assert "1st text." in reader.bodies[path]
            assert (await reader.read(path)).status_code == 304
        before = site.reader.edition
        change(content)
        await wait_until(site, "/v1/sources", lambda _: site.reader.edition is not before)
        for path in PATHS:
            assert (await reader.read(path)).status_code == 200
            assert "1st text." not in reader.bodies[path]


def serve_assets(settings_file: pathlib.Path) -> None:
    """Let the source serve the pictures of its repository."""
    settings_file.write_text(
        SETTINGS.replace('dialect = "news', 'assets = "serve"\ndialect = "news')
    )


@pytest.mark.slow
async def test_last_modified_is_never_after_date(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Neither for a commit in the future nor in the same second (RFC 9110 section 8.8.2.1)."""
    serve_assets(settings_file)
    content.commit({"img/lake.png": b"lake"})
    async with (
        running_site(settings_file, render_wait_seconds=30) as site,
        serve_app(site.app) as address,
    ):
        for ahead in (-5, 0, 1, 3_600):
            when = datetime.now(UTC) + timedelta(seconds=ahead)
            post = {FIRST: POST.format("First", f"Text {ahead}.")}
            await commit_and_wait(site, content, post, when=when)
            for path in (*PATHS, *PATHS, "/assets/news/img/lake.png"):
                request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                head = (await exchange_bytes(address, request.encode())).partition(b"\r\n\r\n")[0]
                fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
                if "last-modified" in fields:
                    last_modified = parsedate_to_datetime(fields["last-modified"])
                    assert last_modified < parsedate_to_datetime(fields["date"])


@pytest.mark.slow
async def test_last_modified_is_sent_once_it_is_past(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Also by the response cache."""
    when = datetime.now(UTC) + timedelta(seconds=3)
    content.commit({FIRST: POST.format("First", "Words.")}, committed=when)
    request = b"GET /feeds/all.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with (
        running_site(settings_file, render_wait_seconds=30) as site,
        serve_app(site.app) as address,
    ):
        await wait_until(site, "/feeds/all.json", lambda answer: answer.status_code == 200)
        end = time.monotonic() + 30
        answered = [await exchange_bytes(address, request) for _ in range(3)]
        assert all(b"last-modified" not in answer for answer in answered)
        while b"last-modified" not in await exchange_bytes(address, request):
            assert time.monotonic() < end
