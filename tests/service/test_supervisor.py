"""Parts of the service that go on."""

import asyncio
import json

import pytest

from syndicate import telemetry
from syndicate.errors import StorageError
from syndicate.service.supervisor import RECENT_RESTART_SECONDS, Restarts, run_forever
from syndicate.telemetry import exposition


async def test_errors_are_logged_and_the_work_is_restarted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Expected errors with their reason, unexpected ones with a traceback."""
    restarts = Restarts()
    known = StorageError("the disk is full", hint="Free disk space.")
    ends = iter([known, KeyError("nobody expected this")])

    lasting = asyncio.Event()

    async def work() -> None:
        for error in ends:
            raise error
        lasting.set()
        await asyncio.Event().wait()

    log = telemetry.logger("part")
    keeping = asyncio.create_task(
        run_forever(
            work, log, "nothing works", component="part", restarts=restarts, pause_seconds=0
        )
    )
    waiting = asyncio.create_task(lasting.wait())
    await asyncio.wait({keeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    assert lasting.is_set()
    keeping.cancel()
    await asyncio.wait({keeping})
    assert keeping.cancelled()
    expected, surprise = map(json.loads, capsys.readouterr().err.splitlines())
    assert (expected["event"], expected["reason"]) == ("nothing works", "the disk is full")
    assert (expected["code"], expected["hint"]) == ("storage-error", "Free disk space.")
    assert (surprise["event"], surprise["level"]) == ("nothing works", "error")
    assert "nobody expected this" in surprise["exception"]
    assert restarts.components == ("part",)
    assert 'syndicate_component_restarts_total{component="part"} 2.0' in exposition().decode()


def test_restart_is_reported_for_a_while() -> None:
    """Five minutes, for each component separately."""
    seconds = [0.0]
    restarts = Restarts(clock=lambda: seconds[-1])
    found = [restarts.components]
    restarts.record("publisher")
    seconds.append(RECENT_RESTART_SECONDS - 1)
    restarts.record("delivery")
    for now in (RECENT_RESTART_SECONDS - 1, RECENT_RESTART_SECONDS, 2 * RECENT_RESTART_SECONDS):
        seconds.append(now)
        found.append(restarts.components)
    assert found == [(), ("delivery", "publisher"), ("delivery",), ()]
