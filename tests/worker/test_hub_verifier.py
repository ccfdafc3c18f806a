"""Verifying: at once, once, and again only where nobody knows what came of it."""

import asyncio
import pathlib

import pytest
from sqlalchemy import text
from typing_extensions import override

from syndicate.channels.transport import ResponseSummary, Transport
from syndicate.storage.secret_store import SecretStore
from syndicate.worker import hub_verifier
from syndicate.worker.hub_verifier import HubVerifier
from tests.channels.receiver import Received, never_respond, respond
from tests.worker.hub_fixture import TIMEOUT, open_hub, wait_until
from tests.worker.websub_subscriber import query_parameters, run_subscriber


def test_what_was_asked_survives_a_restart(tmp_path: pathlib.Path) -> None:
    """Between 202 and the question there may be as much as a loss of power."""

    async def act() -> None:
        async with run_subscriber() as reader:
            async with open_hub(tmp_path, is_running=False) as hub:
                assert (await hub.send_request("subscribe", reader.url())).status_code == 202
            assert reader.verifications == []
            async with open_hub(tmp_path) as hub:
                await wait_until(hub.list_subscriptions)

    asyncio.run(act())


def test_who_is_being_asked_when_we_stop_is_asked_again(tmp_path: pathlib.Path) -> None:
    """With another challenge, when the lease of the question ran out."""

    async def act() -> None:
        async with run_subscriber() as reader, open_hub(tmp_path) as hub:
            reader.verify_behaviour = never_respond
            await hub.send_request("subscribe", reader.url())
            await wait_until(lambda: reader.verifications)
            await hub.stop()
            assert not await hub.list_subscriptions()
            reader.verify_behaviour = None
            hub.clock_offset = 3 * TIMEOUT
            hub.start()
            await wait_until(hub.list_subscriptions)
            first, second = reader.verifications
            assert first["hub.challenge"] != second["hub.challenge"]

    asyncio.run(act())


def test_while_the_database_fails_it_is_tried_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost; what was answered meanwhile is asked about again."""
    monkeypatch.setattr(hub_verifier, "_RETRY_SECONDS", 0.01)

    async def act() -> None:
        async with run_subscriber() as reader, open_hub(tmp_path, is_running=False) as hub:

            async def rename(one: str, two: str) -> None:
                async with hub.database.write() as connection:
                    await connection.execute(text(f"ALTER TABLE {one} RENAME TO {two}"))

            async def confirm(received: Received, writer: asyncio.StreamWriter) -> None:
                await rename("websub_request", "away")
                await respond(200, query_parameters(received)["hub.challenge"].encode())(
                    received, writer
                )

            await hub.send_request("subscribe", reader.url())
            reader.verify_behaviour = confirm
            hub.start()
            await wait_until(lambda: reader.verifications)
            await wait_until(lambda: not hub.verifier.in_flight)
            reader.verify_behaviour = None
            hub.clock_offset = 3 * TIMEOUT
            hub.verifier.wake()
            await asyncio.sleep(0.05)
            await rename("away", "websub_request")
            await wait_until(hub.list_subscriptions)
            assert len(reader.verifications) == 2

    asyncio.run(act())


def test_no_more_are_asked_at_a_time_than_there_are_slots(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is asked as soon as one has answered."""
    monkeypatch.setattr(hub_verifier, "MAX_CONCURRENT_CHALLENGES", 1)

    async def act() -> None:
        async with run_subscriber() as reader, open_hub(tmp_path) as hub:
            may_answer = asyncio.Event()

            async def confirm(received: Received, writer: asyncio.StreamWriter) -> None:
                await may_answer.wait()
                await respond(200, query_parameters(received)["hub.challenge"].encode())(
                    received, writer
                )

            reader.verify_behaviour = confirm
            await hub.send_request("subscribe", reader.url("/a"))
            await wait_until(lambda: reader.verifications)
            await hub.send_request("subscribe", reader.url("/b"))
            await asyncio.sleep(0.05)
            assert len(reader.verifications) == 1
            may_answer.set()
            await wait_until(hub.is_verified)
            assert len(await hub.list_subscriptions()) == 2

    asyncio.run(act())


class _Broken(Transport):
    """A transport with a fault of its own."""

    @override
    async def send(self, *_: object, **__: object) -> ResponseSummary:
        raise RuntimeError("our own fault")


def test_our_own_fault_is_nobody_elses(tmp_path: pathlib.Path) -> None:
    """It counts as not confirmed, and the others go on."""

    async def act() -> None:
        async with run_subscriber() as reader, open_hub(tmp_path, is_running=False) as hub:
            await hub.send_request("subscribe", reader.url())
            broken = _Broken(hub.ssrf_guard, hub.transport.service_info)
            verifier = HubVerifier(
                hub.database, SecretStore("passphrase"), broken, clock=hub.clock, timeout=TIMEOUT
            )
            task = asyncio.create_task(verifier.run())
            await wait_until(hub.is_verified)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await broken.aclose()
            assert not await hub.list_subscriptions()

    asyncio.run(act())
