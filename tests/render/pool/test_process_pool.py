"""Rendering in worker processes with a time limit."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from syndicate.errors import SyndicateError
from syndicate.render.messages import RenderRequest, RenderResult
from syndicate.render.pipeline import render
from syndicate.render.pool.process_pool import RenderPool
from tests.render.render_requests import render_request
from tests.render_pool import close_render_pool

SLOW = "*a* b\n\n" * 200_000


def workers(parent: int) -> set[int]:
    """Return the ids of the living worker processes that any thread of ``parent`` started."""
    found = set()
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            pids = children.read_text().split()
        except OSError:  # the thread ended meanwhile
            continue
        found |= {int(pid) for pid in pids if is_running_worker(int(pid))}
    return found


def is_running_worker(pid: int) -> bool:
    """Return whether process ``pid`` is a worker that has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" and "process_worker" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of process ``pid``, 0 if it has exited."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def wait_for_worker() -> int:
    """Return the id of the only worker, once it runs; fail after ten seconds."""
    end = time.monotonic() + 10
    while not (found := workers(os.getpid())):
        assert time.monotonic() < end
        time.sleep(0.01)
    (worker,) = found
    return worker


def wait_until_exited(pids: set[int]) -> None:
    """Return when none of ``pids`` runs any more; fail after ten seconds."""
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _no_other_workers() -> None:
    """Wait until the workers of the previous test have exited."""
    close_render_pool()
    wait_until_exited(workers(os.getpid()))


@pytest.fixture(name="pool")
def _pool() -> Iterator[RenderPool]:
    with closing(RenderPool(processes=2, cpu_seconds=0.5)) as pool:
        yield pool


def test_pool_renders_in_order(pool: RenderPool) -> None:
    """The results equal those of `render` in this process."""
    requests = [render_request(f"post *{number}*") for number in range(20)]
    assert pool.render(requests) == [render(request) for request in requests]


@pytest.mark.slow
def test_slow_post_is_truncated_and_others_are_not(pool: RenderPool) -> None:
    """Its worker is killed; the post comes back truncated, with an error."""
    before, slow, *after = pool.render(
        [render_request("fine"), render_request(SLOW), *[render_request("fine")] * 5]
    )
    assert [(problem.level, problem.rule) for problem in slow.diagnostics] == [
        ("error", "too-slow")
    ]
    assert slow.content
    assert {result.content for result in (before, *after)} == {"<p>fine</p>"}


def test_posts_are_rendered_in_batches(pool: RenderPool) -> None:
    """Small posts together, large ones alone; none is lost, the order is kept."""
    bodies = [f"*{number}* {'word ' * (number % 3 * 2_000)}" for number in range(70)]
    assert pool.render([]) == []
    found = pool.render([render_request(body) for body in bodies])
    assert [result.text.split()[0] for result in found] == [str(number) for number in range(70)]


@pytest.mark.slow
def test_workers_have_lower_priority(pool: RenderPool) -> None:
    """Requests for rendered content do not wait for rendering."""
    pool.render([render_request("Words")])
    niceness = {os.getpriority(os.PRIO_PROCESS, pid) for pid in workers(os.getpid())}
    assert niceness == {min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)}


