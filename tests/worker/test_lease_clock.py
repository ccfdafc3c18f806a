"""Leases when clocks jump, and when those of hosts differ."""

import asyncio
import pathlib
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from syndicate.worker.lease_clock import LeaseClock, boot_clock
from tests.channels.receiver import Received, respond, run_receiver
from tests.databases import DATABASE_KINDS, database_of_kind, open_database, postgresql_database
from tests.delivery_fixture import (
    delivery_states,
    is_queue_empty,
    now,
    running_worker,
    subscribe,
    wait_until,
)
from tests.storage.outbox_fixture import NOW, open_outbox

pytestmark = pytest.mark.anyio

LEASE = timedelta(seconds=20)
HOUR = timedelta(hours=1)


@pytest.fixture(params=DATABASE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a database of each kind."""
    with database_of_kind(request, tmp_path / "syndicate.db") as url:
        yield url


class Host:
    """Clocks that a test moves."""

    def __init__(self) -> None:
        self.now = NOW
        self.seconds = 100.0

    def clock(self) -> datetime:
        """Return the time."""
        return self.now

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return self.seconds

    def wait(self, time: timedelta) -> None:
        """Let time pass."""
        self.now += time
        self.seconds += time.total_seconds()


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_jump_counts_when_older_leases_have_ended(
    tmp_path: pathlib.Path, jump: timedelta
) -> None:
    """Until then, a new lease ends by the later time and is expired by the earlier one."""
    host = Host()
    async with open_database(f"sqlite:///{tmp_path / 'syndicate.db'}") as database:
        clock = LeaseClock(database, host.clock, LEASE, monotonic=host.monotonic)
        host.wait(LEASE)
        host.now += timedelta(seconds=0.5)  # drift
        assert clock.for_new_leases == clock.for_expiry == host.now
        assert not clock.is_shifted(host.now)
        before = host.now
        host.now += jump
        for _ in range(2):
            assert clock.for_new_leases == max(before, before + jump)
            assert clock.for_expiry == min(before, before + jump)
        host.wait(LEASE - timedelta(seconds=1))
        assert clock.for_new_leases - clock.for_expiry == HOUR
        host.wait(timedelta(seconds=1))
        assert clock.for_new_leases == clock.for_expiry == host.now


async def test_every_jump_counts_until_leases_from_before_it_have_ended(
    tmp_path: pathlib.Path,
) -> None:
    """Also one that comes before the previous one is forgotten."""
    host = Host()
    second = timedelta(seconds=1)
    async with open_database(f"sqlite:///{tmp_path / 'syndicate.db'}") as database:
        clock = LeaseClock(database, host.clock, LEASE, monotonic=host.monotonic)
        assert clock.for_expiry == host.now
        host.wait(second)
        host.now -= HOUR
        assert clock.for_expiry == host.now
        host.wait(LEASE / 2)
        lease_end = clock.for_new_leases + LEASE
        assert lease_end == host.now + HOUR + LEASE
        host.wait(second)
        host.now += 2 * HOUR
        assert clock.for_expiry == host.now - 2 * HOUR
        host.wait(LEASE - 2 * second)
        assert clock.for_expiry < lease_end
        assert clock.for_new_leases == host.now
        host.wait(2 * second)
        assert clock.for_expiry == host.now > lease_end


async def test_jump_back_and_forth_counts_until_leases_have_ended(tmp_path: pathlib.Path) -> None:
    """As of a clock that was set by mistake."""
    host = Host()
    async with open_database(f"sqlite:///{tmp_path / 'syndicate.db'}") as database:
        clock = LeaseClock(database, host.clock, LEASE, monotonic=host.monotonic)
        assert not clock.is_shifted(host.now)
        host.now -= HOUR
        assert clock.for_new_leases == host.now + HOUR
        host.now += HOUR
        assert clock.for_new_leases == host.now
        assert clock.is_shifted(host.now)
        host.wait(LEASE)
        assert clock.for_new_leases == clock.for_expiry == host.now


async def test_drift_adds_up_to_a_jump(tmp_path: pathlib.Path) -> None:
    """Many small steps within a lease count like a large one."""
    host = Host()
    async with open_database(f"sqlite:///{tmp_path / 'syndicate.db'}") as database:
        clock = LeaseClock(database, host.clock, LEASE, monotonic=host.monotonic)
        before = clock.for_expiry
        for _ in range(8):
            host.now += timedelta(seconds=0.5)
            assert clock.for_new_leases == host.now
        assert clock.for_expiry <= before + timedelta(seconds=1)


async def test_hosts_measure_leases_by_the_database_server(postgresql: str) -> None:
    """Although the clock of one is an hour ahead, and jumps."""
    host = Host()
    with postgresql_database(postgresql) as url:
        await check_server_time(url, host)


async def check_server_time(url: str, host: Host) -> None:
    """Compare the times of leases with that of the server."""
    async with open_database(url) as database:
        clock = LeaseClock(database, host.clock, LEASE, monotonic=host.monotonic)
        await clock.synchronize()
        host.now += HOUR
        assert abs(clock.for_new_leases - now()) < timedelta(minutes=5)
        await clock.synchronize()
        assert clock.for_new_leases == clock.for_expiry


async def test_wait_for_a_connection_does_not_count_as_part_of_a_measurement(
    postgresql: str,
) -> None:
    """The server is asked between two readings of the clock of the host, and nothing else."""
    done: list[str] = []

    def elapsed() -> timedelta:
        done.append("clock read")
        return timedelta()

    def connected(*_: object) -> None:
        done.append("connected")

    with postgresql_database(postgresql) as url:
        async with open_database(url) as database:
            event.listen(Pool, "checkout", connected)
            try:
                before, server_time, after = await database.server_time(elapsed)
            finally:
                event.remove(Pool, "checkout", connected)
    assert done == ["connected", "clock read", "clock read"]
    assert (before, after) == (timedelta(), timedelta())
    assert abs(server_time - now()) < timedelta(minutes=5)


async def test_slow_measurement_of_the_server_time_counts_only_at_first(postgresql: str) -> None:
    """Each reading of the clock of the host then takes as long as the request to the server."""
    host = Host()
    step = timedelta()

    def monotonic() -> float:
        host.wait(step)
        return host.seconds

    with postgresql_database(postgresql) as url:
        async with open_database(url) as database:
            clock = LeaseClock(database, host.clock, LEASE, monotonic=monotonic)
            step = timedelta(minutes=1)
            await clock.synchronize()
            step = timedelta()
            first = clock.for_expiry
            assert abs(first - now()) < timedelta(minutes=5)
            step = HOUR
            await clock.synchronize()
            step = timedelta()
            assert clock.for_new_leases == clock.for_expiry == first + 2 * HOUR
            await clock.synchronize()
            assert clock.for_expiry < first + HOUR


def test_clock_of_leases_counts_the_time_of_a_suspended_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On systems that have such a clock; others use the usual monotonic one."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= boot_clock()() <= time.clock_gettime(time.CLOCK_BOOTTIME)
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    before = time.monotonic()
    assert before <= boot_clock()() <= time.monotonic()


@pytest.mark.slow
@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "backward"])
async def test_delivery_in_progress_is_not_sent_again_after_a_jump(
    address: str, jump: timedelta
) -> None:
    """Neither by its own process nor by another one, and the next events are delivered."""
    offset = timedelta()
    begun, released = asyncio.Event(), asyncio.Event()

    async def hold(received: Received, writer: asyncio.StreamWriter) -> None:
        begun.set()
        await released.wait()
        await respond(204)(received, writer)

    async with open_outbox(address) as outbox, run_receiver(hold, respond(204)) as receiver:
        await subscribe(outbox, "a", receiver.url(), 1)
        async with (
            running_worker(outbox, clock=lambda: now() + offset),
            running_worker(outbox, clock=lambda: now() + offset),
        ):
            await begun.wait()
            offset = jump
            await asyncio.sleep(1.3)
            assert len(receiver.requests) == 1
            assert await delivery_states(outbox, "a") == ["leased"]
            released.set()
            await wait_until(is_queue_empty(outbox, "a"))
        (_, attempts) = await outbox.delivery_log.find("sub_a.1")
        assert [attempt.cause for attempt in attempts] == [""]
