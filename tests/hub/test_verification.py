"""Verifying: at once, once, and again only where nobody knows what came of it."""

import asyncio
import pathlib

import pytest
from sqlalchemy import text
from typing_extensions import override

from syndicate.channels.transport import Answer, Transport
from syndicate.hub import verification
from syndicate.hub.verification import Verifier
from syndicate.storage.safe import Safe
from tests.channels.receiver import Received, answer, hang
from tests.hub.rig import TIMEOUT, rig, until
from tests.hub.subscriber import asked, subscriber


def test_what_was_asked_survives_a_restart(tmp_path: pathlib.Path) -> None:
    """Between 202 and the question there may be as much as a loss of power."""

    async def act() -> None:
        async with subscriber() as reader:
            async with rig(tmp_path, running=False) as hub:
                assert (await hub.ask("subscribe", reader.url())).status_code == 202
            assert reader.questions == []
            async with rig(tmp_path) as hub:
                await until(hub.subscribed)

    asyncio.run(act())


def test_who_is_being_asked_when_we_stop_is_asked_again(tmp_path: pathlib.Path) -> None:
    """With another challenge, when the lease of the question ran out."""

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path) as hub:
            reader.confirm = hang
            await hub.ask("subscribe", reader.url())
            await until(lambda: reader.questions)
            await hub.stop()
            assert not await hub.subscribed()
            reader.confirm = None
            hub.ahead = 3 * TIMEOUT
            hub.start()
            await until(hub.subscribed)
            first, second = reader.questions
            assert first["hub.challenge"] != second["hub.challenge"]

    asyncio.run(act())


def test_while_the_database_fails_it_is_tried_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost; what was answered meanwhile is asked about again."""
    monkeypatch.setattr(verification, "_RETRY_SECONDS", 0.01)

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path, running=False) as hub:

            async def rename(one: str, two: str) -> None:
                async with hub.database.write() as connection:
                    await connection.execute(text(f"ALTER TABLE {one} RENAME TO {two}"))

            async def confirm(received: Received, writer: asyncio.StreamWriter) -> None:
                await rename("websub_request", "away")
                await answer(200, asked(received)["hub.challenge"].encode())(received, writer)

            await hub.ask("subscribe", reader.url())
            reader.confirm = confirm
            hub.start()
            await until(lambda: reader.questions)
            await until(lambda: not hub.verifier.under_way)
            reader.confirm = None
            hub.ahead = 3 * TIMEOUT
            hub.verifier.wake()
            await asyncio.sleep(0.05)
            await rename("away", "websub_request")
            await until(hub.subscribed)
            assert len(reader.questions) == 2

    asyncio.run(act())


def test_no_more_are_asked_at_a_time_than_there_are_slots(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is asked as soon as one has answered."""
    monkeypatch.setattr(verification, "SLOTS", 1)

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path) as hub:
            may_answer = asyncio.Event()

            async def confirm(received: Received, writer: asyncio.StreamWriter) -> None:
                await may_answer.wait()
                await answer(200, asked(received)["hub.challenge"].encode())(received, writer)

            reader.confirm = confirm
            await hub.ask("subscribe", reader.url("/a"))
            await until(lambda: reader.questions)
            await hub.ask("subscribe", reader.url("/b"))
            await asyncio.sleep(0.05)
            assert len(reader.questions) == 1
            may_answer.set()
            await until(hub.settled)
            assert len(await hub.subscribed()) == 2

    asyncio.run(act())


class _Broken(Transport):
    """A transport with a fault of its own."""

    @override
    async def send(self, *_: object, **__: object) -> Answer:
        raise RuntimeError("our own fault")


def test_our_own_fault_is_nobody_elses(tmp_path: pathlib.Path) -> None:
    """It counts as not confirmed, and the others go on."""

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path, running=False) as hub:
            await hub.ask("subscribe", reader.url())
            broken = _Broken(hub.guard, hub.transport.masthead)
            verifier = Verifier(
                hub.database, Safe("passphrase"), broken, clock=hub.clock, timeout=TIMEOUT
            )
            task = asyncio.create_task(verifier.run())
            await until(hub.settled)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await broken.aclose()
            assert not await hub.subscribed()

    asyncio.run(act())
