"""Tuning of the process: open files, garbage collection, memory and thread priority."""

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_GC_THRESHOLD = 10_000
"""New objects before a collection of the youngest generation; Python's default is 700."""

_ARENA_MAX: Final = -8
_MMAP_THRESHOLD: Final = -3
"""Options of mallopt(3), as glibc's malloc.h numbers them."""

_NICENESS_STEPS: Final = 3
"""Steps of niceness that a thread gives way by: enough to be interrupted at once by who answers,
little enough to go on where other programs want the processor, too: it may hold the interpreter."""


def lower_thread_priority(system: str = sys.platform) -> None:
    """Lower the priority of the calling worker thread so that request handling preempts it.

    Otherwise a request on a busy processor waits for whole time slices of worker threads. Only
    Linux has thread priorities: elsewhere this would lower the priority of the process.
    """
    if system == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS_STEPS)


def limit_malloc_arenas(library: object) -> bool:
    """Make the memory allocator share arenas and return large blocks; return whether it can.

    glibc (mallopt(3)), the expected ``library``, has an arena for each thread and keeps ever larger
    blocks: 40 MB more after a burst of requests. Other C libraries have no such options.
    """
    allocator = getattr(library, "mallopt", None)
    if allocator is None:
        return False
    return bool(allocator(_ARENA_MAX, 2) and allocator(_MMAP_THRESHOLD, 128 * 1024))


@contextmanager
def gc_paused() -> Iterator[None]:
    """Limit memory, and pause garbage collection until `freeze_gc`, at the latest until the end.

    A start creates hundreds of thousands of objects that stay. Looking for garbage among them
    takes as long as creating them.
    """
    limit_malloc_arenas(ctypes.CDLL(None))
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def freeze_gc() -> None:
    """Resume garbage collection, less often than by default and without the existing objects."""
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD, 20, 50)
    gc.enable()


def release_frozen_garbage() -> None:
    """Collect what `freeze_gc` kept from being collected and nobody uses any more."""
    gc.unfreeze()
    gc.collect()
    freeze_gc()


def tune_delivery_process() -> None:
    """Tune garbage collection and the limit of open files for many deliveries a second.

    Existing objects stay, so the collector need not visit them: that and fewer collections give
    20 % more deliveries a second. Each receiver takes a connection, and many systems let a process
    open 1,024 files unless it raises its limit.
    """
    gc.collect()
    freeze_gc()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems report no limit, and have one
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
