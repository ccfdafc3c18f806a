"""How many files of src a warm feed request passes through."""

import asyncio
import pathlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import pytest

import syndicate
from tests.service.running_site import is_ok, running_site, wait_until
from tests.web.http.memory_connection import MemoryServer, get_request, status

pytestmark = pytest.mark.anyio

MAX_FILES: Final = 10
SOURCE: Final = pathlib.Path(syndicate.__file__).parent
REPETITIONS: Final = 3


@contextmanager
def recorded_calls() -> Iterator[set[tuple[str, str]]]:
    """Record the functions of src that are called, each with its file."""
    calls = set[tuple[str, str]]()

    def record(frame: FrameType, event: str, _: object) -> None:
        path = pathlib.Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(SOURCE):
            calls.add((str(path.relative_to(SOURCE)), frame.f_code.co_qualname))

    before = sys.getprofile()
    sys.setprofile(record)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@pytest.mark.slow
@pytest.mark.parametrize("field", ["Accept-Encoding: gzip", "Cookie: a=b"])
async def test_warm_feed_request_passes_through_few_files(
    settings_file: pathlib.Path, field: str
) -> None:
    """From the response cache, and the ordinary way, which a cookie forces.

    Functions that an idle service calls, too, are not part of the request.
    """
    async with running_site(settings_file) as site:
        await wait_until(site, "/feeds/all.json", is_ok)
        connection = MemoryServer(site.app).connect()
        request = get_request("/feeds/all.json", field)
        for _ in range(2):
            assert status(await connection.send(request)) == 200
        with recorded_calls() as idle:
            await asyncio.sleep(0.2)
        traces = []
        for _ in range(REPETITIONS):
            with recorded_calls() as calls:
                await connection.send(request)
            traces.append({file for file, _ in calls - idle})
    used = set.intersection(*traces)
    assert "feeds/feed_cache.py" in used
    assert len(used) <= MAX_FILES, sorted(used)