def test_pool_is_thread_safe(pool: RenderPool) -> None:
    """Each thread gets its own results."""
    results: dict[int, list[RenderResult]] = {}

    def render_five(number: int) -> None:
        results[number] = pool.render([render_request(f"{number}")] * 5)

    threads = [threading.Thread(target=render_five, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {n: {result.content for result in found} for n, found in results.items()} == {
        n: {f"<p>{n}</p>"} for n in range(8)
    }


@pytest.mark.slow
def test_killed_worker_is_replaced() -> None:
    """The next request succeeds."""
    with closing(RenderPool(processes=1)) as pool:
        pool.render([render_request("a")])
        before = workers(os.getpid())
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_until_exited(before)
        assert pool.render([render_request("b")])[0].content == "<p>b</p>"


@pytest.mark.slow
def test_request_that_kills_three_workers_is_truncated() -> None:
    """It is retried, but not for ever: it may use up all memory."""
    with closing(RenderPool(processes=1, cpu_seconds=10)) as pool:
        found: list[RenderResult] = []
        thread = threading.Thread(target=lambda: found.extend(pool.render([render_request(SLOW)])))
        thread.start()
        killed: set[int] = set()
        while thread.is_alive():
            for pid in workers(os.getpid()) - killed:
                if cpu_seconds(pid) > 1:  # rendering: starting takes less
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
            thread.join(0.02)
    assert [diagnostic.rule for result in found for diagnostic in result.diagnostics] == [
        "too-slow"
    ]
    assert len(killed) == 3


def test_idle_workers_exit_except_for_the_permanent_one() -> None:
    """No zombies are left; `close` stops the permanent one."""
    with closing(RenderPool(processes=2, idle_seconds=0.2)) as pool:
        pool.start()
        permanent = wait_for_worker()
        for _ in range(2):
            pool.render([render_request("a")] * 2)
            wait_until_exited(workers(os.getpid()) - {permanent})
            assert workers(os.getpid()) == {permanent}
    wait_until_exited({permanent})


@pytest.mark.slow
def test_request_succeeds_after_all_idle_workers_exited() -> None:
    """An idle exit does not count as a failed start."""
    with closing(RenderPool(processes=5)) as pool:
        end = time.monotonic() + 60
        while len(before := workers(os.getpid())) < 5:
            assert time.monotonic() < end
            pool.render([render_request("word " * 4_000)] * 10)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_until_exited(before)
        assert pool.render([render_request("a")])[0].content == "<p>a</p>"


@pytest.mark.slow
def test_permanent_worker_is_replaced_by_a_permanent_one() -> None:
    """After it was killed."""
    with closing(RenderPool(processes=1, idle_seconds=0.2)) as pool:
        for _ in range(2):
            pool.render([render_request("a")])
            found = workers(os.getpid())
            time.sleep(0.5)
            assert workers(os.getpid()) == found
            (permanent,) = found
            os.kill(permanent, signal.SIGKILL)
            wait_until_exited(found)


def test_workers_exit_with_the_parent_process() -> None:
    """Even if it is killed, because the connection closes."""
    code = (
        "import os, signal; from tests.render.render_requests import render_request;"
        "from syndicate.render.pool.process_pool import RenderPool;"
        "pool = RenderPool(processes=2); pool.render([render_request('a')] * 2);"
        "print('ready', flush=True); signal.pause()"
    )
    path = os.pathsep.join([*sys.path, str(Path.cwd())])
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        orphans = workers(process.pid)
        process.kill()
    assert orphans
    wait_until_exited(orphans)


def test_workers_that_fail_to_start_are_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The request does not hang."""
    program = tmp_path / "python"
    program.symlink_to("/bin/false")
    monkeypatch.setattr(sys, "executable", str(program))
    with (
        closing(RenderPool(processes=1)) as pool,
        pytest.raises(SyndicateError, match="exit immediately"),
    ):
        pool.render([render_request("a")])


def test_error_in_the_iterable_of_requests_is_raised(
    pool: RenderPool,
) -> None:
    """Requests are made while the first of them are rendered."""

    def requests() -> Iterator[RenderRequest]:
        yield render_request("a")
        raise RecursionError

    with pytest.raises(RecursionError):
        pool.render(requests())


def test_closed_pool_is_an_error() -> None:
    """For requests after `close`."""
    pool = RenderPool(processes=1)
    pool.close()
    with pytest.raises(SyndicateError, match="stopping"):
        pool.render([render_request("late")])


def test_closing_the_pool_fails_queued_requests() -> None:
    """Batches that are being rendered are finished."""
    pool = RenderPool(processes=1)

    def requests() -> Iterator[RenderRequest]:
        yield from [render_request("word " * 4_000)] * 3
        pool.close()

    with pytest.raises(SyndicateError, match="stopping"):
        pool.render(requests())
