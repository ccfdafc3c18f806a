"""Explains posts and checks sources for people, also of a branch and at another time.

Work is bounded: one report and one history at a time, a few reports waiting. Branches and history
are each read by a content service of their own, from what this host already has; the edition in
service is not touched, and nothing is fetched.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Final, TypeVar

from syndicate.content.checks.new_problems import new_problems
from syndicate.errors import NotReady, RepositoryError, UnknownName
from syndicate.git.commit_log import merge_base
from syndicate.git.mirror_refs import local_repository, names_here
from syndicate.model.edition import Edition, SourceSnapshot, UnavailableSource
from syndicate.model.explanation import Explanation
from syndicate.model.post import CommitId, Source
from syndicate.model.source_history import (
    UNKNOWN_REVISION,
    CommitReport,
    SourceReport,
    preview_changes,
)
from syndicate.service.content_check import check_edition
from syndicate.service.content_service import ContentService
from syndicate.service.explanation import explain_posts
from syndicate.service.process_tuning import lower_thread_priority
from syndicate.service.source_history import SourceHistory

_MAX_WAITING: Final = 8

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
        self._copies: Final[dict[str, ContentService]] = {}
        self._history: Final = SourceHistory()
        self._history_thread: Final = ThreadPoolExecutor(
            1, "history", initializer=lower_thread_priority
        )
        self._histories_read: Final[dict[str, _History]] = {}
        self._copies_lock: Final = Lock()

    async def explain(
        self, text: str, *, rev: str = "", at: datetime | None = None
    ) -> tuple[Explanation, ...]:
        """Explain the posts that ``text`` names: path, file name, URL, key or ID.

        As the edition in service has them, or with ``rev``, a branch, tag or commit, and at another
        time ``at``. Raises `UnknownName`, `RepositoryError`, and `NotReady` if too many wait.
        """
        return await self._run(lambda: explain_posts(*self._preview(rev, at), text))

    async def check(
        self, source: str = "", *, rev: str = "", at: datetime | None = None
    ) -> SourceReport:
        """Return the problems of ``source``, by file and line; parameters and errors as above.

        By default of the first source that has ``rev``. A preview also has the changes in feeds:
        those since the branch began, and those until ``at``.
        """
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
        content = self._copy("history")
        site = self._content.index(snapshot.source).site_source.site
        index = content.index(_source(content, snapshot.source.name))
        return self._history.reports(snapshot, site, index)

    def _forget_reading(self, source: str, reading: _History) -> None:
        """Let the next request read again; an error is that of those who wait."""
        del self._histories_read[source]
        with suppress(asyncio.CancelledError):
            reading.exception()

    def _check(self, name: str, rev: str, at: datetime | None) -> SourceReport:
        if rev:
            return self._check_branch(name, rev, at)
        live = self._edition()
        served = live.snapshot(name or live.sources[0].name)
        name = served.source.name
        edition = self._content.build_edition([served], at=at or live.at)
        changes = None
        if at:
            changes = preview_changes(live, edition, name)
        problems = tuple(check_edition(self._content, edition, _is_any))
        return SourceReport(source=name, problems=problems, changes=changes)

    def _check_branch(self, name: str, rev: str, at: datetime | None) -> SourceReport:
        content, live = self._copy("previews"), self._edition()
        commits = self._commits(content, rev)
        served = live.snapshot(name or next(iter(commits)))
        name = served.source.name
        commit = commits.get(name, served.commit)
        at = at or content.clock()
        index = content.index(_source(content, name))
        # In this order, what the branch changes is all that is read after its first commit.
        base = index.snapshot(merge_base(index.repository, served.commit, commit) or served.commit)
        before = content.build_edition([base], at=at)
        old_problems = tuple(check_edition(content, before, _is_any))
        edition = content.build_edition([index.snapshot(commit)], at=at)
        problems = tuple(check_edition(content, edition, _is_any))
        new = tuple(new_problems(old_problems, problems, old_edition=before, new_edition=edition))
        return SourceReport(
            source=name,
            problems=new,
            earlier_problems=tuple(problem for problem in problems if problem not in new),
            changes=preview_changes(content.build_edition([base], at=live.at), edition, name),
        )

    def _preview(self, rev: str, at: datetime | None) -> tuple[ContentService, Edition]:
        """Return what reads an edition, and the edition."""
        live = self._edition()
        if not rev:
            served: list[SourceSnapshot | UnavailableSource] = [*live.snapshots, *live.unavailable]
            return self._content, self._content.build_edition(served, at=at) if at else live
        content = self._copy("previews")
        commits = {snapshot.source.name: snapshot.commit for snapshot in live.snapshots}
        commits |= self._commits(content, rev)
        snapshots = [
            content.index(source).snapshot(commits[source.name])
            for source in content.settings.sources
            if source.name in commits
        ]
        return content, content.build_edition(snapshots, at=at or content.clock())

    def _commits(self, content: ContentService, rev: str) -> Mapping[str, CommitId]:
        """Return the commit of ``rev`` in each source that has it."""
        found: dict[str, CommitId] = {}
        for source in content.settings.sources:
            for name in names_here(rev):
                with suppress(RepositoryError):
                    commit = content.index(source).repository.resolve(name)
                    found.setdefault(source.name, commit)
        if not found:
            raise UnknownName(
                f"no source has the branch, tag or commit {rev!r} here",
                code=UNKNOWN_REVISION,
                hint="Branches of remote repositories are those in `preview` of the source.",
            )
        return found

    def _copy(self, use: str) -> ContentService:
        """Return what reads other commits for a ``use``: each thread moves its own from one on."""
        with self._copies_lock:
            if use not in self._copies:
                settings = self._content.settings
                mirrors = settings.data_folder / "mirrors"
                sources = tuple(
                    replace(source, repository=local, ref=ref)
                    for source in settings.sources
                    for local, ref in [local_repository(source.repository, source.ref, mirrors)]
                )
                self._copies[use] = ContentService(
                    replace(settings, sources=sources),
                    clock=self._content.clock,
                    render_pool=self._content.render_pool,
                )
            return self._copies[use]

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
        for content in self._copies.values():
            content.close()


def _source(content: ContentService, name: str) -> Source:
    return next(source for source in content.settings.sources if source.name == name)


def _is_any(_: str) -> bool:
    return True
