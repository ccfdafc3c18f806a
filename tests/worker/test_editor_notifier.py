"""Notices to editors about files that break and are fixed, each once."""

import json
import pathlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Literal

import pytest

from syndicate.channels.contact_notifier import ContactNotifier
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.model.edition import Edition, Problem
from syndicate.model.post import Path
from syndicate.storage.database import Database
from syndicate.storage.notifications import SOURCE, Notifications
from syndicate.worker.editor_notifier import EditorNotifier, source_notice
from tests import samples
from tests.channels.receiver import Receiver, respond, run_receiver
from tests.databases import create_sqlite_database
from tests.stepwise_service import sqlite_url
from tests.storage.outbox_fixture import NOW
from tests.web.app_client import SampleReader

pytestmark = pytest.mark.anyio


def problem(
    path: str, *, line: int = 2, level: Literal["error", "warning", "notice"] = "error"
) -> Problem:
    """Return a problem of a file."""
    return Problem(
        level=level,
        rule="yaml",
        source="news",
        path=Path(path),
        line=line,
        message=f"{path}: title has a colon",
        hint="Quote it.",
    )


A, B, C = problem("news/a.md"), problem("news/b.md"), problem("news/c.md")


@dataclass(kw_only=True)
class Editors:
    """The contacts of the source ``news``, and the edition that they are notified of."""

    receiver: Receiver
    database: Database
    transport: Transport
    contacts: tuple[str, ...]
    reader: SampleReader = field(default_factory=lambda: SampleReader(current=None))
    is_stale: bool = False
    has_lease: bool = True
    notifier: EditorNotifier = field(init=False)

    def __post_init__(self) -> None:
        """Start the notifier."""
        self.restart()

    def restart(self) -> None:
        """Start the notifier again, for which only the database is left."""
        self.notifier = EditorNotifier(
            {"news": self.contacts, "other": ()},
            self.reader,
            Notifications(self.database),
            ContactNotifier(self.transport, None),
            samples.SERVICE_INFO,
            has_lease=lambda: self.has_lease,
            clock=lambda: NOW,
        )

    async def look(self, *problems: Problem) -> list[Any]:
        """Notify of ``problems``; return the type, broken and fixed files of what arrived."""
        before = len(self.receiver.requests)
        snapshots = [
            samples.source_snapshot(samples.source(name), problems=problems, is_stale=self.is_stale)
            for name in ("news", "other")
        ]
        self.reader.current = Edition.build(snapshots, at=samples.NOW)
        await self.notifier.notify()
        bodies = [json.loads(request.body) for request in self.receiver.requests[before:]]
        return [
            (
                body["type"],
                [broken["path"] for broken in body["data"]["broken"]],
                body["data"]["fixed"],
            )
            for body in bodies
        ]


@asynccontextmanager
async def open_editors(
    folder: pathlib.Path, *statuses: int, contacts: tuple[str, ...] = ()
) -> AsyncIterator[Editors]:
    """Open a database; a webhook of an editor responds with ``statuses``."""
    create_sqlite_database(sqlite_url(folder))
    guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    database = await Database.open(sqlite_url(folder))
    async with (
        run_receiver(*map(respond, statuses or (204,))) as receiver,
        Transport(guard, samples.SERVICE_INFO, timeout_seconds=5) as transport,
    ):
        yield Editors(
            receiver=receiver,
            database=database,
            transport=transport,
            contacts=(*contacts, receiver.url()),
        )
    await database.close()


