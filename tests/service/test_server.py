"""The whole service: started, asked over HTTP, and stopped by a signal."""

import hashlib
import hmac
import pathlib
import socket
import threading
from datetime import datetime

import httpx
import pytest

from syndicate.errors import SyndicateError
from syndicate.service.content_service import ContentService, current_time
from syndicate.service.server import serve
from tests.content_repository import ContentRepository
from tests.running_service import running_service, wait_for_response
from tests.service.conftest import FIRST, POST, SETTINGS, settings


def titles(answer: httpx.Response) -> list[str]:
    """Return the titles in a JSON feed."""
    return [item["title"] for item in answer.json()["items"]]


@pytest.mark.slow
async def test_commit_is_served_without_a_restart(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """The first edition, and the next one after an edit."""
    async with running_service(settings(settings_file)) as client:
        answer = await client.get("/feeds/tech.json")
        assert titles(answer) == ["Second", "First"]
        content.commit({FIRST: POST.format("Edited", "New words.")})
        await wait_for_response(
            client, "/feeds/tts.json", lambda one: titles(one) == ["Second", "Edited"]
        )
        same = await client.get(
            "/feeds/tech.json", headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert same.status_code == 200


async def test_image_is_served_at_the_url_in_the_feed(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """From the blob of the commit, cacheable for ever."""
    settings_file.write_text(
        SETTINGS.replace('dialect = "news', 'assets = "serve"\ndialect = "news').replace(
            "port = 0", 'port = 0\npublic_url = "https://feeds.example.gov"'
        )
    )
    content.commit({FIRST: POST.format("First", "![x](/x.png)"), "x.png": b"picture"})

    async with running_service(settings(settings_file)) as client:
        text = (await client.get("/feeds/tech.json")).json()["items"][1]["content_html"]
        address = text.partition('src="https://feeds.example.gov')[2].partition('"')[0]
        answer = await client.get(address)
        assert address.startswith("/assets/news/x.png?v=")
        assert (answer.status_code, answer.content) == (200, b"picture")
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.slow
async def test_push_hook_refreshes_the_source(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """A remote that is polled once a day; a burst of hooks is accepted."""
    settings_file.write_text(
        SETTINGS.replace('"content"', f'"{content.path.as_uri()}"').replace(
            "poll_seconds = 1", 'poll_seconds = 86400\nhook_secret = "hush"'
        )
    )

    async with running_service(settings(settings_file)) as client:
        assert titles(await client.get("/feeds/tech.json")) == ["Second", "First"]
        content.commit({FIRST: POST.format("Pushed", "New words.")})
        body = b'{"ref": "refs/heads/main"}'
        signature = hmac.new(b"hush", body, hashlib.sha256).hexdigest()
        shown = {"X-Hub-Signature-256": f"sha256={signature}"}
        hook = "/v1/sources/news/refresh"
        answers = [await client.post(hook, content=body, headers=shown) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [202] * 5
        await wait_for_response(
            client, "/feeds/tts.json", lambda one: titles(one) == ["Second", "Pushed"]
        )
        assert (await client.post(hook, content=b"{}", headers=shown)).status_code == 401


@pytest.mark.slow
async def test_changes_lists_published_and_removed_posts(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Removed posts are tombstones in Atom; the database is healthy."""
    async with running_service(settings(settings_file)) as client:
        page = (await client.get("/v1/changes")).json()
        assert [item["data"]["reason"] for item in page["items"]] == ["new", "new"]
        assert (await client.get("/readyz")).json()["database"] == {"status": "ok"}
        content.commit({FIRST: None})
        await wait_for_response(
            client, "/feeds/all.json", lambda answer: titles(answer) == ["Second"]
        )
        cursor = page["next_url"].partition("?")[2]
        later = (await client.get(f"/v1/changes?{cursor}")).json()
        (item,) = later["items"]
        assert (item["type"], item["data"]["reason"]) == ("post.removed", "deleted")
        gone = item["data"]["post"]["id"]
        await wait_for_response(
            client, "/feeds/all.atom", lambda answer: f'ref="{gone}"' in answer.text
        )


@pytest.mark.slow
async def test_feeds_are_served_without_a_database(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """The service is degraded and states the reason."""
    (settings_file.parent / "var").mkdir()
    (settings_file.parent / "var" / "syndicate.db").mkdir()

    async with running_service(settings(settings_file)) as client:
        state = await wait_for_response(
            client,
            "/readyz",
            lambda answer: (answer.json()["database"] or {}).get("status") == "failing",
        )
        assert (state.status_code, state.json()["status"]) == (200, "degraded")
        await wait_for_response(
            client, "/readyz", lambda answer: "delivery" in answer.json()["components"]
        )
        assert (await client.get("/v1/changes")).status_code == 503
        content.commit({FIRST: POST.format("Edited", "New words.")})
        await wait_for_response(
            client, "/feeds/tts.json", lambda one: titles(one) == ["Second", "Edited"]
        )


async def test_unknown_feed_is_a_problem_with_valid_values(settings_file: pathlib.Path) -> None:
    """The response lists the known feeds."""
    async with running_service(settings(settings_file)) as client:
        answer = await client.get("/feeds/nothing.rss")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "tech" in answer.json()["known"]


async def test_port_in_use_is_an_error(settings_file: pathlib.Path) -> None:
    """With a hint and without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        chosen = settings(settings_file, SYNDICATE_SERVICE__PORT=str(port))
        with (
            ContentService(chosen) as content_service,
            pytest.raises(SyndicateError, match=str(port)),
        ):
            await serve(content_service)


@pytest.mark.slow
async def test_source_watcher_is_restarted_after_an_error(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """The last edition stays in service, and `/readyz` names the component."""
    is_broken = threading.Event()

    def clock() -> datetime:
        if is_broken.is_set():
            raise OverflowError("date value out of range")
        return current_time()

    async with running_service(settings(settings_file), clock=clock) as client:
        is_broken.set()
        content.commit({FIRST: POST.format("Edited", "New words.")})
        state = await wait_for_response(
            client, "/readyz", lambda one: "sources" in one.json()["components"]
        )
        assert (state.status_code, state.json()["status"]) == (200, "degraded")
        assert titles(await client.get("/feeds/tts.json")) == ["Second", "First"]
        is_broken.clear()
        await wait_for_response(
            client, "/feeds/tts.json", lambda one: titles(one) == ["Second", "Edited"]
        )
