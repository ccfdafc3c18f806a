"""The web of a running service in-process: real repositories, publisher, renderer and answers."""

import asyncio
import pathlib
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime

from syndicate.publisher.following import Publisher
from syndicate.service.live import Live
from syndicate.service.newsroom import Newsroom
from tests.content_repository import Content, ContentRepository
from tests.service.conftest import settings
from tests.web.site import Answer, Site

WAIT_SECONDS = 0.3


@asynccontextmanager
async def served(
    file: pathlib.Path,
    *,
    wait_seconds: float = WAIT_SECONDS,
    answer_seconds: float = 30,
    prepares: bool = False,
) -> AsyncIterator[Site]:
    """Serve what the settings ``file`` names, with shorter time limits than usual.

    ``prepares`` whether posts are rendered before an edition is in service, as they usually are.
    """
    with Newsroom(settings(file), is_public=True) as newsroom:
        publisher = Publisher(
            newsroom.followers(),
            put_together=newsroom.put_together,
            clock=newsroom.clock,
            prepare=newsroom.prepare if prepares else lambda _: None,
        )
        live = Live(newsroom, publisher, wait_seconds=wait_seconds, answer_seconds=answer_seconds)
        threads = ThreadPoolExecutor(8)
        asyncio.get_running_loop().set_default_executor(threads)
        running = asyncio.create_task(publisher.run())
        await publisher.next()
        try:
            yield Site(reader=live, masthead=newsroom.settings.masthead)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            live.close()
            threads.shutdown()  # they read the repositories, which are closed next


async def changed(
    site: Site,
    content: ContentRepository,
    files: Mapping[str, Content],
    *,
    when: datetime | None = None,
) -> None:
    """Commit ``files`` and wait until the edition that holds them is in service."""
    before = site.reader.edition
    content.commit(files, when=when)
    while site.reader.edition is before:  # noqa: ASYNC110 — as the web does
        await asyncio.sleep(0.01)


async def until(site: Site, path: str, is_enough: Callable[[Answer], bool]) -> Answer:
    """Ask for ``path`` as a reader does, again and again, until the answer is good enough."""
    while not is_enough(answer := await site.answer(path)):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return answer


def is_ok(answer: Answer) -> bool:
    """Tell whether everything is rendered, or was once."""
    return answer.status_code == 200
