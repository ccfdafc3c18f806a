"""Processes of a service with one database, killed while editors commit and partners receive.

A subscriber who applies what was received must have what the service serves, after any number of
kills; and the delivery log must say that everything was delivered.
"""

import asyncio
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from signal import SIGTERM
from typing import Any, Final
from urllib.parse import quote

import httpx

from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.service.content_service import current_time
from syndicate.settings import Settings, load
from syndicate.storage.database import Database
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.ledger import Ledger
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests.channels.receiver import Received, Receiver
from tests.content_repository import ContentRepository, git_environment
from tests.publisher.conftest import FIRST, SETTINGS, post_file
from tests.running_service import running_service
from tests.stepwise_service import PostMirror

TIMEOUT_SECONDS: Final = 1
DELIVERY_SETTINGS: Final = f"""
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
class ServiceProcesses:
    """Processes of a service by name; the part before the dash is the command."""

    folder: pathlib.Path
    content_repository: ContentRepository
    database_url: str
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    post_count: int = 0

    @property
    def settings(self) -> Settings:
        """The settings of the service, with any free port."""
        return load(self.folder / "syndicate.toml", {"SYNDICATE_SERVICE__PORT": "0"})

    async def start(
        self,
        name: str,
        *,
        settings_file: pathlib.Path | None = None,
        command_prefix: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Start a process, with other settings and environment ``variables`` if they are given."""
        file = settings_file or self.folder / "syndicate.toml"
        environment = {"PYTHONPATH": "src", "SYNDICATE_SERVICE__PORT": "0", **(variables or {})}
        command = name.partition("-")[0]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = await asyncio.create_subprocess_exec(
                *command_prefix,
                *(sys.executable, "-m", "syndicate", "--config", str(file), command),
                env=git_environment(environment),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    async def wait_until_listening(self, count: int) -> None:
        """Wait until ``count`` processes deliver from PostgreSQL: each listens to it twice.

        A process that is still starting when the database server ends would exit with an error.
        """
        query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %%'"
        database = await Database.open(self.database_url)
        try:
            async with asyncio.timeout(60):
                while True:
                    async with database.read() as connection:
                        listeners = (await connection.exec_driver_sql(query)).scalar_one()
                    if listeners >= 2 * count:
                        return
                    await asyncio.sleep(0.05)
        finally:
            await database.close()

    async def kill(self, name: str) -> None:
        """Kill a process."""
        process = self.processes.pop(name)
        process.kill()
        await process.wait()

    async def stop_all(self) -> None:
        """Stop every process with SIGTERM; a process that has just started is ended by it."""
        for process in self.processes.values():
            process.terminate()
        assert {await process.wait() for process in self.processes.values()} <= {0, -SIGTERM}
        self.processes.clear()

    async def subscribe(self, receiver: Receiver, *, host: str = "127.0.0.1") -> None:
        """Add each of `SELECTIONS`, once there is a baseline whose changes are announced."""
        await Database.upgrade_at(self.database_url)
        database = await Database.open(self.database_url)
        try:
            async with asyncio.timeout(60):
                while not (await Ledger(database).entries()):  # noqa: ASYNC110 — the ledger sends no notification
                    await asyncio.sleep(0.05)
            for name, selection in SELECTIONS.items():
                subscription = Subscription(
                    id=_id(name),
                    owner="test",
                    url=receiver.url(f"/{name}", host),
                    selection=selection,
                )
                await Subscriptions(database, SecretStore()).add(subscription, current_time())
        finally:
            await database.close()

    def commit_posts(self, count: int) -> None:
        """Commit ``count`` new posts and a change of one existing post."""
        numbers = range(self.post_count, self.post_count + count)
        self.post_count += count
        files = {
            f"news/2024-01-01-{number}.md": _post(number, f"First words of {number}.")
            for number in numbers
        }
        changed = numbers[0] // 2
        files[f"news/2024-01-01-{changed}.md"] = _post(changed, f"Until {numbers[-1]} was there.")
        self.content_repository.commit(files)

    async def wait_until_delivered(self, receiver: Receiver) -> None:
        """Wait until every commit was recorded and delivered."""
        database = await Database.open(self.database_url)
        delivery_log, subscription_ids = DeliveryLog(database), [_id(name) for name in SELECTIONS]
        try:
            async with asyncio.timeout(120):
                while (  # noqa: ASYNC110
                    not self._is_last_post_received(receiver)
                    or await delivery_log.pending_counts(subscription_ids)
                ):
                    await asyncio.sleep(0.05)
        finally:
            await database.close()

    async def check_delivery_log(self, receiver: Receiver) -> None:
        """Check that nothing was lost or reordered, and that repeats have the same id."""
        database = await Database.open(self.database_url)
        try:
            for name in SELECTIONS:
                deliveries = await DeliveryLog(database).list(_id(name), limit=10_000)
                requests = requests_to(receiver, name)
                assert {delivery.state for delivery in deliveries} == {"delivered"}
                assert _without_repeats(
                    [delivery.headers["webhook-id"] for delivery in requests]
                ) == [delivery.event for delivery in reversed(deliveries)]
                assert len({delivery.body for delivery in requests}) == len(deliveries)
        finally:
            await database.close()

    async def compare_with_served_posts(self, receiver: Receiver) -> None:
        """Check that a mirror of the received events has what is served now."""
        served: dict[str, Any] = {}

        async with running_service(self.settings, seconds=60) as client:
            for name, query in QUERIES.items():
                url: str | None = f"/v1/posts?limit=200{query}"
                served[name] = {}
                while url:
                    page = (await client.get(url)).json()
                    served[name] |= {item["id"]: item for item in page["items"]}
                    next_url = page["next_url"]
                    url = httpx.URL(next_url).raw_path.decode() if next_url else None
        for name, items in served.items():
            mirror = PostMirror()
            for request in requests_to(receiver, name):
                mirror.apply(json.loads(request.body))
            unchanged_ids = [post_id for post_id, item in items.items() if item["title"] == "First"]
            assert mirror.posts == {
                post_id: items[post_id] for post_id in items if post_id not in unchanged_ids
            }
            assert mirror.posts

    def _is_last_post_received(self, receiver: Receiver) -> bool:
        last_title = f'"title":"Post {self.post_count - 1}"'.encode()
        return any(last_title in request.body for request in requests_to(receiver, "everything"))


@contextmanager
def service_processes(folder: pathlib.Path, database_url: str) -> Iterator[ServiceProcesses]:
    """Create a service with one post, of which no process runs yet."""
    content = ContentRepository.create(folder / "content")
    content.commit({FIRST: post_file("First")})
    location, _, socket = database_url.partition("?host=")
    if socket:  # settings do not accept a slash there
        database_url = f"{location}?host={quote(socket, safe='')}"
    (folder / "syndicate.toml").write_text(
        SETTINGS + DELIVERY_SETTINGS.format(address=database_url)
    )
    processes = ServiceProcesses(
        folder=folder, content_repository=content, database_url=database_url
    )
    try:
        yield processes
    finally:
        for process in processes.processes.values():
            with suppress(ProcessLookupError):
                process.kill()


def requests_to(receiver: Receiver, name: str) -> list[Received]:
    """Return the requests received by the subscription ``name``, in order."""
    return [request for request in receiver.requests if request.target == f"/{name}"]


async def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 — other processes change it
            await asyncio.sleep(0.01)


def _id(name: str) -> SubscriptionId:
    return SubscriptionId(f"sub_{name}")


def _without_repeats(ids: list[str]) -> list[str]:
    """Remove each id that repeats the one before it."""
    return [
        event_id for index, event_id in enumerate(ids) if not index or ids[index - 1] != event_id
    ]


def _post(number: int, words: str) -> str:
    tags = {"tags": "[design]"} if number % 2 else {}
    return post_file(f"Post {number}", words, date="2024-01-01", **tags)
