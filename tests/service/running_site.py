"""The web of a running service in-process: real repositories, publisher, renderer and answers."""

import asyncio
import pathlib
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime

from syndicate.publisher.source_watcher import SourceWatcher
from syndicate.service.content_service import ContentService
from syndicate.service.runtime import LiveServices
from syndicate.service.supervisor import Restarts
from tests.content_repository import Content, ContentRepository
from tests.service.conftest import settings
from tests.web.app_client import AppClient, AppResponse

WAIT_SECONDS = 0.3


@asynccontextmanager
async def running_site(
    file: pathlib.Path,
    *,
    render_wait_seconds: float = WAIT_SECONDS,
    response_seconds: float = 30,
    is_prerendered: bool = False,
) -> AsyncIterator[AppClient]:
    """Serve what the settings ``file`` names, with shorter time limits than usual.

    ``prepares`` whether posts are rendered before an edition is in service, as they usually are.
    """
    with ContentService(settings(file), is_public=True) as content_service:
        publisher = SourceWatcher(
            content_service.source_readers(),
            build_edition=content_service.build_edition,
            clock=content_service.clock,
            prerender=content_service.renderer.prerender if is_prerendered else lambda _: None,
        )
        live = LiveServices(
            content_service,
            publisher,
            Restarts(),
            render_wait_seconds=render_wait_seconds,
            response_seconds=response_seconds,
        )
        threads = ThreadPoolExecutor(8)
        asyncio.get_running_loop().set_default_executor(threads)
        running = asyncio.create_task(publisher.run())
        await publisher.next_edition()
        try:
            yield AppClient(reader=live, service_info=content_service.settings.service_info)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            live.close()
            threads.shutdown()  # they read the repositories, which are closed next


async def commit_and_wait(
    site: AppClient,
    content: ContentRepository,
    files: Mapping[str, Content],
    *,
    when: datetime | None = None,
) -> None:
    """Commit ``files`` and wait until the edition that holds them is in service."""
    before = site.reader.edition
    content.commit(files, committed=when)
    while site.reader.edition is before:  # noqa: ASYNC110 — as the web does
        await asyncio.sleep(0.01)


async def wait_until(
    site: AppClient, path: str, is_done: Callable[[AppResponse], bool]
) -> AppResponse:
    """Ask for ``path`` as a reader does, again and again, until the answer is good enough."""
    while not is_done(answer := await site.request_async(path)):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return answer


def is_ok(answer: AppResponse) -> bool:
    """Return whether everything is rendered, or was once."""
    return answer.status_code == 200
