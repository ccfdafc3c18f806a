"""Two hosts share a database; links are cut, processes killed, clocks moved: nothing is lost."""

import asyncio
import os
import pathlib
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import pytest

from tests.channels.receiver import Receiver, respond, run_receiver
from tests.databases import PostgresServer, postgresql_server
from tests.fake_clock import fake_clock_library
from tests.system.network_hosts import ADDRESSES, NETWORK, NetworkHost, network_hosts
from tests.system.service_processes import (
    ServiceProcesses,
    service_processes,
    wait_until,
)

IS_SOAK: Final = os.environ.get("SYNDICATE_SOAK") == "1"
PARTITION_SECONDS: Final = 30 if IS_SOAK else 4
HANG_SECONDS: Final = 30 if IS_SOAK else 4
CUT_LINKS: Final[dict[int, tuple[str, ...]]] = (
    dict.fromkeys((1, 2), ("database", "subscriber"))
    if IS_SOAK
    else {1: ("database",), 2: ("subscriber",)}
)
KILLED_COMMANDS: Final[dict[int, tuple[str, ...]]] = (
    dict.fromkeys((1, 2), ("serve", "deliver")) if IS_SOAK else {1: ("serve",), 2: ("deliver",)}
)
"""By the number of the host."""

CLOCK_SECONDS: Final = 60
"""How far the clock of one host is moved."""

LAG_SECONDS: Final = 2 + 10
"""How long after one host another one may serve the same content, on a busy machine."""

PORT: Final = 8000
PUBLIC_URL: Final = 'public_url = "https://feeds.example.gov"'
POLL_SECONDS: Final = "poll_seconds = 1"
"""A faked clock lets a call of the C library fail now and then; git is then run again soon."""

FEED: Final = "/feeds/all.atom?limit=200"


