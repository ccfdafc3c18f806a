"""SIGHUP: the settings are read again, all or nothing, while the service goes on."""

import asyncio
import os
import pathlib
import signal
import socket
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest

from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.service import server
from syndicate.service.content_service import ContentService
from syndicate.settings import Settings, load
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests.channels.receiver import never_respond, run_receiver
from tests.content_repository import ContentRepository
from tests.databases import open_database
from tests.publisher.test_ledger_service import wait_until
from tests.render_pool import render_pool
from tests.running_service import get_rendered, running_service, wait_for_response
from tests.service.conftest import SETTINGS, settings

pytestmark = pytest.mark.anyio

OTHER = """
[[sources]]
name = "other"
repository = "content"
folders = ["other"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
permalink = "/other/:name"
timezone = "America/New_York"
"""


@pytest.fixture(autouse=True)
def _shared_render_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have services that are started by a reload render in the processes that tests share."""
    monkeypatch.setattr(
        server, "ContentService", partial(ContentService, render_pool=render_pool())
    )


@pytest.fixture
def signals() -> Iterator[None]:
    """Restore the handler of SIGHUP."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def reload() -> None:
    """Send SIGHUP to this process."""
    os.kill(os.getpid(), signal.SIGHUP)


def has_feed(response: httpx.Response) -> bool:
    """Return whether the response is a feed."""
    return response.status_code == 200