@pytest.fixture(autouse=True)
def contacts_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let contacts be on this host, where there is no certificate."""
    monkeypatch.setattr("syndicate.channels.contact_notifier.email_address", lambda _: "")


async def test_each_break_and_repair_is_sent_once(tmp_path: pathlib.Path) -> None:
    """Also after a restart; files that break at the same time are in one notice."""
    async with open_editors(tmp_path) as editors:
        assert await editors.look() == []
        assert await editors.look(A, B) == [("source.broken", ["news/a.md", "news/b.md"], [])]
        assert await editors.look(A, B) == []
        editors.restart()
        assert await editors.look(A, B) == []
        assert await editors.look(B, C) == [("source.broken", ["news/c.md"], ["news/a.md"])]
        assert await editors.look() == [("source.fixed", [], ["news/b.md", "news/c.md"])]
        assert await editors.look() == []
        assert await Notifications(editors.database).announced(SOURCE) == {}


async def test_only_errors_of_files_are_sent(tmp_path: pathlib.Path) -> None:
    """No warnings, nothing of a source that cannot be read, nothing before the first edition."""
    async with open_editors(tmp_path) as editors:
        assert await editors.look(problem("news/a.md", level="warning"), problem("")) == []
        editors.is_stale = True
        assert await editors.look(A) == []
        editors.reader.current = None
        await editors.notifier.notify()
        assert editors.receiver.requests == []


async def test_contact_that_fails_does_not_stop_another(tmp_path: pathlib.Path) -> None:
    """It is not tried again at once, and a restart does not repeat what the other has."""
    async with (
        run_receiver(respond(500)) as failing,
        open_editors(tmp_path, contacts=(failing.url(),)) as editors,
    ):
        assert len(await editors.look(A)) == 1
        assert await editors.look(A) == []
        assert len(failing.requests) == 1
        editors.restart()
        assert await editors.look(A) == []
        assert len(failing.requests) == 2
        assert len(await editors.look()) == 1


async def test_process_without_the_lease_sends_nothing(tmp_path: pathlib.Path) -> None:
    """Its edition may be older than that of the process that has it."""
    async with open_editors(tmp_path) as editors:
        assert len(await editors.look(A)) == 1
        editors.has_lease = False
        assert await editors.look() == []
        editors.has_lease = True
        assert await editors.look(A) == []


async def test_contact_that_comes_back_is_not_notified_of_old_files(
    tmp_path: pathlib.Path,
) -> None:
    """Which broke before it left the settings, and were fixed since."""
    async with open_editors(tmp_path, 204) as editors:
        before = editors.contacts
        assert len(await editors.look(A)) == 1
        editors.contacts = (editors.receiver.url("/other"),)
        editors.restart()
        assert len(await editors.look(A)) == 1
        editors.contacts = before
        editors.restart()
        assert await editors.look() == []
        assert await Notifications(editors.database).announced(SOURCE) == {}


async def test_source_without_contacts_reads_nothing(tmp_path: pathlib.Path) -> None:
    """Neither the edition nor the database."""
    async with open_editors(tmp_path) as editors:
        editors.contacts = ()
        editors.restart()
        await editors.database.close()
        assert await editors.look(A) == []


def test_mail_names_files_and_what_to_do() -> None:
    """With links to the git host, to the explanation and to the page of the source."""
    snapshot = samples.source_snapshot(
        samples.source(repository="https://github.com/example/site.git")
    )
    odd = problem("news/\udcff.md", line=0)

    notice = source_notice(snapshot, [A, odd], ["news/b.md"], NOW, samples.SERVICE_INFO)

    assert notice.subject == (
        "Example agency feeds: 2 files broke, 1 file is fixed in Example agency, news"
    )
    assert notice.text.splitlines() == [
        "Feeds keep the last good version of a post that cannot be read.",
        "",
        "news/a.md, line 2",
        "  title has a colon. Quote it.",
        f"  https://github.com/example/site/blob/{samples.COMMIT}/news/a.md?plain=1#L2",
        "  https://feeds.example.gov/explain?post=news/a.md",
        "",
        "news/?.md",
        "  title has a colon. Quote it.",
        f"  https://github.com/example/site/blob/{samples.COMMIT}/news/%FF.md",
        "  https://feeds.example.gov/explain?post=news/%FF.md",
        "",
        "Fixed: news/b.md",
        "",
        "https://feeds.example.gov/sources/news",
        "Example agency feeds",
    ]


def test_mail_links_to_a_commit_on_codeberg() -> None:
    """Whose URLs of files in a commit take no branch."""
    snapshot = samples.source_snapshot(samples.source(repository="https://codeberg.org/a/b.git"))

    text = source_notice(snapshot, [A], [], NOW, samples.SERVICE_INFO).text

    assert f"  https://codeberg.org/a/b/src/commit/{samples.COMMIT}/news/a.md" in text


def test_long_mail_counts_what_it_leaves_out() -> None:
    """Of both kinds; without a git host there are no links to it."""
    broken = [problem(f"news/{n}.md") for n in range(22)]
    fixed = [f"news/w{n}.md" for n in range(21)]

    text = source_notice(samples.source_snapshot(), broken, fixed, NOW, samples.SERVICE_INFO).text
    repaired = source_notice(samples.source_snapshot(), [], fixed, NOW, samples.SERVICE_INFO)

    assert "And 3 more files." in text
    assert "blob" not in text
    assert repaired.text.startswith("Fixed: news/w0.md\n")
    assert repaired.subject.endswith("21 files are fixed in Example agency, news")