@dataclass(kw_only=True)
class Hosts:
    """Both hosts with their processes, and the feeds that a reader saw on each."""

    hosts: list[NetworkHost]
    processes: ServiceProcesses
    folder: pathlib.Path

    async def start(self, command: str, host: NetworkHost) -> None:
        """Start ``serve`` or ``deliver`` on a host."""
        await self.processes.start(
            f"{command}-{host.number}",
            settings_file=self._folder(host) / "syndicate.toml",
            command_prefix=host.command_prefix,
            variables={
                "SYNDICATE_SERVICE__HOST": "0.0.0.0",  # noqa: S104 — in its own namespace
                "SYNDICATE_SERVICE__PORT": str(PORT),
                **(self._clock_variables() if host is self.hosts[1] else {}),
            },
        )

    def move_clock(self, seconds: int) -> None:
        """Set how far the clock of the second host is ahead; it notices within a second."""
        (self.folder / "clock").write_text(f"{seconds:+}\n")

    def write_settings(self) -> None:
        """Give each host a folder of its own with the same settings."""
        text = (self.folder / "syndicate.toml").read_text()
        for host in self.hosts:
            folder = self._folder(host)
            folder.mkdir()
            (folder / "syndicate.toml").write_text(
                text.replace('repository = "content"', f'repository = "{self.folder}/content"')
            )
        self.move_clock(0)

    def commit(self) -> None:
        """Commit five new posts and a change, now."""
        self.processes.content_repository.now = datetime.now(UTC).replace(microsecond=0)
        self.processes.commit_posts(5)

    def _clock_variables(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(fake_clock_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def _folder(self, host: NetworkHost) -> pathlib.Path:
        return self.folder / f"host-{host.number}"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a reader saw at a time of its own clock.

    ``modified`` is None where `Last-Modified` is not sent: a feed that has just changed may change
    again in the same second.
    """

    at: float
    updated: datetime
    modified: datetime | None
    etag: str


@dataclass(kw_only=True)
class AlternatingReader:
    """Requests the feed from one host and then from the other, all the time."""

    hosts: list[NetworkHost]
    seen: list[Seen] = field(default_factory=list)

    async def read(self) -> None:
        """Read until cancelled; a host that does not respond is tried again later."""
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                for host in self.hosts:
                    with suppress(httpx.TransportError):
                        response = await client.get(f"http://{host.address}:{PORT}{FEED}")
                        if response.status_code == 200:
                            self.seen.append(_seen(response))
                await asyncio.sleep(0.05)

    def check(self) -> None:
        """Check that nothing older was served later than a lag after something newer."""
        assert len({seen.etag for seen in self.seen}) > 5
        _check_order([(seen.at, seen.updated) for seen in self.seen])
        _check_order([(seen.at, seen.modified) for seen in self.seen if seen.modified])


def _check_order(dates: list[tuple[float, datetime]]) -> None:
    """Check dates that were seen at times: from a lag after the latest on, none is earlier."""
    latest_at, latest = dates[0]
    for at, date in dates:
        if date > latest:
            latest_at, latest = at, date
        assert date == latest or at <= latest_at + LAG_SECONDS


def _seen(response: httpx.Response) -> Seen:
    updated = re.search(r"<updated>([^<]+)</updated>", response.text)
    assert updated is not None
    modified = response.headers.get("last-modified")
    return Seen(
        at=time.monotonic(),
        updated=datetime.fromisoformat(updated[1]),
        modified=parsedate_to_datetime(modified) if modified else None,
        etag=response.headers["etag"],
    )


@asynccontextmanager
async def alternating_reader(hosts: list[NetworkHost]) -> AsyncIterator[AlternatingReader]:
    """Read during the block, and check at its end."""
    reader = AlternatingReader(hosts=hosts)
    task = asyncio.create_task(reader.read())
    try:
        yield reader
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    reader.check()


async def wait_until_equal(hosts: list[NetworkHost], title: str) -> None:
    """Wait until one host serves a post, and check that the other one does so in time."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

        async def body(host: NetworkHost) -> str:
            with suppress(httpx.TransportError):
                return (await client.get(f"http://{host.address}:{PORT}{FEED}")).text
            return ""

        async def bodies() -> list[str]:
            return [await body(host) for host in hosts]

        async with asyncio.timeout(60):
            while not any(title in each for each in await bodies()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        async with asyncio.timeout(LAG_SECONDS):
            while len(set(await bodies())) > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def cut_each_link(system: Hosts, receiver: Receiver) -> None:
    """Cut each link for a while, with commits before, during and after."""
    for host in system.hosts:
        for peer in CUT_LINKS[host.number]:
            system.commit()
            host.cut(peer)
            system.commit()
            await wait_until_equal(system.hosts, f"Post {system.processes.post_count - 1}<")
            await asyncio.sleep(PARTITION_SECONDS)
            system.commit()
            host.heal(peer)
            await system.processes.wait_until_delivered(receiver)


async def kill_processes(system: Hosts, receiver: Receiver) -> None:
    """Kill and restart a process, with a commit before and after; then the next one."""
    for host in system.hosts:
        for command in KILLED_COMMANDS[host.number]:
            system.commit()
            await system.processes.kill(f"{command}-{host.number}")
            system.commit()
            await system.start(command, host)
            await system.processes.wait_until_delivered(receiver)


async def move_clock(system: Hosts, receiver: Receiver) -> None:
    """Move the clock of one host forward, back and behind."""
    for seconds in (CLOCK_SECONDS, 0, -CLOCK_SECONDS, 0):
        system.commit()
        system.move_clock(seconds)
        await asyncio.sleep(1.5)
        system.commit()
        await system.processes.wait_until_delivered(receiver)


async def hang_database(system: Hosts, receiver: Receiver, server: PostgresServer) -> None:
    """Stop the database server for a while: connections are open and nothing responds."""
    system.commit()
    with server.hanging():
        system.commit()
        await wait_until_equal(system.hosts, f"Post {system.processes.post_count - 1}<")
        await asyncio.sleep(HANG_SECONDS)
    system.commit()
    await system.processes.wait_until_delivered(receiver)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
async def test_two_hosts_survive_partitions_kills_clock_jumps_and_a_hung_database(
    tmp_path: pathlib.Path,
) -> None:
    """Webhooks arrive in order, feeds are equal within seconds, readers never go back in time."""
    with network_hosts(2) as hosts, postgresql_server() as server:
        url = server.listen(ADDRESSES["database"], NETWORK)
        with service_processes(tmp_path, url) as processes:
            settings = tmp_path / "syndicate.toml"
            text = settings.read_text().replace("127.0.0.0/8", NETWORK)
            text = text.replace("[service]", f"[service]\n{PUBLIC_URL}")
            settings.write_text(text.replace("[[sources]]", f"[[sources]]\n{POLL_SECONDS}"))
            system = Hosts(hosts=hosts, processes=processes, folder=tmp_path)
            system.write_settings()
            async with run_receiver(respond(204), host=ADDRESSES["subscriber"]) as receiver:
                for host in hosts:
                    await system.start("serve", host)
                await processes.subscribe(receiver, host=ADDRESSES["subscriber"])
                for host in hosts:
                    await system.start("deliver", host)
                await processes.wait_until_listening(4)
                async with alternating_reader(hosts):
                    system.commit()
                    await wait_until_equal(hosts, "Post 4<")
                    await wait_until(lambda: bool(receiver.requests))
                    await cut_each_link(system, receiver)
                    await kill_processes(system, receiver)
                    await move_clock(system, receiver)
                    await hang_database(system, receiver, server)
                    await wait_until_equal(hosts, f"Post {processes.post_count - 1}<")
                await processes.stop_all()
                await processes.check_delivery_log(receiver)
            await processes.compare_with_served_posts(receiver)
