"""Rendering in processes that can be ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
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
    """Return the process ids of the living children of ``parent`` that render."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = (status.parent / "cmdline").read_text()
        except OSError:  # ended meanwhile
            continue
        if int(fields[1]) == parent and fields[0] != "Z" and "process_worker" in command:
            found.add(int(status.parent.name))
    return found


def processor_seconds(pid: int) -> float:
    """Return the time process ``pid`` has worked, 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def wait_until_gone(pids: set[int]) -> None:
    """Return when none of ``pids`` runs any more; fail after ten seconds."""
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _alone() -> None:
    """Begin when those of the test before are gone: who is killed needs a moment for it."""
    close_render_pool()
    wait_until_gone(workers(os.getpid()))


@pytest.fixture(name="workroom")
def _workroom() -> Iterator[RenderPool]:
    room = RenderPool(processes=2, cpu_seconds=0.5)
    yield room
    room.close()


def test_a_workroom_renders_as_anybody_does_and_in_order(workroom: RenderPool) -> None:
    """The answers are those of `render`, in the order of the jobs."""
    jobs = [render_request(f"post *{number}*") for number in range(20)]
    assert workroom.render(jobs) == [render(each) for each in jobs]


def test_a_post_that_takes_too_long_is_cut_off_and_the_others_are_not(workroom: RenderPool) -> None:
    """A slow post costs its worker's life; it comes back cut off, with an error, the rest whole."""
    before, slow, *after = workroom.render(
        [render_request("fine"), render_request(SLOW), *[render_request("fine")] * 5]
    )
    assert [(note.level, note.rule) for note in slow.diagnostics] == [("error", "too-slow")]
    assert slow.content
    assert {each.content for each in (before, *after)} == {"<p>fine</p>"}


def test_many_posts_are_rendered_in_portions(workroom: RenderPool) -> None:
    """Small ones many at a time, large ones alone: none is lost, the order stays."""
    bodies = [f"*{number}* {'word ' * (number % 3 * 2_000)}" for number in range(70)]
    assert workroom.render([]) == []
    found = workroom.render([render_request(body) for body in bodies])
    assert [each.text.split()[0] for each in found] == [str(number) for number in range(70)]


def test_readers_go_first(workroom: RenderPool) -> None:
    """Where there are too few processors, those who ask for what is ready do not wait."""
    workroom.render([render_request("Words")])
    niceness = {os.getpriority(os.PRIO_PROCESS, pid) for pid in workers(os.getpid())}
    assert niceness == {min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)}


def test_several_threads_may_ask_at_once(workroom: RenderPool) -> None:
    """Each gets its own answers."""
    answers: dict[int, list[RenderResult]] = {}

    def ask(number: int) -> None:
        answers[number] = workroom.render([render_request(f"{number}")] * 5)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {n: {each.content for each in found} for n, found in answers.items()} == {
        n: {f"<p>{n}</p>"} for n in range(8)
    }


def test_a_worker_that_was_ended_is_replaced() -> None:
    """Whoever ended it: the next job does not notice."""
    room = RenderPool(processes=1)
    room.render([render_request("a")])
    before = workers(os.getpid())
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until_gone(before)
    assert room.render([render_request("b")])[0].content == "<p>b</p>"
    room.close()


def test_a_job_whose_workers_are_ended_time_and_again_is_cut_off() -> None:
    """Once may be chance, so it is tried again; not for ever, it may eat all memory."""
    room = RenderPool(processes=1, cpu_seconds=60)
    found: list[RenderResult] = []
    thread = threading.Thread(target=lambda: found.extend(room.render([render_request(SLOW)])))
    thread.start()
    ended: set[int] = set()
    while thread.is_alive():
        for pid in workers(os.getpid()) - ended:
            if processor_seconds(pid) > 1:  # at work, for starting takes less
                os.kill(pid, signal.SIGKILL)
                ended.add(pid)
        thread.join(0.01)
    room.close()
    assert [note.rule for each in found for note in each.diagnostics] == ["too-slow"]
    assert len(ended) == 3


def test_all_workers_but_one_end_when_nobody_needs_them_and_that_one_when_the_room_closes() -> None:
    """Nothing is left behind, not even a zombie; who needs more again, gets more."""
    room = RenderPool(processes=2, idle_seconds=0.2)
    room.start()
    (resident,) = workers(os.getpid())
    for _ in range(2):
        room.render([render_request("a")] * 2)
        wait_until_gone(workers(os.getpid()) - {resident})
        assert workers(os.getpid()) == {resident}
    room.close()
    wait_until_gone({resident})


def test_however_many_workers_have_ended_the_next_job_does_not_notice() -> None:
    """As after each rush: they ended for want of work, not because they cannot start."""
    room = RenderPool(processes=5)
    end = time.monotonic() + 60
    while len(before := workers(os.getpid())) < 5:
        assert time.monotonic() < end
        room.render([render_request("word " * 4_000)] * 10)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until_gone(before)
    assert room.render([render_request("a")])[0].content == "<p>a</p>"
    room.close()


def test_the_worker_that_stays_is_replaced_by_another_that_stays() -> None:
    """Whoever ended it."""
    room = RenderPool(processes=1, idle_seconds=0.2)
    for _ in range(2):
        room.render([render_request("a")])
        found = workers(os.getpid())
        time.sleep(1)
        assert workers(os.getpid()) == found
        (resident,) = found
        os.kill(resident, signal.SIGKILL)
        wait_until_gone(found)
    room.close()


def test_workers_end_with_the_process_that_needs_them() -> None:
    """Even if it is killed: their line is cut."""
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
        theirs = workers(process.pid)
        process.kill()
    assert theirs
    wait_until_gone(theirs)


def test_workers_that_never_come_to_work_are_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing hangs, and nothing is pretended."""
    program = tmp_path / "python"
    program.symlink_to("/bin/false")
    monkeypatch.setattr(sys, "executable", str(program))
    room = RenderPool(processes=1)
    with pytest.raises(SyndicateError, match="exit immediately"):
        room.render([render_request("a")])
    room.close()


def test_what_goes_wrong_with_the_jobs_themselves_is_not_taken_for_the_end(
    workroom: RenderPool,
) -> None:
    """They are made while the first of them are rendered, and may fail in any way."""

    def jobs() -> Iterator[RenderRequest]:
        yield render_request("a")
        raise RecursionError

    with pytest.raises(RecursionError):
        workroom.render(jobs())


def test_a_closed_workroom_says_so() -> None:
    """Whoever comes too late gets an error of ours."""
    room = RenderPool(processes=1)
    room.close()
    with pytest.raises(SyndicateError, match="stopping"):
        room.render([render_request("late")])


def test_what_waits_when_a_workroom_closes_is_given_up() -> None:
    """What is at work is finished; the others get the same error."""
    room = RenderPool(processes=1)

    def jobs() -> Iterator[RenderRequest]:
        yield from [render_request("word " * 4_000)] * 3
        room.close()

    with pytest.raises(SyndicateError, match="stopping"):
        room.render(jobs())
