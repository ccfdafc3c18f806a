"""A day of a service in minutes: real processes whose clock runs sixty times as fast."""

import asyncio
import json
import os
import pathlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import linear_regression
from typing import Any, Final

import pytest

from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.service.content_service import current_time
from syndicate.settings import Settings, load
from syndicate.storage.database import Database
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.ledger import Ledger
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests.channels.receiver import Received, Receiver, hang_up, respond, run_receiver
from tests.content_repository import ContentRepository, git_environment
from tests.fake_clock import fake_clock_library
from tests.publisher.conftest import post_file
from tests.running_service import running_service
from tests.stepwise_service import PostMirror

IS_SOAK: Final = os.environ.get("SYNDICATE_SOAK") == "1"
HOURS: Final = 24 if IS_SOAK else 1
SPEED: Final = 60
"""How much faster the clock of the service is."""

SECONDS_PER_HOUR: Final = 3_600 / SPEED
SOURCES: Final = 20
SUBSCRIPTIONS: Final = 200
COMMITS_PER_HOUR: Final = 5
POSTS: Final = 5
"""Posts of each source that are there before the subscriptions and never change."""

MAX_GROWTH: Final = 0.5
"""Megabytes of memory that an hour may add, after the first hours."""

SETTINGS: Final = """
[service]
title = "A day"
workers = 1

[delivery]
allow_http = true
allow_networks = ["127.0.0.0/8"]

[database]
url = "sqlite:///var/syndicate.db"
"""
SOURCE: Final = """
[[sources]]
name = "{name}"
repository = "{name}"
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://{name}.example.gov"
permalink = "/news/:name"
timezone = "UTC"
"""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Megabytes of memory of all processes, and files and megabytes of the data folder."""

    memory: float
    files: int
    disk: float


@dataclass(kw_only=True)
class SimulatedDay:
    """The processes of a service, its repositories, and what was committed."""

    folder: pathlib.Path
    chance: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311
    repositories: list[ContentRepository] = field(default_factory=list)
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    began: float = field(default_factory=time.time)
    usages: list[Usage] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    """Titles of the posts that were added and not removed, by repository and path."""
    commits: int = 0

    @property
    def settings(self) -> Settings:
        """The settings of the service, with any free port."""
        return load(self.folder / "syndicate.toml", {"SYNDICATE_SERVICE__PORT": "0"})

    @property
    def now(self) -> float:
        """The time of the service, in seconds since 1970."""
        return self.began + SPEED * (time.time() - self.began)

    def create(self) -> None:
        """Create the repositories and the settings."""
        names = [f"source-{number}" for number in range(SOURCES)]
        for name in names:
            repository = ContentRepository.create(self.folder / name)
            repository.commit({f"news/old-{n}.md": self._post(f"Old {n}") for n in range(POSTS)})
            self.repositories.append(repository)
        text = SETTINGS + "".join(SOURCE.format(name=name) for name in names)
        (self.folder / "syndicate.toml").write_text(text)

    async def start(self, command: str) -> None:
        """Start a process at the time of the day."""
        variables = {
            "PYTHONPATH": "src",
            "SYNDICATE_SERVICE__PORT": "0",
            "LD_PRELOAD": str(fake_clock_library()),
            "FAKETIME": f"+{self.now - time.time():.3f} x{SPEED}",
            "NO_FAKE_STAT": "1",
        }
        file = str(self.folder / "syndicate.toml")
        with (self.folder / f"{command}.log").open("ab") as log:
            self.processes[command] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "syndicate", "--config", file, command),
                env=git_environment(variables),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    async def kill(self, command: str) -> None:
        """Kill a process and start another one."""
        self.processes[command].kill()
        await self.processes[command].wait()
        await self.start(command)

    def commit(self) -> None:
        """Add a post to a source, change one or remove one."""
        repository = self.chance.choice(self.repositories)
        repository.now = datetime.fromtimestamp(int(self.now), UTC)
        self.commits += 1
        new = f"news/day-{self.commits}.md"
        listed = repository.git("ls-tree", "--name-only", "main", "news/").split()
        changeable = [path for path in listed if "/day-" in path]
        path = self.chance.choice([new, new, *changeable])
        key, title = f"{repository.path}/{path}", f"Day {self.commits}"
        if path != new and self.chance.random() < 0.3:
            repository.commit({path: None})
            del self.titles[key]
        else:
            repository.commit({path: self._post(title)})
            self.titles[key] = title

    def measure(self) -> None:
        """Note what the service uses now, also in the file ``usage.txt``."""
        data = [file for file in (self.folder / "var").rglob("*") if file.is_file()]
        usage = Usage(
            memory=sum(_memory(process.pid) for process in self.processes.values()),
            files=len(data),
            disk=sum(file.stat().st_size for file in data) / 1e6,
        )
        self.usages.append(usage)
        with (self.folder / "usage.txt").open("a") as file:
            file.write(f"{len(self.usages)} {usage}\n")

    async def stop(self) -> None:
        """Stop every process as an operator does."""
        for process in self.processes.values():
            process.terminate()
        assert {await process.wait() for process in self.processes.values()} == {0}
        self.processes.clear()

    def _post(self, title: str) -> str:
        words = " ".join(self.chance.choices(("open", "data", "team", "design"), k=300))
        return post_file(title, words, date="2024-01-01")


def _memory(pid: int) -> float:
    """Return the megabytes of memory of a process and of its children."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    own = int(text.partition("\nPss:")[2].split()[0]) / 1024
    return own + sum(_memory(int(child)) for child in children)


