"""What is asked of the hub: nobody can make it flood a stranger."""

import asyncio
import pathlib
import re
import time
from dataclasses import replace
from typing import Final

import pytest

from syndicate import telemetry
from syndicate.channels.guard import Guard
from syndicate.errors import Refused
from syndicate.model.intent import FAILED_PER_CLIENT, FAILED_PER_HOST, HUB_LIMITS, Intent
from syndicate.model.subscription import SubscriptionId
from syndicate.service.reception import Reception
from syndicate.service.url_inspection import REFUSAL_SECONDS
from tests.channels.receiver import answer
from tests.hub.rig import LOOPBACK, TIMEOUT, TOPIC, Rig, rig, until
from tests.hub.subscriber import Subscriber, subscriber


async def refused(hub: Rig, reader: Subscriber, callback: str) -> None:
    """Ask for a subscription that is not confirmed."""
    count = len(reader.questions)
    assert (await hub.ask("subscribe", callback)).status_code == 202
    await until(lambda: len(reader.questions) > count)
    await until(hub.settled)


def test_a_host_that_does_not_confirm_is_left_alone(tmp_path: pathlib.Path) -> None:
    """429 in plain text says when to ask again; other hosts are asked."""

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path, own=False) as hub:
            reader.confirm = answer(404)
            port = reader.receiver.port
            for number in range(FAILED_PER_HOST):
                await refused(hub, reader, f"http://Victim.example:{port}/{number}")
            answered = await hub.ask("subscribe", f"http://victim.example:{port}/last")
            assert answered.status_code == 429
            assert 3_000 < int(answered.headers["retry-after"]) <= 3_600
            assert answered.headers["content-type"].startswith("text/plain")
            assert "confirmed" in answered.text
            await refused(hub, reader, f"http://other.example:{port}/")
            assert len(reader.questions) == FAILED_PER_HOST + 1

    asyncio.run(act())


def test_a_client_whose_requests_nobody_confirms_is_refused(tmp_path: pathlib.Path) -> None:
    """Whatever hosts it names."""

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path, own=False) as hub:
            reader.confirm = answer(404)
            port = reader.receiver.port
            for number in range(FAILED_PER_CLIENT):
                await refused(hub, reader, f"http://host{number}.example:{port}/")
            answered = await hub.ask("subscribe", f"http://last.example:{port}/")
            assert answered.status_code == 429

    asyncio.run(act())


def test_the_operators_own_networks_are_spared(tmp_path: pathlib.Path) -> None:
    """Who tries a subscriber on this machine may fail as often as it takes."""

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path) as hub:
            reader.confirm = answer(404)
            for number in range(FAILED_PER_CLIENT + 1):
                await refused(hub, reader, reader.url(f"/{number}"))
            reader.confirm = None
            await hub.subscribe(reader.url())

    asyncio.run(act())


@pytest.mark.parametrize(
    ("client", "counted"),
    [("127.0.0.1", ""), ("192.0.2.1", "192.0.2.1"), ("", ""), ("::/64", "::/64")],
)
def test_a_client_in_an_own_network_is_not_counted(
    tmp_path: pathlib.Path, client: str, counted: str
) -> None:
    """Its requests for callbacks elsewhere count for their hosts alone."""

    async def elsewhere(_: str, __: int) -> list[str]:
        return ["9.9.9.9"]

    async def act() -> None:
        async with rig(tmp_path, running=False) as hub:
            guard = Guard(allow_networks=[LOOPBACK], lookup=elsewhere)
            reception = Reception(hub.intents, guard, clock=hub.clock, ring=lambda: None)
            asked = Intent(
                id=SubscriptionId("sub_1"),
                mode="subscribe",
                topic=TOPIC,
                callback="https://reader.example:444/callback",
                client=client,
            )
            assert not await reception.ask(asked)
            found = await hub.intents.claim(1, by="x", now=hub.clock(), lease=TIMEOUT)
            assert found == (replace(asked, host="reader.example", client=counted),)

    asyncio.run(act())


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


def test_refused_callbacks_get_one_answer_whatever_the_reason(tmp_path: pathlib.Path) -> None:
    """No name, no number; the same bytes whether a name is unknown, private or malformed."""

    async def act() -> set[tuple[int, str]]:
        async with rig(tmp_path, running=False) as hub:
            hub.library.reception = Reception(
                hub.intents,
                Guard(lookup=_resolve),
                clock=hub.clock,
                ring=lambda: None,
                refusal_seconds=0.01,
            )
            answers = [await hub.ask("subscribe", callback) for callback in CALLBACKS]
            return {(one.status_code, one.text) for one in answers}

    ((status, text),) = asyncio.run(act())
    assert status == 422
    assert re.search(r"[0-9]|example|resolve|DNS|private|allow_", text) is None


def test_refusals_take_equally_long(tmp_path: pathlib.Path) -> None:
    """Whether a name resolves at once or fails after a while cannot be measured."""

    async def act() -> list[float]:
        async with rig(tmp_path, running=False) as hub:
            guard = Guard(lookup=_resolve)
            reception = Reception(hub.intents, guard, clock=hub.clock, ring=lambda: None)
            return [await seconds(reception, callback) for callback in CALLBACKS]

    assert all(REFUSAL_SECONDS <= taken < 2 * REFUSAL_SECONDS for taken in asyncio.run(act()))


async def seconds(reception: Reception, callback: str) -> float:
    """Return how long it takes to refuse a callback."""
    asked = Intent(id=SubscriptionId("sub_1"), mode="subscribe", topic=TOPIC, callback=callback)
    began = time.monotonic()
    with pytest.raises(Refused):
        await reception.ask(asked)
    return time.monotonic() - began + 0.002  # timers may be early by a tick


def test_operator_reads_in_the_log_why_a_callback_was_refused(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name, the IP address and the rule."""

    async def act() -> None:
        async with rig(tmp_path, running=False) as hub:
            guard = Guard(lookup=_resolve)
            reception = Reception(
                hub.intents, guard, clock=hub.clock, ring=lambda: None, refusal_seconds=0.01
            )
            await seconds(reception, "https://private.example/callback")

    telemetry.configure("json")
    asyncio.run(act())
    assert "private.example: 10.1.2.3 is not public" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_pending_requests_are_limited_per_host_in_own_networks_too(
    tmp_path: pathlib.Path, host: str
) -> None:
    """The setting holds for every host; 429 says when to ask again."""

    async def act() -> None:
        async with rig(tmp_path, running=False) as hub:
            most = HUB_LIMITS.max_pending_per_host
            asked = [await hub.ask("subscribe", f"http://{host}:81/{n}") for n in range(most + 1)]
            assert [one.status_code for one in asked] == [202] * most + [429]
            assert int(asked[-1].headers["retry-after"]) > 0
            assert (await hub.ask("subscribe", "http://127.0.0.3:81/")).status_code == 202

    asyncio.run(act())


def test_who_is_not_subscribed_cannot_leave(tmp_path: pathlib.Path) -> None:
    """404 in plain text; nobody is asked about it."""

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path) as hub:
            answered = await hub.ask("unsubscribe", reader.url())
            assert answered.status_code == 404
            assert "not subscribed" in answered.text
            assert await hub.settled()
            await hub.stop()
            await hub.ask("subscribe", reader.url())
            assert (await hub.ask("unsubscribe", reader.url())).status_code == 202
            hub.start()
            await until(hub.settled)
            assert [one["hub.mode"] for one in reader.questions] == ["unsubscribe"]

    asyncio.run(act())
