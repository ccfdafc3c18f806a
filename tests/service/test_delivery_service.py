"""The delivery workers of the service."""

import asyncio
import pathlib
import socket
import threading
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from syndicate.errors import StorageError
from syndicate.model.audit import SERVICE
from syndicate.model.delivery import Attempt, Backlog
from syndicate.model.subscription import SubscriptionId
from syndicate.model.websub_request import WebSubRequest
from syndicate.service.delivery_service import open_delivery
from syndicate.settings import load
from syndicate.storage.schema import DELIVERY, WEBSUB_REQUEST
from syndicate.storage.secret_keys import rotate_keys
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from syndicate.storage.websub_requests import store_request
from tests.publisher.conftest import SETTINGS
from tests.storage.hub_fixture import subscription_request
from tests.storage.outbox_fixture import NOW, OutboxFixture, open_outbox
from tests.worker.hub_fixture import wait_until


def settings_file(folder: pathlib.Path) -> pathlib.Path:
    """Write settings into ``folder``."""
    written = folder / "syndicate.toml"
    written.write_text(SETTINGS)
    return written


@pytest.mark.slow
async def test_slow_hub_look_ups_do_not_delay_deliveries(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callbacks whose DNS never responds take threads of their own."""
    answering = threading.Event()

    def look_up(host: str, *_: object, **__: object) -> list[object]:
        if host.startswith("slow"):
            answering.wait()
        raise socket.gaierror(socket.EAI_NONAME, "there is none")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    settings = load(settings_file(tmp_path), {})

    async with open_outbox(settings.database_url) as outbox:

        async def last_attempt() -> Attempt | None:
            return await outbox.delivery_log.last_attempt(SubscriptionId("sub_a"))

        async with open_delivery(settings) as delivery:
            running = asyncio.create_task(delivery.run())
            requests = [
                asyncio.create_task(delivery.hub_requests.request_subscription(request(n)))
                for n in range(100)
            ]
            try:
                await asyncio.sleep(0)
                await outbox.subscribe("a", events=(1,))
                delivery.wake()
                await wait_until(last_attempt)
            finally:
                answering.set()
                running.cancel()
                await asyncio.gather(running, *requests, return_exceptions=True)
        attempt = await last_attempt()
        assert attempt
        assert "there is none" in attempt.error


def request(number: int) -> WebSubRequest:
    """Return a request to the hub whose callback has a host of its own."""
    return WebSubRequest(
        id=SubscriptionId(f"sub_{number}"),
        mode="subscribe",
        topic="https://feeds.example.gov/feeds/all.json",
        callback=f"https://slow{number}.example/",
    )


async def test_the_settings_limit_the_hub(tmp_path: pathlib.Path) -> None:
    """One more subscription than ``max_subscriptions`` is refused: with 0, the first."""
    environ = {
        "SYNDICATE_DATABASE__URL": f"sqlite:///{tmp_path / 'hub.db'}",
        "SYNDICATE_WEBSUB__MAX_SUBSCRIPTIONS": "0",
    }
    settings = load(settings_file(tmp_path), environ)
    asked = WebSubRequest(
        id=SubscriptionId("sub_1"), mode="subscribe", topic="t", callback="https://9.9.9.9/"
    )

    async with open_delivery(settings) as delivery:
        assert await delivery.hub_requests.request_subscription(asked)


async def test_process_with_the_key_of_another_service_touches_no_subscription(
    tmp_path: pathlib.Path,
) -> None:
    """Neither the delivery that is due, nor the state; the backlog tells `/readyz`."""
    settings = load(settings_file(tmp_path), {"SYNDICATE_SECRET_KEY": "wrong"})
    async with open_outbox(settings.database_url, key="right") as outbox:
        await outbox.subscribe("a", events=(1,))
        before = await outbox.subscriptions.find(SubscriptionId("sub_a"))
        async with open_delivery(settings) as delivery:
            with pytest.raises(StorageError) as refused:
                await delivery.run()
            assert delivery.worker.backlog == Backlog(has_wrong_key=True)
        assert refused.value.code == "wrong-secret-key"
        assert await outbox.subscriptions.find(SubscriptionId("sub_a")) == before
        assert await outbox.delivery_log.last_attempt(SubscriptionId("sub_a")) is None


async def enqueue_event(outbox: OutboxFixture) -> None:
    """Make a delivery due."""
    await outbox.enqueue("a", 1)


async def add_hub_request(outbox: OutboxFixture) -> None:
    """Add a request that the verifier claims."""
    async with outbox.database.write() as connection:
        request = subscription_request("1", secret=b"s" * 24)
        await store_request(connection, request, SecretStore("new"), NOW)


@pytest.mark.parametrize("make_work", [enqueue_event, add_hub_request])
async def test_process_that_missed_a_rotation_stops_before_it_changes_anything(
    tmp_path: pathlib.Path, make_work: Callable[[OutboxFixture], Awaitable[None]]
) -> None:
    """It had the right key at the start: nothing is sent, suspended or failed."""
    settings = load(settings_file(tmp_path), {"SYNDICATE_SECRET_KEY": "old"})
    async with open_outbox(settings.database_url, key="old") as outbox:
        await outbox.subscribe("a")
        async with open_delivery(settings) as delivery:
            running = asyncio.create_task(delivery.run())

            async def is_running() -> bool:
                return delivery.worker.backlog is not None

            await wait_until(is_running)
            new_store = SecretStore("new", ["old"])
            await rotate_keys(outbox.database, new_store, now=NOW, actor=SERVICE)
            await make_work(outbox)
            delivery.wake()
            with pytest.raises(StorageError) as refused:
                await asyncio.wait_for(running, 30)
            assert refused.value.code == "wrong-secret-key"
            assert delivery.worker.backlog == Backlog(has_wrong_key=True)
        (found,) = await Subscriptions(outbox.database, new_store).list()
        assert (found.state, found.state_reason) == ("active", "")
        assert await outbox.delivery_log.last_attempt(SubscriptionId("sub_a")) is None
        async with outbox.database.read() as connection:
            states = (await connection.execute(select(WEBSUB_REQUEST.c.state))).scalars().all()
            leases = (await connection.execute(select(DELIVERY.c.lease_by))).scalars().all()
        assert {*states} <= {"waiting"}
        assert {*leases} <= {""}


async def test_another_error_is_not_reported_as_a_wrong_key(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor logs it as it is, and starts the workers again."""
    monkeypatch.setattr("syndicate.worker.state_announcer._INTERVAL_SECONDS", "a minute")
    settings = load(settings_file(tmp_path), {"SYNDICATE_SECRET_KEY": "right"})
    async with open_outbox(settings.database_url, key="right"), open_delivery(settings) as delivery:
        with pytest.raises(ExceptionGroup) as failed:
            await delivery.run()
        assert failed.value.subgroup(TypeError)
        assert delivery.worker.backlog != Backlog(has_wrong_key=True)
