"""What is asked of the hub: nobody can make it flood a stranger."""

import asyncio
import pathlib
import re
import time
from dataclasses import replace
from typing import Final

import pytest

from syndicate import telemetry
from syndicate.channels.ssrf_guard import REFUSAL_SECONDS, SsrfGuard
from syndicate.errors import Refused
from syndicate.model.subscription import SubscriptionId
from syndicate.model.websub_request import (
    DEFAULT_HUB_LIMITS,
    MAX_FAILED_PER_CLIENT,
    MAX_FAILED_PER_HOST,
    WebSubRequest,
)
from syndicate.service.hub_requests import HubRequests
from tests.channels.receiver import respond
from tests.worker.hub_fixture import LOOPBACK, TIMEOUT, TOPIC, HubFixture, open_hub, wait_until
from tests.worker.websub_subscriber import WebSubSubscriber, run_subscriber


async def refused(hub: HubFixture, reader: WebSubSubscriber, callback: str) -> None:
    """Ask for a subscription that is not confirmed."""
    count = len(reader.verifications)
    assert (await hub.send_request("subscribe", callback)).status_code == 202
    await wait_until(lambda: len(reader.verifications) > count)
    await wait_until(hub.is_verified)


@pytest.mark.slow
async def test_host_with_failed_verifications_is_limited(tmp_path: pathlib.Path) -> None:
    """The 429 in plain text has Retry-After; other hosts are not limited."""
    async with run_subscriber() as reader, open_hub(tmp_path, is_internal=False) as hub:
        reader.verify_behaviour = respond(404)
        port = reader.receiver.port
        for number in range(MAX_FAILED_PER_HOST):
            await refused(hub, reader, f"http://Victim.example:{port}/{number}")
        answered = await hub.send_request("subscribe", f"http://victim.example:{port}/last")
        assert answered.status_code == 429
        assert 3_000 < int(answered.headers["retry-after"]) <= 3_600
        assert answered.headers["content-type"].startswith("text/plain")
        assert "confirmed" in answered.text
        await refused(hub, reader, f"http://other.example:{port}/")
        assert len(reader.verifications) == MAX_FAILED_PER_HOST + 1


@pytest.mark.slow
async def test_client_with_failed_verifications_is_limited(tmp_path: pathlib.Path) -> None:
    """Whatever the hosts of its callbacks."""
    async with run_subscriber() as reader, open_hub(tmp_path, is_internal=False) as hub:
        reader.verify_behaviour = respond(404)
        port = reader.receiver.port
        for number in range(MAX_FAILED_PER_CLIENT):
            await refused(hub, reader, f"http://host{number}.example:{port}/")
        answered = await hub.send_request("subscribe", f"http://last.example:{port}/")
        assert answered.status_code == 429


@pytest.mark.slow
async def test_callbacks_in_internal_networks_are_not_limited(tmp_path: pathlib.Path) -> None:
    """Tests of a subscriber on this machine may fail any number of times."""
    async with run_subscriber() as reader, open_hub(tmp_path) as hub:
        reader.verify_behaviour = respond(404)
        for number in range(MAX_FAILED_PER_CLIENT + 1):
            await refused(hub, reader, reader.url(f"/{number}"))
        reader.verify_behaviour = None
        await hub.subscribe(reader.url())


@pytest.mark.parametrize(
    ("client", "counted"),
    [("127.0.0.1", ""), ("192.0.2.1", "192.0.2.1"), ("", ""), ("::/64", "::/64")],
)
async def test_client_in_an_internal_network_is_not_limited(
    tmp_path: pathlib.Path, client: str, counted: str
) -> None:
    """Its requests count for the hosts of the callbacks only."""

    async def elsewhere(_: str, __: int) -> list[str]:
        return ["9.9.9.9"]

    async with open_hub(tmp_path, is_running=False) as hub:
        guard = SsrfGuard(allow_networks=[LOOPBACK], lookup=elsewhere)
        reception = HubRequests(hub.requests, guard, clock=hub.clock, notify_verifier=lambda: None)
        asked = WebSubRequest(
            id=SubscriptionId("sub_1"),
            mode="subscribe",
            topic=TOPIC,
            callback="https://reader.example:444/callback",
            client=client,
        )
        assert not await reception.request_subscription(asked)
        found = await hub.requests.claim(1, token="x", now=hub.clock(), lease=TIMEOUT)
        assert found == (replace(asked, host="reader.example", client=counted),)


