"""Explains posts and checks sources for people, also of a branch and at another time.

Work is bounded: one report and one history at a time, a few reports waiting. A branch is read by a
second content service from what this host already has; the edition in service is not touched, and
nothing is fetched.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Final, TypeVar

from syndicate.errors import NotReady, RepositoryError, UnknownName
from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.git.mirror_refs import local_repository, names_here
from syndicate.model.edition import Edition, Problem, SourceSnapshot, UnavailableSource
from syndicate.model.explanation import Explanation
from syndicate.model.post import CommitId
from syndicate.model.source_history import CommitReport
from syndicate.service.content_check import check_edition
from syndicate.service.content_service import ContentService
from syndicate.service.explanation import explain_posts
from syndicate.service.process_tuning import lower_thread_priority
from syndicate.service.source_history import SourceHistory

_MAX_WAITING: Final = 8
_CACHED_PREVIEWS: Final = 4

_Result = TypeVar("_Result")
_History = asyncio.Future[tuple[CommitReport, ...]]


class EditorReports:
    """Reports on the edition in service and on previews, one after the other in a thread.

    Args:
        content: Reads the sources of the edition in service.
        edition: Returns the edition in service; raises `NotReady` before the first.
    """

    def __init__(self, content: ContentService, edition: Callable[[], Edition]) -> None:
        self._content: Final = content
        self._edition: Final = edition
        self._thread: Final = ThreadPoolExecutor(1, "reports", initializer=lower_thread_priority)
        self._waiting = 0
        self._previews: ContentService | None = None
        self._history: Final = SourceHistory()
        self._history_thread: Final = ThreadPoolExecutor(
            1, "history", initializer=lower_thread_priority
        )
        self._histories_read: Final[dict[str, _History]] = {}
        self._preview_lock: Final = Lock()
        self._preview_editions = SizedLruCache[tuple[tuple[str, ...], str], Edition](
            _CACHED_PREVIEWS, getsizeof=lambda _: 1
        )

    async def explain(
        self, text: str, *, rev: str = "", at: datetime | None = None
    ) -> tuple[Explanation, ...]:
        """Explain the posts that ``text`` names: path, file name, URL, key or ID.

        As the edition in service has them, or with ``rev``, a branch, tag or commit, and at another
        time ``at``. Raises `UnknownName`, `RepositoryError`, and `NotReady` if too many wait.
        """
        return await self._run(lambda: explain_posts(*self._preview(rev, at), text))

    async def check(
        self, source: str, *, rev: str = "", at: datetime | None = None
    ) -> tuple[Problem, ...]:
        """Return the problems of ``source``, by file and line; parameters and errors as above."""
        return await self._run(lambda: self._check(source, rev, at))

    async def history(self, source: str) -> tuple[CommitReport, ...]:
        """Return what the last commits of ``source`` changed, the newest first.

        Up to the commit in service, and whether or not the posts are live. Read once for all who
        wait, in a thread beside that of the reports, and to the end if nobody waits any more.
        Raises `UnknownName`, `NotReady` and `RepositoryError`.
        """
        snapshot = self._edition().snapshot(source)
        known = self._history.known_reports(snapshot)
        if known is not None:
            return known
        reading = self._histories_read.get(source)
        if reading is None:
            loop = asyncio.get_running_loop()
            reading = loop.run_in_executor(self._history_thread, self._read_history, snapshot)
            self._histories_read[source] = reading
            reading.add_done_callback(partial(self._forget_reading, source))
        return await asyncio.shield(reading)

    def _read_history(self, snapshot: SourceSnapshot) -> tuple[CommitReport, ...]:
        content = self._preview_content()
        name = snapshot.source.name
        described = next(each for each in content.settings.sources if each.name == name)
        site = self._content.index(snapshot.source).site_source.site
        return self._history.reports(snapshot, site, content.index(described))

    def _forget_reading(self, source: str, reading: _History) -> None:
        """Let the next request read again; an error is that of those who wait."""
        del self._histories_read[source]
        with suppress(asyncio.CancelledError):
            reading.exception()

    def _check(self, source: str, rev: str, at: datetime | None) -> tuple[Problem, ...]:
        content, edition = self._preview(rev, at)
        edition.snapshot(source)  # raises UnknownName
        only = [s for s in edition.snapshots if s.source.name == source]
        return tuple(check_edition(content, content.build_edition(only, at=edition.at), _is_any))

    def _preview(self, rev: str, at: datetime | None) -> tuple[ContentService, Edition]:
        """Return what reads an edition, and the edition."""
        live = self._edition()
        if not rev:
            served: list[SourceSnapshot | UnavailableSource] = [*live.snapshots, *live.unavailable]
            return self._content, self._content.build_edition(served, at=at) if at else live
        content = self._preview_content()
        commits = self._commits(content, live, rev)
        key = (commits, at.isoformat() if at else "")
        edition = self._preview_editions.get(key)
        if edition is None:
            snapshots = [
                content.index(source).snapshot(CommitId(commit))
                for source, commit in zip(content.settings.sources, commits, strict=True)
                if commit
            ]
            edition = content.build_edition(snapshots, at=at or content.clock())
            if at:  # of the present is another one with every second
                self._preview_editions[key] = edition
        return content, edition

    def _commits(self, content: ContentService, live: Edition, rev: str) -> tuple[str, ...]:
        """Return the commit of each source: of ``rev``, else the one in service, else empty."""
        served: dict[str, str] = {s.source.name: s.commit for s in live.snapshots}
        found: dict[str, str] = {}
        for source in content.settings.sources:
            for name in names_here(rev):
                with suppress(RepositoryError):
                    commit = content.index(source).repository.resolve(name)
                    found.setdefault(source.name, commit)
        if not found:
            raise UnknownName(
                f"no source has the branch, tag or commit {rev!r} here",
                code="unknown-revision",
                hint="Branches of remote repositories are those in `preview` of the source.",
            )
        return tuple(
            found.get(source.name) or served.get(source.name, "")
            for source in content.settings.sources
        )

    def _preview_content(self) -> ContentService:
        with self._preview_lock:
            if self._previews is None:
                settings = self._content.settings
                mirrors = settings.data_folder / "mirrors"
                sources = tuple(
                    replace(source, repository=local, ref=ref)
                    for source in settings.sources
                    for local, ref in [local_repository(source.repository, source.ref, mirrors)]
                )
                self._previews = ContentService(
                    replace(settings, sources=sources),
                    clock=self._content.clock,
                    render_pool=self._content.render_pool,
                )
            return self._previews

    async def _run(self, report: Callable[[], _Result]) -> _Result:
        if self._waiting >= _MAX_WAITING:
            raise NotReady(
                "too many reports are being made", hint="Try again in a few seconds.", code="busy"
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, report)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Wait for what is being read, and close what reads previews."""
        self._thread.shutdown(cancel_futures=True)
        self._history_thread.shutdown(cancel_futures=True)
        if self._previews is not None:
            self._previews.close()


def _is_any(_: str) -> bool:
    return True
