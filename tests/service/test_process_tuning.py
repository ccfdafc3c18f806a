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
def test_worker_threads_have_lower_priority(system: str, steps: int) -> None:
    """Only the calling thread, where the system has thread priorities."""

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    usual = niceness()
    with ThreadPoolExecutor(1, initializer=lambda: lower_thread_priority(system)) as pool:
        assert pool.submit(niceness).result() == min(usual + steps, 19)
    assert niceness() == usual


@pytest.mark.slow
def test_open_file_limit_is_raised() -> None:
    """Whatever the limit was."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 256), most))
    tune_delivery_process()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)


def test_existing_objects_are_frozen() -> None:
    """New objects are collected less often than by default."""
    gc.unfreeze()
    tune_delivery_process()
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold()[0] > 700


def test_garbage_collection_is_paused_during_the_start() -> None:
    """Resumed at the end without the existing objects, and after an error."""
    with gc_paused():
        assert not gc.isenabled()
        freeze_gc()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 1_000
    with pytest.raises(SystemExit), gc_paused():
        raise SystemExit
    assert gc.isenabled()


def test_allocator_options_are_set_where_supported() -> None:
    """Other allocators are left alone."""

    class Library:
        options: list[tuple[int, int]]

        def __init__(self) -> None:
            self.options = []

        def mallopt(self, option: int, value: int) -> int:
            self.options.append((option, value))
            return 1

    library = Library()
    assert limit_malloc_arenas(library)
    assert library.options == [(-8, 2), (-3, 131_072)]
    assert not limit_malloc_arenas(object())
