"""Explains posts and checks sources for people, also of a branch and at another time.

Work is bounded: one report and one history at a time, a few reports waiting. Branches and history
are each read by a content service of their own, from what this host already has; the edition in
service is not touched, and nothing is fetched.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from syndicate.content.checks.new_problems import new_problems
from syndicate.errors import NotReady, RepositoryError, UnknownName
from syndicate.git.commit_log import merge_base
from syndicate.git.mirror_refs import names_here
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
from syndicate.service.preview_content import PreviewContent
from syndicate.service.process_tuning import lower_thread_priority
from syndicate.service.source_history import SourceHistory

_MAX_WAITING: Final = 8
_RETRY_SECONDS: Final = 60.0
"""When a history that could not be read is read again, unless there is a commit before."""

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
        self.previews: Final = PreviewContent(content)
        self.histories: Final = PreviewContent(content)
        """Another one: what a thread reads moves an index from one commit to the next."""
        self._history: Final = SourceHistory()
        self._history_thread: Final = ThreadPoolExecutor(
            1, "history", initializer=lower_thread_priority
        )
        self._histories_read: Final[dict[str, _History]] = {}
        self._failures: Final[dict[str, tuple[CommitId, float]]] = {}
        """The commit whose history could not be read, and when it may be read again, by source."""

    async def explain(
        self, text: str, *, rev: str = "", at: datetime | None = None
    ) -> tuple[Explanation, ...]:
        """Explain the posts that ``text`` names: path, file name, URL, key or ID.

        As the edition in service has them, or with ``rev``, a branch, tag or commit, and at another
        time ``at``. Raises `UnknownName`, `RepositoryError`, and `NotReady` if too many wait.
        """
        return await self._run(lambda: self._explain(text, rev, at))

    async def check(
        self, source: str = "", *, rev: str = "", at: datetime | None = None
    ) -> SourceReport:
        """Return the problems of ``source``, by file and line; parameters and errors as above.

        By default of the first source that was read and has ``rev``. A preview also has the changes
        in feeds: those since the branch began, and those until ``at``.
        """
        return await self._run(lambda: self._check(source, rev, at))

    async def history(self, source: str) -> tuple[CommitReport, ...]:
        """Return what the last commits of ``source`` changed, the newest first.

        Up to the commit in service, and whether or not the posts are live. Read once for all who
        wait, in a thread beside that of the reports, and to the end if nobody waits any more; after
        a failure, again after a minute. Raises `UnknownName`, `NotReady` and `RepositoryError`.
        """
        snapshot = self._edition().snapshot(source)
        known = self._history.known_reports(snapshot)
        if known is not None:
            return known
        reading = self._histories_read.get(source)
        if reading is None:
            loop = asyncio.get_running_loop()
            self._require_no_failure(snapshot, loop.time())
            reading = loop.run_in_executor(self._history_thread, self._read_history, snapshot)
            self._histories_read[source] = reading
            reading.add_done_callback(partial(self._end_reading, snapshot, loop.time))
        return await asyncio.shield(reading)

    def _require_no_failure(self, snapshot: SourceSnapshot, now: float) -> None:
        commit, retry_at = self._failures.get(snapshot.source.name, (None, 0.0))
        if commit == snapshot.commit and now < retry_at:
            raise NotReady(
                "the history could not be read", hint="Try again in a minute.", code="no-history"
            )

    def _read_history(self, snapshot: SourceSnapshot) -> tuple[CommitReport, ...]:
        site = self._content.index(snapshot.source).site_source.site
        with self.histories.use() as content:
            index = content.index(_source(content, snapshot.source.name))
            return self._history.reports(snapshot, site, index)

    def _end_reading(
        self, snapshot: SourceSnapshot, clock: Callable[[], float], reading: _History
    ) -> None:
        """Let a later request read again; an error is that of those who wait."""
        name = snapshot.source.name
        del self._histories_read[name]
        with suppress(asyncio.CancelledError):
            if reading.exception() is not None:
                self._failures[name] = snapshot.commit, clock() + _RETRY_SECONDS

    def _explain(self, text: str, rev: str, at: datetime | None) -> tuple[Explanation, ...]:
        with self._preview(rev, at) as (content, edition):
            return explain_posts(content, edition, text)

    def _check(self, name: str, rev: str, at: datetime | None) -> SourceReport:
        if rev:
            with self.previews.use() as content:
                return self._check_branch(content, name, rev, at)
        live = self._edition()
        served = live.snapshot(name or live.sources[0].name)
        name = served.source.name
        edition = self._content.build_edition([served], at=at or live.at)
        changes = None
        if at:
            changes = preview_changes(live, edition, name)
        problems = tuple(check_edition(self._content, edition, _is_any))
        return SourceReport(source=name, problems=problems, changes=changes)

    def _check_branch(
        self, content: ContentService, name: str, rev: str, at: datetime | None
    ) -> SourceReport:
        live = self._edition()
        commits = self._commits(content, rev)
        served = live.snapshot(name or _first_read(live, commits))
        name = served.source.name
        if name not in commits:
            raise UnknownName(
                f"{name} has no branch, tag or commit {rev!r}; {_have(commits)}",
                code=UNKNOWN_REVISION,
                hint="Choose another source.",
            )
        commit = commits[name]
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

    @contextmanager
    def _preview(self, rev: str, at: datetime | None) -> Iterator[tuple[ContentService, Edition]]:
        """Yield what reads an edition, and the edition."""
        live = self._edition()
        if not rev:
            served: list[SourceSnapshot | UnavailableSource] = [*live.snapshots, *live.unavailable]
            yield self._content, self._content.build_edition(served, at=at) if at else live
            return
        with self.previews.use() as content:
            commits = {snapshot.source.name: snapshot.commit for snapshot in live.snapshots}
            commits |= self._commits(content, rev)
            snapshots = [
                content.index(source).snapshot(commits[source.name])
                for source in content.settings.sources
                if source.name in commits
            ]
            yield content, content.build_edition(snapshots, at=at or content.clock())

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
        self.previews.close()
        self.histories.close()


def _source(content: ContentService, name: str) -> Source:
    return next(source for source in content.settings.sources if source.name == name)


def _have(names: Iterable[str]) -> str:
    """Return that the sources called ``names`` have something."""
    *others, last = names
    return f"{', '.join(others)} and {last} have" if others else f"{last} has"


def _first_read(live: Edition, names: Iterable[str]) -> str:
    """Return the first of ``names`` whose source was read, else the first one."""
    served = {snapshot.source.name for snapshot in live.snapshots}
    names = tuple(names)
    return next((name for name in names if name in served), names[0])


def _is_any(_: str) -> bool:
    return True
