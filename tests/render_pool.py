"""One pool of render processes, shared by all tests of a process."""

import atexit
from functools import cache

from syndicate.render.pool.process_pool import RenderPool


@cache
def render_pool() -> RenderPool:
    """Return the pool; its processes start with the first post that is rendered."""
    pool = RenderPool(processes=1)
    atexit.register(pool.close)
    return pool


def close_render_pool() -> None:
    """End the processes of the pool, so that a test can count its own."""
    if render_pool.cache_info().currsize:
        render_pool().close()
        render_pool.cache_clear()
