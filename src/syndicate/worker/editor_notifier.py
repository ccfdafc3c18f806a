"""Notifies editors of a source whose posts break or are fixed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import quote

from syndicate.channels.contact_notifier import ContactNotifier
from syndicate.errors import NotReady
from syndicate.model.contact import Notice, contact_digest
from syndicate.model.content_reader import ContentReader
from syndicate.model.edition import Problem, SourceSnapshot
from syndicate.model.event import rfc3339
from syndicate.model.feed import ServiceInfo
from syndicate.model.git_host import GitHost
from syndicate.storage.notifications import SOURCE, Announcement, Notifications
from syndicate.worker.state_announcer import StateAnnouncer, run_each_minute

_MAX_FILES: Final = 500
"""Files with errors that are compared; beyond, the first by path."""

_MAX_LISTED: Final = 20
"""Files that a mail lists; the others are counted."""

_BROKEN_LINES: Final = ("Feeds keep the last good version of a post that cannot be read.", "")


class EditorNotifier:
    """Looks at the edition in service each minute while `run` runs.

    Args:
        contacts: The contacts of each source by its name.
        reader: Has the edition in service.
        notifications: Knows what was sent.
        notifier: Sends mail and requests.
        service_info: Title and URLs of the service.
        has_lease: Returns whether this process has the publisher lease. Only that one notifies:
            the edition of another may be older, and its states then are no news.
        clock: Returns the time, with a time zone.
    """

    def __init__(  # noqa: PLR0913 — collaborators
        self,
        contacts: Mapping[str, Sequence[str]],
        reader: ContentReader,
        notifications: Notifications,
        notifier: ContactNotifier,
        service_info: ServiceInfo,
        *,
        has_lease: Callable[[], bool],
        clock: Callable[[], datetime],
    ) -> None:
        self._contacts = {name: some for name, some in contacts.items() if some}
        self._reader = reader
        self._announcer = StateAnnouncer(SOURCE, notifications, notifier, clock=clock)
        self._service_info = service_info
        self._has_lease = has_lease
        self._clock = clock

    async def run(self) -> None:
        """Notify until cancelled; an unavailable database is tried again."""
        await run_each_minute(self.notify)

    async def notify(self) -> None:
        """Notify the editors of each source of files that broke or were fixed.

        A source that cannot be read is left out: nobody knows its files now.
        """
        if not self._contacts or not self._has_lease():
            return
        try:
            edition = self._reader.edition
        except NotReady:
            return
        announced = await self._announcer.announced()
        await self._forget_removed(announced)
        for snapshot in edition.snapshots:
            contacts = self._contacts.get(snapshot.source.name, ())
            if contacts and not snapshot.is_stale:
                errors = first_errors(snapshot)
                await self._announcer.announce(
                    snapshot.source.name,
                    json.dumps([*errors]) if errors else "",
                    contacts,
                    announced,
                    partial(self._notice, snapshot, errors, self._clock()),
                )

    async def _forget_removed(self, announced: Mapping[Announcement, str]) -> None:
        """Forget what was announced of sources and to contacts that are no longer in the settings.

        Else an editor who is added again is notified of files that broke then.
        """
        kept = {
            Announcement(name, contact_digest(contact))
            for name, contacts in self._contacts.items()
            for contact in contacts
        }
        for announcement, state in announced.items():
            if announcement not in kept:
                await self._announcer.forget(announcement, state)

    def _notice(
        self,
        snapshot: SourceSnapshot,
        errors: Mapping[str, Problem],
        now: datetime,
        before: str,
    ) -> Notice:
        known = json.loads(before) if before else []
        broken = [problem for path, problem in errors.items() if path not in known]
        fixed = [path for path in known if path not in errors]
        return source_notice(snapshot, broken, fixed, now, self._service_info)


def first_errors(snapshot: SourceSnapshot) -> Mapping[str, Problem]:
    """Return the first error of each file of a source, by path."""
    errors: dict[str, Problem] = {}
    for problem in sorted(snapshot.problems, key=lambda problem: (problem.path, problem.line)):
        if problem.level == "error" and problem.path and len(errors) < _MAX_FILES:
            errors.setdefault(problem.path, problem)
    return errors


def source_notice(
    snapshot: SourceSnapshot,
    broken: Sequence[Problem],
    fixed: Sequence[str],
    now: datetime,
    service_info: ServiceInfo,
) -> Notice:
    """Return the notice about files that broke and those that were fixed."""
    source = snapshot.source
    lines = [*_BROKEN_LINES] if broken else []
    for problem in broken[:_MAX_LISTED]:
        lines += _problem_lines(problem, snapshot, service_info)
    lines += [f"Fixed: {path}" for path in fixed[:_MAX_LISTED]]
    left_out = max(len(broken) - _MAX_LISTED, 0) + max(len(fixed) - _MAX_LISTED, 0)
    lines += [f"And {left_out} more files."] if left_out else []
    lines += ["", service_info.url(f"/sources/{source.name}"), service_info.title, ""]
    return Notice(
        subject=f"{service_info.title}: {_summary(len(broken), len(fixed))} in {source.title}",
        text="\n".join(lines).encode(errors="replace").decode(),  # names of files may be any bytes
        data={
            "type": "source.broken" if broken else "source.fixed",
            "timestamp": rfc3339(now),
            "data": {
                "source": source.name,
                "commit": snapshot.commit,
                "broken": [
                    {
                        "path": problem.path,
                        "line": problem.line or None,
                        "message": problem.message,
                        "hint": problem.hint,
                    }
                    for problem in broken
                ],
                "fixed": [*fixed],
            },
        },
    )


def _problem_lines(
    problem: Problem, snapshot: SourceSnapshot, service_info: ServiceInfo
) -> Iterator[str]:
    """Yield the file, what is wrong, and links to the file and to its explanation."""
    host = GitHost.from_repository(snapshot.source.repository)
    message = problem.message.removeprefix(f"{problem.path}: ")
    yield f"{problem.path}, line {problem.line}" if problem.line else problem.path
    yield f"  {message}. {problem.hint}".rstrip()
    if host is not None:
        yield f"  {host.file_url(snapshot.commit, problem.path, problem.line)}"
    path = quote(problem.path, errors="surrogateescape")
    yield f"  {service_info.url(f'/explain?post={path}')}"
    yield ""


def _summary(broken: int, fixed: int) -> str:
    """Return the numbers of both: ``2 files broke, 1 file is fixed``."""
    broke = f"{broken} {'file' if broken == 1 else 'files'} broke" if broken else ""
    repaired = f"{fixed} {'file is' if fixed == 1 else 'files are'} fixed" if fixed else ""
    return ", ".join(filter(None, (broke, repaired)))
