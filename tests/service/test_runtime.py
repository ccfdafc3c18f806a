"""What the web reads from: what it has before, while and after the database is opened."""

import asyncio
import gc
import pathlib
import subprocess
import sys

import pytest

from syndicate.errors import Refused, StorageError
from syndicate.feeds import FeedCache
from syndicate.model.edition import Readiness
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.websub_request import WebSubRequest
from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service import runtime as rooms
from syndicate.service.content_service import ContentService
from syndicate.service.process_tuning import gc_paused
from syndicate.service.runtime import Runtime
from tests.service.conftest import settings


def test_what_speaks_to_databases_is_imported_late() -> None:
    """The first feeds are up before."""
    code = (
        "import sys\n"
        "import syndicate.service.server, syndicate.web.http.server\n"
        "print({'sqlalchemy', 'alembic', 'psycopg'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == ("set()", "")


def test_there_is_something_to_read_before_anything_can_be_followed(
    settings_file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who follows waits a moment; feeds have no tombstones yet."""
    monkeypatch.setattr(rooms, "_DATABASE_WAIT_SECONDS", 0.01)

    async def look() -> None:
        with ContentService(settings(settings_file)) as newsroom:
            publisher = SourceWatcher(
                newsroom.source_readers(),
                build_edition=newsroom.build_edition,
                clock=newsroom.clock,
            )
            live = Runtime(newsroom, publisher)
            assert live.readiness == Readiness(is_ready=False, database_error=None)
            assert live.removed == ()
            with pytest.raises(StorageError, match="being opened"):
                await live.ledger_entries_after(None, 10)
            with pytest.raises(StorageError, match="being opened"):
                await live.subscription_service()
            intent = WebSubRequest(
                id=SubscriptionId("sub_1"), mode="subscribe", topic="", callback=""
            )
            with pytest.raises(StorageError, match="being opened"):
                await live.request_subscription(intent)

    asyncio.run(look())


def test_a_start_that_takes_long_collects_cycles_after_all(
    settings_file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A remote may take minutes; what answers meanwhile leaves behind must not pile up."""
    monkeypatch.setattr(rooms, "_GC_PAUSE_SECONDS", 0.01)

    async def wait() -> None:
        with ContentService(settings(settings_file)) as newsroom:
            publisher = SourceWatcher(
                newsroom.source_readers(),
                build_edition=newsroom.build_edition,
                clock=newsroom.clock,
            )
            keeping = asyncio.create_task(
                Runtime(newsroom, publisher).run(FeedCache(newsroom.settings.service_info))
            )
            assert not gc.isenabled()
            async with asyncio.timeout(20):
                while not gc.isenabled():  # noqa: ASYNC110 — the collector has no event
                    await asyncio.sleep(0.005)
            assert not publisher.is_ready
            keeping.cancel()
            await asyncio.wait([keeping])

    with gc_paused():
        asyncio.run(wait())


def test_what_cannot_be_imported_is_tried_again(
    settings_file: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Else feeds would go on as if all was well, and nobody would ever be told of anything."""
    late = rooms._LATE_MODULES  # noqa: SLF001 — what would fail where too many files are open
    monkeypatch.setattr(rooms, "_LATE_MODULES", ("no_such_module",))
    monkeypatch.setattr(rooms, "_FIRST_REQUEST_SECONDS", 0.01)
    monkeypatch.setattr(rooms, "_DATABASE_WAIT_SECONDS", 60)
    said = ""

    async def work() -> None:
        nonlocal said
        with ContentService(settings(settings_file)) as newsroom:
            publisher = SourceWatcher(
                newsroom.source_readers(),
                build_edition=newsroom.build_edition,
                clock=newsroom.clock,
            )
            live = Runtime(newsroom, publisher)
            keep = live.run(FeedCache(newsroom.settings.service_info), pause_seconds=0.01)
            tasks = [asyncio.create_task(work) for work in (publisher.run(), keep)]
            async with asyncio.timeout(60):
                while "nothing is told" not in said:
                    said += capsys.readouterr().err
                    await asyncio.sleep(0.005)
                monkeypatch.setattr(rooms, "_LATE_MODULES", late)
                await live.subscription_service()
            assert "publisher" in live.readiness.restarted_components
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    asyncio.run(work())
    assert "no_such_module" in said


def test_a_running_service_takes_subscriptions_and_hub_requests(
    settings_file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new subscription wakes the delivery worker, and the hub refuses a private callback."""
    monkeypatch.setattr(rooms, "_FIRST_REQUEST_SECONDS", 0.01)
    monkeypatch.setattr(rooms, "_DATABASE_WAIT_SECONDS", 60)

    async def work() -> None:
        with ContentService(settings(settings_file)) as newsroom:
            publisher = SourceWatcher(
                newsroom.source_readers(),
                build_edition=newsroom.build_edition,
                clock=newsroom.clock,
            )
            live = Runtime(newsroom, publisher)
            keep = live.run(FeedCache(newsroom.settings.service_info))
            tasks = [asyncio.create_task(work) for work in (publisher.run(), keep)]
            async with asyncio.timeout(60):
                await publisher.next_edition()
                office = await live.subscription_service()
                made = await office.subscribe(
                    Subscription(id=SubscriptionId(""), url="https://9.9.9.9/")
                )
                intent = WebSubRequest(
                    id=SubscriptionId("sub_1"),
                    mode="subscribe",
                    topic="",
                    callback="https://10.1.2.3/",
                )
                with pytest.raises(Refused):
                    await live.request_subscription(intent)
            assert made.state == "active"
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    asyncio.run(work())
