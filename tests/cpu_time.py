"""CPU time of a piece of work, compared with a Markdown parser of others in the same process.

A limit in seconds would depend on the machine, and on what else it does.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Final

from markdown_it import MarkdownIt

_ATTEMPTS: Final = 3
_PARAGRAPH: Final = "Plain words with *emphasis*, a [link](https://example.gov/a) and `code`.\n\n"
_PROSE: Final = _PARAGRAPH * (100_000 // len(_PARAGRAPH))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return how many seconds of CPU time of this process ``work`` takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


@cache
def prose_seconds() -> float:
    """Return how many seconds of CPU time markdown-it-py takes for 100 kB of ordinary text."""
    parser = MarkdownIt()
    return min(cpu_seconds(lambda: parser.render(_PROSE)) for _ in range(_ATTEMPTS))


def takes_at_most(limit: float, work: Callable[[], object]) -> bool:
    """Return whether ``work`` takes at most ``limit`` times as long as `prose_seconds`.

    Where it does not, the processor may have become slower: both are measured again.
    """
    for _ in range(_ATTEMPTS):
        if cpu_seconds(work) <= limit * prose_seconds():
            return True
        prose_seconds.cache_clear()
    return False