@pytest.mark.usefixtures("signals")
async def test_reload_serves_the_new_settings(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Another source, title and category; open connections are kept, and the ledger goes on."""
    content.commit({"other/2023-11-08-third.md": "---\ntitle: Third\n---\nWords.\n"})
    read = partial(load, settings_file, {})
    async with running_service(settings(settings_file), load_settings=read) as client:
        titles = [(await client.get("/about")).text.count("agency news")]
        cursor = (await wait_for_response(client, "/v1/changes", has_feed)).json()["next_url"]
        settings_file.write_text(SETTINGS.replace("agency feeds", "agency news") + OTHER)
        reload()
        await wait_for_response(client, "/feeds/other.json", has_feed)
        after = await get_rendered(client, "/feeds/all.json")
        titles.append((await client.get("/about")).text.count("agency news"))
        path = cursor[cursor.index("/v1/") :]
        changes = await wait_for_response(
            client, path, lambda response: has_feed(response) and bool(response.json()["items"])
        )
        content.commit({"other/2023-11-09-fourth.md": "---\ntitle: Fourth\n---\nWords.\n"})
        await wait_for_response(
            client, "/feeds/other.json", lambda each: len(each.json()["items"]) == 2
        )
        reload()
        settings_file.write_text(SETTINGS)
        reload()
        await wait_for_response(
            client, "/feeds/other.json", lambda response: response.status_code == 404
        )
        titles.append((await client.get("/about")).text.count("agency news"))
    assert titles[0] == titles[2] == 0 < titles[1]
    assert len(after.json()["items"]) == 3
    (item,) = changes.json()["items"]
    assert (item["type"], item["data"]["reason"]) == ("post.published", "source_added")


def has_metrics_of_other(response: httpx.Response, *, is_there: bool) -> bool:
    """Return whether the source ``other`` has metrics, or has none."""
    return ('syndicate_source_failing{source="other"}' in response.text) is is_there


@pytest.mark.usefixtures("signals")
async def test_reload_frees_the_service_before(
    settings_file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory, which garbage collection leaves alone after a start, and its metrics."""
    services: list[weakref.ref[ContentService]] = []

    def create(new: Settings, *, clock: Callable[[], datetime], is_public: bool) -> ContentService:
        pool = render_pool()
        service = ContentService(new, clock=clock, is_public=is_public, render_pool=pool)
        services.append(weakref.ref(service))
        return service

    monkeypatch.setattr(server, "ContentService", create)
    read = partial(load, settings_file, {})
    async with running_service(settings(settings_file), load_settings=read) as client:
        for text, is_there in ((SETTINGS + OTHER, True), (SETTINGS, False)):
            settings_file.write_text(text)
            reload()
            await wait_for_response(
                client, "/metrics", partial(has_metrics_of_other, is_there=is_there)
            )
        await wait_until(lambda: services[0]() is None)
        assert services[1]() is not None


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{SETTINGS}\nfoo = 1\n", "foo"),
        (SETTINGS.replace("port = 0", "port = 1"), "service.port cannot change"),
    ],
)
async def test_settings_that_cannot_be_used_change_nothing(
    settings_file: pathlib.Path, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    """The log names the setting; the next signal is heeded again."""
    read = partial(load, settings_file, {})
    async with running_service(settings(settings_file), load_settings=read) as client:
        settings_file.write_text(text.replace("Technology", "Engineering"))
        reload()
        log = ""
        while "settings not reloaded" not in log:
            await asyncio.sleep(0.02)
            log += capsys.readouterr().err
        assert reason in log
        assert (
            (await get_rendered(client, "/feeds/tech.json")).json()["title"].endswith("Technology")
        )
        settings_file.write_text(SETTINGS.replace("Technology", "Engineering"))
        reload()
        await wait_for_response(
            client, "/feeds/tech.json", lambda each: "Engineering" in each.json().get("title", "")
        )


@pytest.mark.usefixtures("signals")
async def test_error_while_reloading_changes_nothing(
    settings_file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as a disk that is full."""

    def fail() -> Settings:
        raise OSError("no space left on device")

    async with running_service(settings(settings_file), load_settings=fail) as client:
        reload()
        log = ""
        while "settings not reloaded" not in log:
            await asyncio.sleep(0.02)
            log += capsys.readouterr().err
        assert (await client.get("/readyz")).status_code == 200


@pytest.mark.slow
@pytest.mark.usefixtures("signals")
async def test_requests_have_a_database_during_a_reload(
    settings_file: pathlib.Path, content: ContentRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    """Although the service before waits for an endpoint that does not respond."""
    delivery = "[delivery]\nallow_http = true\nallow_networks = ['127.0.0.0/8']\n"
    text = SETTINGS + delivery + "timeout_seconds = 7\n"
    settings_file.write_text(text)
    read = partial(load, settings_file, {})
    database_url = settings(settings_file).database_url
    async with (
        run_receiver(never_respond) as receiver,
        running_service(settings(settings_file), load_settings=read, seconds=40) as client,
    ):
        await wait_for_response(client, "/v1/changes", has_feed)
        async with open_database(database_url) as database:
            endpoint = Subscription(id=SubscriptionId("sub_a"), url=receiver.url())
            await Subscriptions(database, SecretStore()).add(endpoint, datetime.now(UTC))
        content.commit({"news/2023-11-08-third.md": "---\ntitle: Third\n---\nWords.\n"})
        await wait_until(lambda: bool(receiver.requests))
        settings_file.write_text(text.replace("agency feeds", "agency news"))
        reload()
        statuses: set[int] = set()
        log = ""
        while "settings reloaded" not in log:
            statuses.add((await client.get("/v1/changes")).status_code)
            log += capsys.readouterr().err
    assert statuses == {200}
    assert len(receiver.requests) == 1


@pytest.mark.usefixtures("signals")
async def test_stop_during_a_reload_ends_both_services(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """The new service has no edition yet: its remote does not respond, and nothing waits for it."""
    assert content.head()
    read = partial(load, settings_file, {})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        remote = f'"https://127.0.0.1:{listener.getsockname()[1]}/other.git"'
        async with running_service(settings(settings_file), load_settings=read) as client:
            settings_file.write_text(SETTINGS + OTHER.replace('"content"', remote))
            reload()
            connection, _ = await asyncio.to_thread(listener.accept)
            assert (await client.get("/feeds/other.json")).status_code == 404
        connection.close()
