"""Verification of WebSub requests: at once, once, and again only after an unknown result."""

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


async def test_request_survives_a_restart(tmp_path: pathlib.Path) -> None:
    """Even a power failure between the 202 response and the verification."""
    async with run_subscriber() as reader:
        async with open_hub(tmp_path, is_running=False) as hub:
            assert (await hub.send_request("subscribe", reader.url())).status_code == 202
        assert reader.verifications == []
        async with open_hub(tmp_path) as hub:
            await wait_until(hub.list_subscriptions)


async def test_interrupted_verification_is_repeated(tmp_path: pathlib.Path) -> None:
    """With another challenge, after the lease of the first one has expired."""
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


async def test_verification_is_retried_after_a_database_error(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost; a confirmation in the meantime is requested again."""
    monkeypatch.setattr(hub_verifier, "_RETRY_SECONDS", 0.01)

    async with run_subscriber() as reader, open_hub(tmp_path, is_running=False) as hub:

        async def rename(old: str, new: str) -> None:
            async with hub.database.write() as connection:
                await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

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


async def test_concurrent_verifications_are_limited(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one starts as soon as one has responded."""
    monkeypatch.setattr(hub_verifier, "MAX_CONCURRENT_CHALLENGES", 1)

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


class _Broken(Transport):
    """A transport with a bug."""

    @override
    async def send(self, *_: object, **__: object) -> ResponseSummary:
        raise RuntimeError("our own fault")


async def test_internal_error_is_a_failed_verification(tmp_path: pathlib.Path) -> None:
    """The others continue."""
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