@contextmanager
def simulated_day(folder: pathlib.Path) -> Iterator[SimulatedDay]:
    """Create a service, of which no process runs yet."""
    day = SimulatedDay(folder=folder)
    day.create()
    try:
        yield day
    finally:
        for process in day.processes.values():
            with suppress(ProcessLookupError):
                process.kill()


async def subscribe(database: Database, receiver: Receiver) -> None:
    """Add subscriptions to everything, once there is a baseline whose changes are announced."""
    async with asyncio.timeout(60):
        while len(await Ledger(database).entries()) < SOURCES * POSTS:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    for number in range(SUBSCRIPTIONS):
        subscription = Subscription(
            id=SubscriptionId(f"sub_{number}"),
            owner="test",
            url=receiver.url(f"/sub_{number}"),
            selection=Selection(),
        )
        await Subscriptions(database, SecretStore()).add(subscription, current_time())


class UnreliableReceiver:
    """Fails now and then: one request in twenty, and all for a while each few hours."""

    def __init__(self) -> None:
        self._chance = random.Random(6)  # noqa: S311
        self.is_down = False

    async def __call__(self, received: Received, writer: asyncio.StreamWriter) -> None:
        """Respond to one request."""
        if self.is_down or self._chance.random() < 0.025:
            await hang_up(received, writer)
        elif self._chance.random() < 0.025:
            await respond(503, b"later")(received, writer)
        else:
            await respond(204)(received, writer)


async def live_through(day: SimulatedDay, partner: UnreliableReceiver) -> None:
    """Let the hours pass, with commits and faults."""
    for hour in range(HOURS):
        for number in range(COMMITS_PER_HOUR):
            day.commit()
            partner.is_down = hour % 4 == 2 and number < 2
            if number == 2 and hour % 6 in (0, 3):
                await day.kill("deliver" if hour % 6 else "serve")
            await asyncio.sleep(SECONDS_PER_HOUR / COMMITS_PER_HOUR)
        day.measure()
    partner.is_down = False


def mirror_of(requests: list[Received]) -> PostMirror:
    """Return a copy of the posts to which all requests were applied."""
    mirror = PostMirror()
    for request in requests:
        mirror.apply(json.loads(request.body))
    return mirror


async def wait_until_delivered(day: SimulatedDay, database: Database, receiver: Receiver) -> None:
    """Wait until every subscription has received what was committed last."""
    ids = [SubscriptionId(f"sub_{number}") for number in range(SUBSCRIPTIONS)]
    log, titles = DeliveryLog(database), sorted(day.titles.values())
    async with asyncio.timeout(300):
        while True:
            first = [each for each in receiver.requests if each.target == f"/{ids[0]}"]
            received = sorted(item["title"] for item in mirror_of(first).posts.values())
            if received == titles and not await log.pending_counts(ids):
                return
            await asyncio.sleep(0.2)


async def check_deliveries(day: SimulatedDay, database: Database, receiver: Receiver) -> None:
    """Check that every event of every subscription arrived, in order, and gives what is served."""
    received: dict[str, list[Received]] = {}
    for request in receiver.requests:
        received.setdefault(request.target, []).append(request)
    served = await served_posts(day.settings)
    assert len(received) == SUBSCRIPTIONS
    for target, requests in received.items():
        deliveries = await DeliveryLog(database).list(SubscriptionId(target[1:]), limit=10_000)
        assert {delivery.state for delivery in deliveries} == {"delivered"}
        events = [delivery.event for delivery in reversed(deliveries)]
        assert list(dict.fromkeys(each.headers["webhook-id"] for each in requests)) == events
        assert mirror_of(requests).posts == served


async def served_posts(settings: Settings) -> dict[str, Any]:
    """Return the posts of the day that are served in the end."""
    async with running_service(settings, seconds=60) as client:
        found: dict[str, Any] = {}
        url = "/v1/posts?limit=200"
        while url:
            page = (await client.get(url)).json()
            found |= {item["id"]: item for item in page["items"]}
            url = (page["next_url"] or "").partition("/v1/")[2] and (
                "/v1/" + page["next_url"].partition("/v1/")[2]
            )
    return {key: item for key, item in found.items() if item["title"].startswith("Day ")}


def check_usage(usages: list[Usage]) -> None:
    """Check that memory does not grow with the hours, nor the number of files."""
    if len(usages) < 12:
        return
    later = usages[4:]
    memory = [usage.memory for usage in later]
    slope = linear_regression(range(len(later)), memory).slope
    assert slope < MAX_GROWTH, f"{slope:.2f} MB an hour: {memory}"
    assert later[-1].files < later[0].files + 200, later


@pytest.mark.soak
@pytest.mark.timeout(2_400)
async def test_a_day_loses_nothing_and_leaves_nothing(tmp_path: pathlib.Path) -> None:
    """Twenty sources, two hundred subscriptions, five commits an hour, processes killed."""
    partner = UnreliableReceiver()
    with simulated_day(tmp_path) as day:
        database_url = f"sqlite:///{tmp_path / 'var' / 'syndicate.db'}"
        await Database.upgrade_at(database_url)
        database = await Database.open(database_url)
        async with run_receiver(partner) as receiver:
            await day.start("serve")
            await subscribe(database, receiver)
            await day.start("deliver")
            await live_through(day, partner)
            await wait_until_delivered(day, database, receiver)
            check_usage(day.usages)
            await day.stop()
            await check_deliveries(day, database, receiver)
        await database.close()
