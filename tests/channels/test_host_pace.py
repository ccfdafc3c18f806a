"""The number of concurrent requests to a host that was down."""

import asyncio
import ssl

import pytest

from syndicate.channels.host_pace import HostPace
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import ResponseSummary, Transport
from tests import samples
from tests.channels.conftest import LOOPBACK
from tests.channels.receiver import Received, respond, run_receiver
from tests.channels.test_transport import post

pytestmark = pytest.mark.anyio


A, B, C = (f"https://hooks.example/{name}" for name in "abc")


async def request(pace: HostPace, url: str = A, *, is_up: bool) -> None:
    """Make one request with a result."""
    await pace.acquire()
    pace.record(url, is_up=is_up)
    await pace.release()


async def test_host_with_some_success_is_not_down() -> None:
    """Another subscriber at the same host may fail for ever."""
    pace = HostPace(3)
    for _ in range(3):
        for is_up in (False, False, False, False, True):
            await request(pace, is_up=is_up)
    assert (pace.limit, pace.is_recovering) == (3, False)


async def test_limit_falls_to_one_and_rises_with_each_success() -> None:
    """Also where requests were in progress when the host went down, and where none were."""
    pace = HostPace(3)
    await pace.acquire()
    for _ in range(5):
        await request(pace, is_up=False)
    assert (pace.limit, pace.is_recovering, pace.is_full) == (1, True, True)
    pace.record(A, is_up=True)
    assert (pace.limit, pace.is_full) == (2, False)
    await pace.release()
    await pace.acquire()
    await pace.acquire()
    assert pace.is_full
    for _ in range(2):
        pace.record(A, is_up=True)
        await pace.release()
    assert (pace.limit, pace.is_recovering, pace.is_full) == (3, False, False)
    for expected in (False, False, True):
        await pace.acquire()
        assert pace.is_full is expected


@pytest.mark.parametrize("working", [[B], [B, A], [A, B], [A, B, A, C]])
async def test_one_failing_url_is_not_a_failing_host(working: list[str]) -> None:
    """The other subscribers at the same platform are not slowed down."""
    pace = HostPace(3)
    for url in working:
        await request(pace, url, is_up=True)
    for number in range(9):
        await request(pace, f"{A}?challenge={number}", is_up=False)
    assert pace.limit == 3
    await request(pace, B, is_up=False)
    assert pace.limit == 3


async def test_several_failing_urls_are_a_failing_host() -> None:
    """Although another subscriber had no request since it failed."""
    pace = HostPace(3)
    await request(pace, C, is_up=True)
    for url, limit in ((A, 3), (A, 3), (B, 3), (A, 3), (B, 3), (B, 3), (A, 1), (A, 1)):
        await request(pace, url, is_up=False)
        assert pace.limit == limit


async def test_only_url_of_a_host_is_the_host() -> None:
    """Also after it worked, and whatever failed before."""
    pace = HostPace(3)
    await request(pace, A, is_up=True)
    await request(pace, B, is_up=False)
    await request(pace, A, is_up=True)
    for limit in (3, 3, 3, 3, 1, 1):
        await request(pace, is_up=False)
        assert pace.limit == limit


async def test_success_during_the_fall_is_counted() -> None:
    """Slots in use stay in use; one that is allowed again is not taken away."""
    pace = HostPace(2)
    for _ in range(2):
        await pace.acquire()
    for _ in range(5):
        pace.record(A, is_up=False)
    pace.record(A, is_up=True)
    assert (pace.limit, pace.is_full) == (2, True)
    await pace.release()
    await pace.release()
    await pace.acquire()
    assert not pace.is_full


async def test_host_that_comes_back_gets_more_requests_with_each_success(
    tls: ssl.SSLContext,
) -> None:
    """One at a time after an outage; others are deferred at once, and keep their order."""
    released = asyncio.Event()

    async def wait(received: Received, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        await respond()(received, writer)

    guard = SsrfGuard(allow_networks=LOOPBACK, allow_http=True)
    behaviours = [respond(503)] * 5 + [wait, respond(), wait, wait, wait, respond(404)]
    async with (
        Transport(guard, samples.SERVICE_INFO, tls=tls, connections_per_host=4) as transport,
        run_receiver(*behaviours) as receiver,
    ):

        async def in_progress(number: int) -> list[ResponseSummary]:
            """Begin requests, and return the results of those that are not in progress."""
            released.clear()
            begun = [asyncio.create_task(post(transport, receiver.url())) for _ in range(number)]
            done, _ = await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
            released.set()
            await asyncio.gather(*begun)
            return [task.result() for task in done]

        for _ in range(5):
            assert (await post(transport, receiver.url())).status == 503
        (deferred,) = await in_progress(2)
        assert (deferred.cause, deferred.error) == (
            "busy",
            "no more than 1 request to this host at a time",
        )
        assert (await post(transport, receiver.url())).cause == ""
        (deferred,) = await in_progress(4)
        assert deferred.error == "no more than 3 requests to this host at a time"
        assert (await post(transport, receiver.url())).status == 404
    assert len(receiver.requests) == 5 + 1 + 1 + 3 + 1
