"""One pool of render processes, shared by all tests of a process."""

import atexit
from functools import cache

from typing_extensions import override

from syndicate.render.pool.process_pool import RenderPool


class SharedRenderPool(RenderPool):
    """A pool whose processes outlive the content services that use it."""

    @override
    def close(self) -> None:
        """Leave the processes running: starting them takes longer than most tests."""

    def close_for_good(self) -> None:
        """End the processes."""
        super().close()


@cache
def render_pool() -> SharedRenderPool:
    """Return the pool; its processes start with the first post that is rendered."""
    pool = SharedRenderPool(processes=1)
    atexit.register(pool.close_for_good)
    return pool


def close_render_pool() -> None:
    """End the processes of the pool, so that a test can count its own."""
    if render_pool.cache_info().currsize:
        render_pool().close_for_good()
        render_pool.cache_clear()
