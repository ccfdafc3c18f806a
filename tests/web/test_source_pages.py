"""The page of a source, on a real repository and with a real database."""

import asyncio
import pathlib
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from syndicate.errors import NotReady, RepositoryError
from syndicate.feeds import FeedCache
from syndicate.web.context import WebContext
from syndicate.web.http_policy import HttpPolicy
from syndicate.web.source_pages import SourcePages
from tests.content_repository import ContentRepository
from tests.publisher.conftest import open_content_service
from tests.stepwise_service import sqlite_url, stepwise_service
from tests.web.app_client import POSTS, app_client
from tests.web.editor_client import BROKEN, FIRST, GOOD, editor_of

pytestmark = pytest.mark.anyio


async def test_editor_sees_what_commits_changed(tmp_path: pathlib.Path) -> None:
    """The newest first; a later commit is added without another reading of the first."""
    async with editor_of(tmp_path) as editor:
        before = await editor.text("/sources/news")
        content = ContentRepository(path=tmp_path / "content")
        content.commit({"README": "unrelated"})
        content.commit({FIRST: GOOD.replace("First", "Renamed")}, "Say it better")
        await editor.service.publish()
        after = await editor.text("/sources/news")
        history = await editor.service.editor_reports.history("news")

    assert "Changed: First (text or front matter), news/2024-01-05-first.md" in before
    assert "Appeared: First , scheduled for February 5, 2024" in before
    assert "Vanished: First , news/2024-01-07-gone.md" in before
    assert "Error, line 2: title has a colon" in before
    assert "the last version before it: news/2024-01-06-broken.md , line 2: title has" in before
    assert "the last version before it" not in after.partition("Edit the content")[0]
    assert "Say it better" in after
    assert "Changed: Renamed (title), news/2024-01-05-first.md" in after
    assert [report.total for report in history] == [1, 3, 3]


async def test_everybody_sees_what_is_in_feeds(tmp_path: pathlib.Path) -> None:
    """Also partners with a session; with open pages, files but no subjects."""
    async with editor_of(tmp_path) as editor:
        access = editor.service.subscriptions.access
        partner = await editor.stranger.with_token("partner")
        texts = [
            (
                await editor.stranger.request(
                    "GET",
                    "/sources/news",
                    cookie=f"__Host-session={await access.log_in(token, '198.51.100.7')}",
                )
            ).text
            for token in (partner.token, editor.client.token)
        ]
        stranger = await editor.stranger.request("GET", "/sources/news")
        refused = await partner.request("GET", "/sources/news")
        unknown = await editor.stranger.request("GET", "/sources/fish")

    assert stranger.status_code == 200
    assert stranger.headers["cache-control"] == "no-store"
    assert BROKEN not in stranger.text
    assert BROKEN not in texts[0]
    assert BROKEN in texts[1]
    assert "Edit the content" in texts[1]
    assert (refused.status_code, unknown.status_code) == (403, 404)


async def test_open_page_shows_files_without_subjects(tmp_path: pathlib.Path) -> None:
    """As `/check` does."""
    async with editor_of(tmp_path, is_open=True) as editor:
        page = (await editor.stranger.request("GET", "/sources/news")).text

    assert BROKEN in page
    assert "Edit the content" not in page


async def test_page_without_history_and_database_is_public() -> None:
    """What cannot be read is left out."""
    response = await app_client(*POSTS).request_async(
        "/sources/news", headers={"cookie": "__Host-session=x"}
    )

    assert response.status_code == 200
    assert "The history of the source is not available at present." in response.text


async def test_history_begins_where_the_site_is_known(tmp_path: pathlib.Path) -> None:
    """Before, nothing said where the posts are; what configuration changes counts, too."""
    content = ContentRepository.create(tmp_path / "content")
    content.commit({"_posts/2024-01-05-first.md": GOOD})
    content.commit({"_config.yml": "url: https://agency.gov\n"})
    content.commit({"_config.yml": "url: https://agency.gov\npermalink: /:title/\n"})
    with open_content_service(tmp_path, SITE_SOURCE) as content_service:
        async with stepwise_service(content_service, sqlite_url(tmp_path)) as service:
            await service.publish()
            history = await service.editor_reports.history("site")

    found: list[Any] = [
        [(change.effect, change.details) for change in report.changes] for report in history
    ]
    assert found == [[("changed", ("URL",))], [("appeared", ())], []]


async def test_page_does_not_wait_for_a_long_history(tmp_path: pathlib.Path) -> None:
    """It is read to the end nevertheless, once for all who asked."""
    async with editor_of(tmp_path) as editor:
        context = WebContext(
            reader=editor.service,
            feed_cache=FeedCache(editor.service.service_info),
            service_info=editor.service.service_info,
            policy=HttpPolicy(),
        )
        pages = SourcePages(context=context, history_seconds=0)
        app = Starlette(routes=[*pages.routes()])
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test"
        ) as client:
            early = [(await client.get("/sources/news")).text for _ in range(2)]
        reports = editor.service.editor_reports
        history = await reports.history("news")
        again = await reports.history("news")

    assert all("The history of the source is not available at present." in page for page in early)
    assert len(history) == 2
    assert again is history


async def test_history_that_fails_is_read_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody who waits gets the error; other requests try again after a minute or a commit."""
    async with editor_of(tmp_path) as editor:
        reports = editor.service.editor_reports
        git_folder = tmp_path / "content" / ".git"
        git_folder.rename(tmp_path / "away")
        failed = await asyncio.gather(
            reports.history("news"), reports.history("news"), return_exceptions=True
        )
        (tmp_path / "away").rename(git_folder)
        with pytest.raises(NotReady, match="the history could not be read"):
            await reports.history("news")
        ContentRepository(path=tmp_path / "content").commit({FIRST: GOOD + "A third time.\n"})
        await editor.service.publish()
        of_commit = await reports.history("news")

        monkeypatch.setattr("syndicate.service.editor_reports._RETRY_SECONDS", 0)
        ContentRepository(path=tmp_path / "content").commit({FIRST: GOOD})
        await editor.service.publish()
        git_folder.rename(tmp_path / "away")
        with pytest.raises(RepositoryError):
            await reports.history("news")
        (tmp_path / "away").rename(git_folder)
        after_time = await reports.history("news")

    assert [type(error) for error in failed] == [RepositoryError] * 2
    assert (len(of_commit), len(after_time)) == (3, 4)


async def test_index_for_histories_is_closed_after_a_time(tmp_path: pathlib.Path) -> None:
    """What was read stays known, and the next commit is read by another one."""
    async with editor_of(tmp_path) as editor:
        reports = editor.service.editor_reports
        before = await reports.history("news")
        assert reports.histories.close_if_idle(0)
        assert await reports.history("news") is before
        assert not reports.histories.close_if_idle(0)
        ContentRepository(path=tmp_path / "content").commit({FIRST: GOOD + "A third time.\n"})
        await editor.service.publish()
        after = await reports.history("news")

    assert after[1:] == before


SITE_SOURCE = """
[[sources]]
name = "site"
repository = "content"
"""
