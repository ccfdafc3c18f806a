"""The process that runs the service: how many files it opens, how it tidies up, who goes first."""

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_GC_THRESHOLD = 10_000
"""Objects made before the youngest are looked through; by default 700, a few deliveries' worth."""

_ARENA_MAX: Final = -8
_MMAP_THRESHOLD: Final = -3
"""Options of mallopt(3), as glibc's malloc.h numbers them."""

_NICENESS_STEPS: Final = 3
"""Steps of niceness that a thread gives way by: enough to be interrupted at once by who answers,
little enough to go on where other programs want the processor, too: it may hold the interpreter."""


def lower_thread_priority(system: str = sys.platform) -> None:
    """Let the thread that calls this, which computes, be interrupted at once by who answers.

    Without that, on a busy processor, each request waits for whole time slices of who computes.
    Only Linux has priorities of threads: elsewhere the whole process would give way.
    """
    if system == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS_STEPS)


def limit_malloc_arenas(library: object) -> bool:
    """Let threads share what memory they have, and give back what is large once it is free.

    The allocator of glibc (mallopt(3)), which is to be the ``library``, gives each thread a place
    of its own, and learns to keep ever larger pieces: 40 MB more after a rush. Return whether it
    does as told; there are others.
    """
    allocator = getattr(library, "mallopt", None)
    if allocator is None:
        return False
    return bool(allocator(_ARENA_MAX, 2) and allocator(_MMAP_THRESHOLD, 128 * 1024))


@contextmanager
def gc_paused() -> Iterator[None]:
    """Make the most of memory, and collect no cycles until `started`, at the latest until the end.

    A start makes hundreds of thousands of things that stay. To look for cycles among them again and
    again takes as long as to make them.
    """
    limit_malloc_arenas(ctypes.CDLL(None))
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def freeze_gc() -> None:
    """Collect cycles from now on, but seldom, and not among what was made by now."""
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD, 20, 50)
    gc.enable()


def tune_delivery_process() -> None:
    """Make the best of a process that runs long and makes many small things a second.

    What was made by now is there to stay, so the collector of cycles need not go through it again
    and again: that and fewer rounds give a fifth more deliveries per second. Each receiver takes a
    connection, and many systems let a process open no more than 1,024 unless it asks.
    """
    gc.collect()
    freeze_gc()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems say that there is no limit, and have one
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
