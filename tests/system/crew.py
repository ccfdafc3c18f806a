"""Processes of a service over one database that are killed while editors write and partners hear.

Whoever applies what it heard must have in the end what the service serves, however often anybody
was killed; and the delivery log must say that everything was delivered.
"""

import asyncio
import json
import pathlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from signal import SIGTERM
from typing import Any, Final
from urllib.parse import quote

import httpx

from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.service.newsroom import now
from syndicate.settings import Settings, load
from syndicate.storage.database import Database
from syndicate.storage.journal import Journal
from syndicate.storage.ledger import Ledger
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions
from tests.channels.receiver import Received, Receiver
from tests.content_repository import ContentRepository, environment
from tests.mirror import Mirror
from tests.publisher.conftest import FIRST, SETTINGS, file
from tests.running import serving

TIMEOUT_SECONDS: Final = 1
TABLES: Final = f"""
[database]
url = "{{address}}"

[delivery]
allow_http = true
allow_networks = ["127.0.0.0/8"]
timeout_seconds = {TIMEOUT_SECONDS}
retry_seconds = [0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
"""
SELECTIONS: Final = {
    "everything": Selection(),
    "as-well": Selection(),
    "design": Selection(categories=frozenset({frozenset({"design"})})),
}
QUERIES: Final = {"everything": "", "as-well": "", "design": "&category=design"}


@dataclass(kw_only=True)
class Crew:
    """Who works at a service, by name; the command of each is what stands before the dash."""

    folder: pathlib.Path
    content: ContentRepository
    address: str
    workers: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    written: int = 0

    @property
    def settings(self) -> Settings:
        """The settings of the service, at any port."""
        return load(self.folder / "syndicate.toml", {"SYNDICATE_SERVICE__PORT": "0"})

    async def start(self, name: str) -> None:
        """Start a worker."""
        self.workers[name] = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "syndicate", "--config", str(self.folder / "syndicate.toml")),
            name.partition("-")[0],
            env=environment({"PYTHONPATH": "src", "SYNDICATE_SERVICE__PORT": "0"}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def at_work(self, count: int) -> None:
        """Wait until so many workers deliver, from a PostgreSQL: each listens to it twice.

        Whoever still starts when the server ends gives up, as there is none.
        """
        asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %%'"
        database = await Database.open(self.address)
        try:
            async with asyncio.timeout(60):
                while True:
                    async with database.read() as connection:
                        found = (await connection.exec_driver_sql(asked)).scalar_one()
                    if found >= 2 * count:
                        return
                    await asyncio.sleep(0.05)
        finally:
            await database.close()

    async def kill(self, name: str) -> None:
        """End a worker without a warning."""
        worker = self.workers.pop(name)
        worker.kill()
        await worker.wait()

    async def dismiss(self) -> None:
        """Let every worker stop as an operator would; who has only just begun dies of it."""
        for worker in self.workers.values():
            worker.terminate()
        assert {await worker.wait() for worker in self.workers.values()} <= {0, -SIGTERM}
        self.workers.clear()

    async def subscribe(self, receiver: Receiver) -> None:
        """Subscribe each of `SELECTIONS`, once there is a baseline to hear of changes to."""
        await Database.upgrade_at(self.address)
        database = await Database.open(self.address)
        try:
            async with asyncio.timeout(60):
                while not (await Ledger(database).told()):  # noqa: ASYNC110 — nobody says so
                    await asyncio.sleep(0.05)
            for name, selection in SELECTIONS.items():
                wish = Subscription(
                    id=_id(name), owner="test", url=receiver.url(f"/{name}"), selection=selection
                )
                await Subscriptions(database, Safe()).add(wish, now())
        finally:
            await database.close()

    def write(self, posts: int) -> None:
        """Commit so many new posts and a change to one that was there."""
        numbers = range(self.written, self.written + posts)
        self.written += posts
        made = {f"news/2024-01-01-{n}.md": _post(n, f"First words of {n}.") for n in numbers}
        changed = numbers[0] // 2
        made[f"news/2024-01-01-{changed}.md"] = _post(changed, f"Until {numbers[-1]} was there.")
        self.content.commit(made)

    async def settled(self, receiver: Receiver) -> None:
        """Wait until everything that was written was told and delivered."""
        database = await Database.open(self.address)
        journal, whom = Journal(database), [_id(name) for name in SELECTIONS]
        try:
            async with asyncio.timeout(120):
                while not self._is_heard(receiver) or await journal.pending(whom):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        finally:
            await database.close()

    async def check(self, receiver: Receiver) -> None:
        """Nothing was lost or reordered, and repeats are repeats."""
        database = await Database.open(self.address)
        try:
            for name in SELECTIONS:
                found = await Journal(database).list(_id(name), limit=10_000)
                heard = heard_by(receiver, name)
                assert {one.state for one in found} == {"delivered"}
                assert _once([one.headers["webhook-id"] for one in heard]) == [
                    one.event for one in reversed(found)
                ]
                assert len({one.body for one in heard}) == len(found)
        finally:
            await database.close()

    def compare(self, receiver: Receiver) -> None:
        """Whoever applied what it heard has what is served now."""
        served: dict[str, Any] = {}

        async def visit(client: httpx.AsyncClient) -> None:
            for name, query in QUERIES.items():
                url: str | None = f"/v1/posts?limit=200{query}"
                served[name] = {}
                while url:
                    page = (await client.get(url)).json()
                    served[name] |= {item["id"]: item for item in page["items"]}
                    further = page["next_url"]
                    url = httpx.URL(further).raw_path.decode() if further else None

        serving(self.settings, visit, seconds=60)
        for name, items in served.items():
            mirror = Mirror()
            for one in heard_by(receiver, name):
                mirror.apply(json.loads(one.body))
            old = [which for which, item in items.items() if item["title"] == "First"]
            assert mirror.copy == {which: items[which] for which in items if which not in old}
            assert mirror.copy

    def _is_heard(self, receiver: Receiver) -> bool:
        last = f'"title":"Post {self.written - 1}"'.encode()
        return any(last in one.body for one in heard_by(receiver, "everything"))


@contextmanager
def crew(folder: pathlib.Path, address: str) -> Iterator[Crew]:
    """Found a service with one post, of which nobody works yet."""
    content = ContentRepository.create(folder / "content")
    content.commit({FIRST: file("First")})
    where, _, socket = address.partition("?host=")
    if socket:  # settings want no slash there
        address = f"{where}?host={quote(socket, safe='')}"
    (folder / "syndicate.toml").write_text(SETTINGS + TABLES.format(address=address))
    made = Crew(folder=folder, content=content, address=address)
    try:
        yield made
    finally:
        for worker in made.workers.values():
            with suppress(ProcessLookupError):
                worker.kill()


def heard_by(receiver: Receiver, name: str) -> list[Received]:
    """Return what the subscription ``name`` heard, in order."""
    return [one for one in receiver.requests if one.target == f"/{name}"]


async def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 — other processes make it so
            await asyncio.sleep(0.01)


def employ(work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work`` to its end."""

    async def do() -> None:
        async with asyncio.timeout(900):
            await work()

    asyncio.run(do())


def _id(name: str) -> SubscriptionId:
    return SubscriptionId(f"sub_{name}")


def _once(ids: list[str]) -> list[str]:
    """Leave out what is a repeat of the one before it."""
    return [one for n, one in enumerate(ids) if not n or ids[n - 1] != one]


def _post(number: int, words: str) -> str:
    tags = {"tags": "[design]"} if number % 2 else {}
    return file(f"Post {number}", words, date="2024-01-01", **tags)
