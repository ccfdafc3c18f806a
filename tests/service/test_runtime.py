"""What a running service answers before, while and after the database is opened."""

import asyncio
import gc
import pathlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from syndicate.errors import Refused, StorageError
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.websub_request import WebSubRequest
from syndicate.service.content_service import ContentService
from syndicate.service.process_tuning import gc_paused
from syndicate.service.runtime import LiveServices, Runtime
from syndicate.service.supervisor import Restarts
from syndicate.web.services import Readiness
from tests.service.conftest import settings

DATABASE_MODULE = "syndicate.service.database_services"
REQUEST = WebSubRequest(
    id=SubscriptionId("sub_1"), mode="subscribe", topic="", callback="https://10.1.2.3/"
)


@contextmanager
def runtime_of(
    file: pathlib.Path,
    *,
    first_response_seconds: float = 0.01,
    gc_pause_seconds: float = 60,
    **environ: str,
) -> Iterator[Runtime]:
    """Construct a runtime that opens the database at once, and again 10 ms after an error."""
    with ContentService(settings(file, **environ)) as content:
        runtime = Runtime(
            content,
            first_response_seconds=first_response_seconds,
            gc_pause_seconds=gc_pause_seconds,
            retry_seconds=0.01,
            database_wait_seconds=60,
        )
        yield runtime
        runtime.close()


@asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[None]:
    """Run ``runtime`` for at most a minute."""
    task = asyncio.create_task(runtime.run())
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.slow
def test_database_libraries_are_imported_late() -> None:
    """The first feeds are served before."""
    code = (
        "import sys\n"
        "import syndicate.service.server, syndicate.web.http.server\n"
        "print({'sqlalchemy', 'alembic', 'psycopg', 'httpx'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == ("set()", "")


@pytest.mark.anyio
async def test_requests_wait_for_the_database_and_are_then_refused(
    settings_file: pathlib.Path,
) -> None:
    """Feeds have no tombstones yet."""
    with runtime_of(settings_file) as runtime, ContentService(settings(settings_file)) as content:
        services = LiveServices(content, runtime.watcher, Restarts(), database_wait_seconds=0.01)
        assert services.readiness == Readiness(is_ready=False, is_database_starting=True)
        assert services.removed == ()
        with pytest.raises(StorageError, match="database not ready"):
            await services.ledger_entries_after(None, 10)
        with pytest.raises(StorageError, match="database not ready"):
            await services.subscription_service()
        with pytest.raises(StorageError, match="database not ready"):
            await services.request_subscription(REQUEST)


@pytest.mark.anyio
async def test_garbage_collection_is_resumed_although_the_first_edition_takes_long(
    settings_file: pathlib.Path,
) -> None:
    """A remote may take minutes; the garbage of requests in the meantime must not accumulate."""
    with gc_paused(), runtime_of(settings_file, gc_pause_seconds=0.01) as runtime:
        waiting = asyncio.create_task(runtime.run_database_services())
        assert not gc.isenabled()
        async with asyncio.timeout(20):
            while not gc.isenabled():  # noqa: ASYNC110 — the collector has no event
                await asyncio.sleep(0.005)
        assert not runtime.watcher.is_ready
        waiting.cancel()
        await asyncio.wait([waiting])


@pytest.mark.slow
@pytest.mark.anyio
async def test_an_import_that_fails_is_repeated(
    settings_file: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The process may have too many open files; otherwise nothing would ever be announced."""
    log = ""
    with monkeypatch.context() as failing, runtime_of(settings_file) as runtime:
        failing.setitem(sys.modules, DATABASE_MODULE, None)
        async with running(runtime):
            while "database unavailable" not in log:
                log += capsys.readouterr().err
                await asyncio.sleep(0.005)
            failing.undo()
            await runtime.services.subscription_service()
        assert "publisher" in runtime.services.readiness.restarted_components
    assert DATABASE_MODULE in log


@pytest.mark.slow
@pytest.mark.anyio
async def test_database_is_opened_after_the_first_response(settings_file: pathlib.Path) -> None:
    """Whichever comes first: a response, or the time until which the database waits for one."""
    with runtime_of(settings_file, first_response_seconds=600) as runtime:
        async with running(runtime):
            await runtime.watcher.next_edition()
            assert await runtime.services.render_posts((), runtime.services.edition) == ()
            await runtime.services.subscription_service()
        assert runtime.services.readiness.database_error == ""


@pytest.mark.anyio
async def test_a_database_that_cannot_be_opened_is_reported_and_tried_again(
    settings_file: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log has the reason."""
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    log = ""
    with runtime_of(settings_file, SYNDICATE_DATABASE__URL=nowhere) as runtime:
        async with running(runtime):
            while log.count("database unavailable") < 2:
                log += capsys.readouterr().err
                await asyncio.sleep(0.005)
        readiness = runtime.services.readiness
    assert "Connection refused" in (readiness.database_error or "")
    assert not readiness.is_database_starting
    assert "Connection refused" in log
    assert readiness.restarted_components == ("delivery", "publisher", "subscriptions")


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_running_service_takes_subscriptions_and_hub_requests(
    settings_file: pathlib.Path,
) -> None:
    """A new subscription wakes the delivery worker, and the hub refuses a private callback."""
    with runtime_of(settings_file) as runtime:
        async with running(runtime):
            service = await runtime.services.subscription_service()
            made = await service.subscribe(
                Subscription(id=SubscriptionId(""), url="https://9.9.9.9/")
            )
            with pytest.raises(Refused):
                await runtime.services.request_subscription(REQUEST)
        assert made.state == "active"
