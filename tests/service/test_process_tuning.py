"""A process that runs long is prepared for it."""

import gc
import os
import resource
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from syndicate.service.process_tuning import (
    freeze_gc,
    gc_paused,
    limit_malloc_arenas,
    lower_thread_priority,
    tune_delivery_process,
)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave this process as it was."""
    thresholds, files = gc.get_threshold(), resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    resource.setrlimit(resource.RLIMIT_NOFILE, files)


@pytest.mark.parametrize(
    ("system", "steps"),
    [
        pytest.param(
            "linux",
            3,
            marks=pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority"),
        ),
        ("darwin", 0),
    ],
)
def test_a_thread_that_computes_gives_way(system: str, steps: int) -> None:
    """It alone, where the system can tell threads apart."""

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    usual = niceness()
    with ThreadPoolExecutor(1, initializer=lambda: lower_thread_priority(system)) as pool:
        assert pool.submit(niceness).result() == min(usual + steps, 19)
    assert niceness() == usual


def test_as_many_files_may_be_open_as_the_system_lets_us() -> None:
    """However few it is before we ask."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 256), most))
    tune_delivery_process()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)


def test_what_is_there_to_stay_is_not_looked_through_again() -> None:
    """And what comes and goes is not looked through after every few objects."""
    gc.unfreeze()
    tune_delivery_process()
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold()[0] > 700


def test_a_start_is_not_held_up_by_looking_for_what_cannot_be_there_yet() -> None:
    """Not before it is over, and then not among what it made; after a failure as before."""
    with gc_paused():
        assert not gc.isenabled()
        freeze_gc()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 1_000
    with pytest.raises(SystemExit), gc_paused():
        raise SystemExit
    assert gc.isenabled()


def test_an_allocator_that_can_be_told_is_told() -> None:
    """What it is told changes nothing but where memory comes from; others are left alone."""

    class Library:
        told: list[tuple[int, int]]

        def __init__(self) -> None:
            self.told = []

        def mallopt(self, option: int, value: int) -> int:
            self.told.append((option, value))
            return 1

    library = Library()
    assert limit_malloc_arenas(library)
    assert library.told == [(-8, 2), (-3, 131_072)]
    assert not limit_malloc_arenas(object())
