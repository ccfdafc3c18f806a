"""Delivering as a part of the service."""

import asyncio
import pathlib
import socket
import threading

import pytest

from syndicate.model.delivery import Attempt
from syndicate.model.subscription import SubscriptionId
from syndicate.model.websub_request import WebSubRequest
from syndicate.service.delivery_service import DeliveryRuntime, run_delivery_service
from syndicate.service.supervisor import Restarts
from syndicate.settings import load
from tests.publisher.conftest import SETTINGS
from tests.storage.outbox_fixture import OutboxFixture, run_with_outbox
from tests.worker.hub_fixture import wait_until


def settings_file(folder: pathlib.Path) -> pathlib.Path:
    """Write settings into ``folder``."""
    written = folder / "syndicate.toml"
    written.write_text(SETTINGS)
    return written


def test_a_database_that_cannot_be_had_is_asked_again(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log says why nothing is delivered; the service goes on."""
    nowhere = {"SYNDICATE_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/none"}
    settings = load(settings_file(tmp_path), nowhere)
    started: list[DeliveryRuntime] = []

    async def do() -> None:
        delivering = asyncio.create_task(
            run_delivery_service(settings, on_started=started.append, restarts=Restarts())
        )
        said = ""
        while "nothing is delivered" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().err
        assert not delivering.done()
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)

    asyncio.run(do())
    assert not started


def test_who_asks_the_hub_does_not_hold_up_deliveries(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may name callbacks whose DNS never answers, and each of them takes a thread."""
    answering = threading.Event()

    def look_up(host: str, *_: object, **__: object) -> list[object]:
        if host.startswith("slow"):
            answering.wait()
        raise socket.gaierror(socket.EAI_NONAME, "there is none")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    settings = load(settings_file(tmp_path), {})

    async def work(mailroom: OutboxFixture) -> None:
        async def last_attempt() -> Attempt | None:
            return await mailroom.delivery_log.last_attempt(SubscriptionId("sub_a"))

        begun: asyncio.Future[DeliveryRuntime] = asyncio.get_running_loop().create_future()
        keeping = asyncio.create_task(
            run_delivery_service(settings, on_started=begun.set_result, restarts=Restarts())
        )
        dispatch = await begun
        asking = [
            asyncio.create_task(dispatch.hub_requests.request_subscription(intent(n)))
            for n in range(100)
        ]
        try:
            await asyncio.sleep(0)
            await mailroom.subscribe("a", events=(1,))
            dispatch.wake()
            await wait_until(last_attempt)
        finally:
            answering.set()
            keeping.cancel()
            await asyncio.gather(keeping, *asking, return_exceptions=True)
        attempt = await last_attempt()
        assert attempt
        assert "there is none" in attempt.error

    run_with_outbox(settings.database_url, work)


def intent(number: int) -> WebSubRequest:
    """Return what somebody asks of the hub, whose callback has a host of its own."""
    return WebSubRequest(
        id=SubscriptionId(f"sub_{number}"),
        mode="subscribe",
        topic="https://feeds.example.gov/feeds/all.json",
        callback=f"https://slow{number}.example/",
    )


def test_the_settings_limit_the_hub(tmp_path: pathlib.Path) -> None:
    """One more subscription than ``max_subscriptions`` is refused: with 0, the first."""
    environ = {
        "SYNDICATE_DATABASE__URL": f"sqlite:///{tmp_path / 'hub.db'}",
        "SYNDICATE_WEBSUB__MAX_SUBSCRIPTIONS": "0",
    }
    settings = load(settings_file(tmp_path), environ)
    asked = WebSubRequest(
        id=SubscriptionId("sub_1"), mode="subscribe", topic="t", callback="https://9.9.9.9/"
    )

    async def do() -> None:
        started: asyncio.Future[DeliveryRuntime] = asyncio.get_running_loop().create_future()
        delivering = asyncio.create_task(
            run_delivery_service(settings, on_started=started.set_result, restarts=Restarts())
        )
        assert await (await started).hub_requests.request_subscription(asked)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)

    asyncio.run(do())
