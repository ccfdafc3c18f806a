"""Requests to refresh a source reach the processes of all hosts."""

import asyncio
import pathlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text

from syndicate.publisher.refresh_relay import RefreshRelay
from syndicate.publisher.refresh_requests import RefreshRequests
from syndicate.service.content_service import ContentService
from syndicate.service.runtime import Runtime
from syndicate.storage.channels import REFRESH, notify
from syndicate.storage.database import Database
from tests.content_repository import ContentRepository
from tests.databases import (
    DATABASE_KINDS,
    database_of_kind,
    open_database,
    postgresql_database,
)
from tests.publisher.test_ledger_service import wait_until
from tests.render_pool import render_pool
from tests.service.conftest import FIRST, POST, SETTINGS, settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def address(postgresql: str) -> Iterator[str]:
    """Return the URL of a PostgreSQL database."""
    with postgresql_database(postgresql) as url:
        yield url


@pytest.fixture(params=DATABASE_KINDS)
def either_address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a database of each kind."""
    with database_of_kind(request, tmp_path / "syndicate.db") as url:
        yield url


class Host:
    """What one process of the service was asked to refresh."""

    def __init__(self, database: Database, *sources: str) -> None:
        self.refreshed: list[str] = []
        self.sources = sources
        self.requests = RefreshRequests()
        self.relay = RefreshRelay(
            database, sources, self.refreshed.append, self.requests, retry_seconds=0.02
        )

    def is_started(self) -> bool:
        """Whether everything was refreshed, as when it begins to listen."""
        return sorted(self.refreshed) == sorted(self.sources)


@asynccontextmanager
async def running(*hosts: Host) -> AsyncIterator[None]:
    """Run the relays until they listen, and then as long as the block takes."""
    tasks = [asyncio.create_task(host.relay.run()) for host in hosts]
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def number_of_listeners(database: Database) -> int:
    """Return how many connections listen for requests."""
    query = text("SELECT count(*) FROM pg_stat_activity WHERE query = :query AND datname = :name")
    async with database.read() as connection:
        name = (await connection.execute(text("SELECT current_database()"))).scalar_one()
        found = await connection.execute(query, {"query": f"LISTEN {REFRESH}", "name": name})
        return int(found.scalar_one())


async def wait_until_started(*hosts: Host) -> None:
    """Wait until each host listens, and forget that it refreshed everything then."""
    for host in hosts:
        await wait_until(host.is_started)
        host.refreshed.clear()


async def wait_for_listeners(database: Database, number: int) -> None:
    """Wait until so many listen."""
    while await number_of_listeners(database) != number:  # noqa: ASYNC110 — no event tells
        await asyncio.sleep(0.01)


async def test_request_reaches_all_other_processes(address: str) -> None:
    """As far as they have the source; not the one that sent it."""
    async with open_database(address) as database:
        first, second = Host(database, "news", "blog"), Host(database, "news", "blog")
        third = Host(database, "zoning")
        async with running(first, second, third):
            await wait_until_started(first, second, third)
            first.requests.add("news")
            await wait_until(lambda: second.refreshed == ["news"])
            second.requests.add("zoning")
            await wait_until(lambda: third.refreshed == ["zoning"])
            assert (first.refreshed, second.refreshed) == ([], ["news"])


async def test_interruption_refreshes_everything(
    address: str, postgresql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request may have been missed meanwhile; one that was not sent is sent later."""
    async with open_database(address) as database:
        first, second = Host(database, "news", "blog"), Host(database, "news", "blog")
        with psycopg.connect(postgresql, autocommit=True) as operator:
            async with running(first, second):
                await wait_until_started(first, second)
                async with database.write() as connection:
                    await notify(connection, REFRESH, "malformed")
                    found = await connection.execute(text("SELECT current_database()"))
                    name = found.scalar_one()
                operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
                operator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    [name],
                )
                first.requests.add("news")
                await wait_until(lambda: "database unavailable" in capsys.readouterr().err)
                operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
                await wait_until(lambda: first.refreshed == ["blog", "news"])
                await wait_until(lambda: set(second.refreshed) == {"blog", "news"})
                await wait_for_listeners(database, 2)
                second.refreshed.clear()
                first.requests.add("blog")
                await wait_until(lambda: "blog" in second.refreshed)


async def test_process_that_starts_refreshes_everything(address: str) -> None:
    """Also one that was restarted: requests were not received until it listens."""
    async with open_database(address) as database:
        host = Host(database, "news", "blog")
        for _ in range(2):
            async with running(host):
                await wait_until_started(host)


@contextmanager
def host_of(folder: pathlib.Path, url: str, data: str) -> Iterator[Runtime]:
    """Construct the service of one host, whose data are in the folder ``data``."""
    loaded = settings(folder / "syndicate.toml", SYNDICATE_SERVICE__DATA=str(folder / data))
    with ContentService(
        replace(loaded, database_url=url), is_public=True, render_pool=render_pool()
    ) as content:
        runtime = Runtime(content, first_response_seconds=0.01)
        yield runtime
        runtime.close()


async def test_request_before_the_database_is_open_is_sent_later(
    tmp_path: pathlib.Path, address: str
) -> None:
    """A hook may be called while the service starts."""
    ContentRepository.create(tmp_path / "content").commit({FIRST: POST.format("First", "Words.")})
    (tmp_path / "syndicate.toml").write_text(SETTINGS)
    async with open_database(address) as database:
        other = Host(database, "news")
        with host_of(tmp_path, address, "a") as starting:
            async with running(other):
                await wait_until_started(other)
                starting.services.refresh("news")
                task = asyncio.create_task(starting.run())
                await wait_until(lambda: other.refreshed == ["news"])
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


@pytest.mark.slow
async def test_hook_reaches_each_process(tmp_path: pathlib.Path, either_address: str) -> None:
    """With PostgreSQL on other hosts; with SQLite those of the host, which share a data folder."""
    content = ContentRepository.create(tmp_path / "content", bare=True)
    content.commit({FIRST: POST.format("First", "Words.")})
    remote = SETTINGS.replace('"content"', f'"{content.path.as_uri()}"')
    file = tmp_path / "syndicate.toml"
    file.write_text(remote.replace("poll_seconds = 1", "poll_seconds = 86400"))
    is_sqlite = either_address.startswith("sqlite")
    with (
        host_of(tmp_path, either_address, "a") as first,
        host_of(tmp_path, either_address, "a" if is_sqlite else "b") as second,
    ):
        tasks = [asyncio.create_task(each.run()) for each in (first, second)]
        async with asyncio.timeout(60):
            for host in (first, second):
                await host.watcher.next_edition()
                await host.services.ledger_entries_after(None, 1)
            if not is_sqlite:
                async with open_database(either_address) as database:
                    await wait_for_listeners(database, 2)
            content.commit({FIRST: POST.format("First, corrected", "Words.")})
            first.services.refresh("news")
            for host in (first, second):
                while host.watcher.edition.posts[0].title != "First, corrected":
                    await host.watcher.next_edition(host.watcher.edition)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
