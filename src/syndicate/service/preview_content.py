"""A second content service, which reads other commits than those in service."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import Final

from syndicate.git.mirror_refs import local_repository
from syndicate.service.content_service import ContentService


class PreviewContent:
    """A content service of the same sources that fetches nothing; can be used by several threads.

    Its indexes take as much memory as those in service, so it is closed after a time without use.

    Args:
        content: Reads the sources of the edition in service.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self, content: ContentService, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._content: Final = content
        self._clock: Final = clock
        self._lock: Final = Lock()
        self._service: ContentService | None = None
        self._users = 0
        self._used_at = 0.0

    @contextmanager
    def use(self) -> Iterator[ContentService]:
        """Yield the service, which is not closed meanwhile by `close_if_idle`."""
        with self._lock:
            service = self._service = self._service or self._open()
            self._users += 1
        try:
            yield service
        finally:
            with self._lock:
                self._users -= 1
                self._used_at = self._clock()

    def close_if_idle(self, seconds: float) -> bool:
        """Close the service if it was not used for ``seconds``; return whether it was closed."""
        with self._lock:
            is_idle = not self._users and self._clock() - self._used_at >= seconds
            service = self._service
            if service is None or not is_idle:
                return False
            self._service = None
        service.close()
        return True

    def close(self) -> None:
        """Close the service; nothing may use it."""
        if self._service is not None:
            self._service.close()

    def _open(self) -> ContentService:
        settings = self._content.settings
        mirrors = settings.data_folder / "mirrors"
        sources = tuple(
            replace(source, repository=local, ref=ref)
            for source in settings.sources
            for local, ref in [local_repository(source.repository, source.ref, mirrors)]
        )
        return ContentService(
            replace(settings, sources=sources),
            clock=self._content.clock,
            render_pool=self._content.render_pool,
        )
