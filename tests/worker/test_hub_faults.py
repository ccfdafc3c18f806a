"""An error with one request or one topic does not affect the others."""

import asyncio
import pathlib
from datetime import timedelta

import pytest
from sqlalchemy import text

from syndicate.worker import hub_verifier
from tests.web.app_client import POSTS
from tests.worker.hub_fixture import edition, open_hub, wait_until
from tests.worker.websub_subscriber import run_subscriber

NEWS = "https://feeds.example.gov/feeds/news.json"
FAR_SECONDS = 86_000_000_000_000  # a duration that fits, and ends after the last year


async def test_verifier_continues_after_an_error(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a host clock that is out of range for a while."""
    monkeypatch.setattr(hub_verifier, "_RETRY_SECONDS", 0.01)

    async with run_subscriber() as reader, open_hub(tmp_path) as hub:
        hub.clock_offset = timedelta.max
        hub.verifier.wake()
        hub.delivery_worker.wake()
        await asyncio.sleep(0.1)
        hub.clock_offset = timedelta()
        await hub.subscribe(reader.url())


async def test_request_that_cannot_be_stored_does_not_block_others(tmp_path: pathlib.Path) -> None:
    """Its lease would end after the last possible year; the next request is verified."""
    async with run_subscriber() as reader, open_hub(tmp_path, is_running=False) as hub:
        for name in ("/a", "/b"):
            await hub.send_request("subscribe", reader.url(name))
        async with hub.database.write() as connection:
            statement = (
                "UPDATE websub_request SET mode = :mode, lease_seconds = :far WHERE callback = :url"
            )
            values = {"mode": "denied", "far": FAR_SECONDS, "url": reader.url("/a")}
            await connection.execute(text(statement), values)
        hub.start()
        await wait_until(hub.list_subscriptions)
        assert [subscription.url for subscription in await hub.list_subscriptions()] == [
            reader.url("/b")
        ]
        await wait_until(lambda: not hub.verifier.in_flight)


@pytest.mark.slow
async def test_topic_that_cannot_be_stored_does_not_block_others(tmp_path: pathlib.Path) -> None:
    """A subscription's last seq is damaged; other topics are distributed."""
    async with run_subscriber() as reader, open_hub(tmp_path) as hub:
        await hub.subscribe(reader.url("/all"))
        await hub.subscribe(reader.url("/news"), NEWS)
        await hub.publish(len(POSTS) - 1)
        await wait_until(hub.is_idle)
        before = len(reader.deliveries)
        async with hub.database.write() as connection:
            statement = "UPDATE subscription SET last_seq = 'x' WHERE url = :url"
            await connection.execute(text(statement), {"url": reader.url("/all")})
        hub.reader.current = edition(POSTS[:1])
        await hub.distribute()
        await wait_until(lambda: len(reader.deliveries) > before)
        await wait_until(hub.is_idle)
        assert {request.target for request in reader.deliveries[before:]} == {"/news"}