CALLBACKS: Final = (
    "https://private.example/callback",
    "https://mapped.example/callback",
    "https://unknown.example/callback",
    "https://slow.example/callback",
    "https://10.0.0.1/callback",
    "https://[fd00::1]/callback",
    "https://reader.example:22/callback",
    "http://reader.example/callback",
    "https://user@reader.example/callback",
    "nonsense",
)


async def _resolve(host: str, _: int) -> list[str]:
    if host == "slow.example":
        await asyncio.sleep(0.1)
    known = {"private.example": ["10.1.2.3"], "mapped.example": ["9.9.9.9", "::ffff:10.1.2.3"]}
    if host not in known:
        raise OSError(-2, "Name or service not known")
    return known[host]


async def test_refused_callbacks_get_the_same_response(tmp_path: pathlib.Path) -> None:
    """The bytes are equal for an unknown, a private and a malformed name."""
    async with open_hub(tmp_path, is_running=False) as hub:
        hub.reader.hub_requests = HubRequests(
            hub.requests,
            SsrfGuard(lookup=_resolve),
            clock=hub.clock,
            notify_verifier=lambda: None,
            refusal_seconds=0.01,
        )
        answers = [await hub.send_request("subscribe", callback) for callback in CALLBACKS]
    ((status, text),) = {(one.status_code, one.text) for one in answers}
    assert status == 422
    assert re.search(r"[0-9]|example|resolve|DNS|private|allow_", text) is None


async def test_refusals_take_equally_long(tmp_path: pathlib.Path) -> None:
    """Whether a name resolves at once or fails after a while cannot be measured."""
    async with open_hub(tmp_path, is_running=False) as hub:
        guard = SsrfGuard(lookup=_resolve)
        reception = HubRequests(hub.requests, guard, clock=hub.clock, notify_verifier=lambda: None)
        durations = await asyncio.gather(*(seconds(reception, callback) for callback in CALLBACKS))
    assert all(REFUSAL_SECONDS <= taken < 2 * REFUSAL_SECONDS for taken in durations)


async def seconds(reception: HubRequests, callback: str) -> float:
    """Return how long it takes to refuse a callback."""
    asked = WebSubRequest(
        id=SubscriptionId("sub_1"), mode="subscribe", topic=TOPIC, callback=callback
    )
    began = time.monotonic()
    with pytest.raises(Refused):
        await reception.request_subscription(asked)
    return time.monotonic() - began + 0.002  # timers may be early by a tick


async def test_reason_for_a_refused_callback_is_logged(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name, the IP address and the rule."""
    telemetry.configure("json")
    async with open_hub(tmp_path, is_running=False) as hub:
        guard = SsrfGuard(lookup=_resolve)
        reception = HubRequests(
            hub.requests,
            guard,
            clock=hub.clock,
            notify_verifier=lambda: None,
            refusal_seconds=0.01,
        )
        await seconds(reception, "https://private.example/callback")
    assert "private.example: 10.1.2.3 is not public" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
async def test_pending_requests_are_limited_per_host_in_internal_networks(
    tmp_path: pathlib.Path, host: str
) -> None:
    """The setting holds for every host; 429 says when to ask again."""
    async with open_hub(tmp_path, is_running=False) as hub:
        most = DEFAULT_HUB_LIMITS.max_pending_per_host
        asked = [
            await hub.send_request("subscribe", f"http://{host}:81/{n}") for n in range(most + 1)
        ]
        assert [one.status_code for one in asked] == [202] * most + [429]
        assert int(asked[-1].headers["retry-after"]) > 0
        assert (await hub.send_request("subscribe", "http://127.0.0.3:81/")).status_code == 202


async def test_unsubscribing_without_a_subscription_is_refused(tmp_path: pathlib.Path) -> None:
    """The 404 is in plain text, and the callback gets no request."""
    async with run_subscriber() as reader, open_hub(tmp_path) as hub:
        answered = await hub.send_request("unsubscribe", reader.url())
        assert answered.status_code == 404
        assert "not subscribed" in answered.text
        assert await hub.is_verified()
        await hub.stop()
        await hub.send_request("subscribe", reader.url())
        assert (await hub.send_request("unsubscribe", reader.url())).status_code == 202
        hub.start()
        await wait_until(hub.is_verified)
        assert [one["hub.mode"] for one in reader.verifications] == ["unsubscribe"]
