"""The content service of previews: opened when it is needed, and closed after a time."""

import gc
import pathlib
import weakref

from syndicate.service.content_service import ContentService
from syndicate.service.preview_content import PreviewContent
from tests.render_pool import render_pool
from tests.service.conftest import settings


def test_service_is_closed_and_freed_after_a_time_without_use(settings_file: pathlib.Path) -> None:
    """Not before, and not while it is used."""
    now = 0.0
    with ContentService(settings(settings_file), render_pool=render_pool()) as content:
        previews = PreviewContent(content, clock=lambda: now)
        assert not previews.close_if_idle(0)
        with previews.use() as used:
            assert used.edition().posts
            now = 1_000.0
            assert not previews.close_if_idle(600)
        with previews.use() as again:
            assert again is used
        now = 1_599.0
        assert not previews.close_if_idle(600)
        now = 1_600.0
        freed = weakref.ref(used)
        del used, again
        assert previews.close_if_idle(600)
        gc.collect()
        assert freed() is None
        previews.close()
