"""`syndicate refresh`: fetch every source now, and accept removals and changes that wait."""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from syndicate.cli import output
from syndicate.cli.database_session import command_actor
from syndicate.cli.options import AsJson, ConfigFile, command_app
from syndicate.cli.output import print_json, print_result, print_status
from syndicate.content.source_index import SourceIndex
from syndicate.errors import SyndicateError
from syndicate.model.audit import AuditAction
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import SourceSnapshot, UnavailableSource
from syndicate.model.event import WebhookEvent
from syndicate.model.post import CommitId, PostId, Source
from syndicate.service.access_control import open_access_control
from syndicate.service.content_service import ContentService
from syndicate.service.event_preview import preview_events
from syndicate.settings import Settings, load
from syndicate.storage.database import Database
from syndicate.storage.ledger import Ledger

app = command_app()


_DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show the events that would be sent; fetch and accept nothing."),
]
_AcceptRemovals = Annotated[
    bool,
    typer.Option(
        "--accept-removals", help="Accept the removal of posts whose folder is empty or missing."
    ),
]


_AcceptChanges = Annotated[
    bool,
    typer.Option(
        "--accept-changes",
        help="Accept a change of the site's configuration that changes many posts.",
    ),
]


@app.command()
def refresh(
    dry_run: _DryRun = False,
    accept_removals: _AcceptRemovals = False,
    accept_changes: _AcceptChanges = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Fetch all sources now and show their state.

    A running service with the same settings picks up the changes. Exits 1 if a source is not
    up to date.
    """
    accept = Acceptance(removals=accept_removals, changes=accept_changes)
    with ContentService(load(config, os.environ)) as content:
        results = [
            refresh_source(content, source, dry_run=dry_run, accept=accept)
            for source in content.settings.sources
        ]
        refreshed = [source for source, _ in results]
        if not as_json:
            print_sources(refreshed, dry_run=dry_run)
        unannounced = (
            unannounced_events(content, [snapshot for _, snapshot in results]) if dry_run else ()
        )
        if not dry_run:
            record_accepted(content.settings, refreshed)
    if as_json:
        sources = [asdict(source) for source in refreshed]
        print_json(
            {"sources": sources, "events": output.thin_bodies(unannounced)} if dry_run else sources
        )
    elif dry_run:
        output.print_events(unannounced)
    if any(source.failing for source in refreshed):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What the operator accepts: emptied folders, held changes of configuration."""

    removals: bool = False
    changes: bool = False

    def next_commits(self, index: SourceIndex) -> tuple[CommitId | None, CommitId | None]:
        """Return the commits of ``index`` whose removals and changes are accepted now."""
        return (
            index.emptied_by if self.removals else None,
            index.held_commit if self.changes else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshedSource:
    """A source after a refresh, as printed with ``--json``.

    ``accepted`` are the commits whose removals were accepted, ``accepted_changes`` those of
    configuration. ``failing`` is why the source is not up to date; empty if it is.
    """

    source: str
    commit: str = ""
    posts: int = 0
    accepted: tuple[CommitId, ...] = ()
    accepted_changes: tuple[CommitId, ...] = ()
    failing: str = ""


def refresh_source(
    content: ContentService, source: Source, *, dry_run: bool, accept: Acceptance
) -> tuple[RefreshedSource, SourceSnapshot | UnavailableSource]:
    """Fetch ``source``, accept commits if requested, and return its state.

    A dry run fetches nothing, and accepts commits for this process only.
    """
    part: SourceSnapshot | UnavailableSource
    accepted, accepted_changes = list[CommitId](), list[CommitId]()
    accept_commit = (
        content.accepted_removals.accept_temporarily if dry_run else content.accepted_removals.add
    )
    try:
        index = content.index(source)
        if not dry_run:
            index.repository.fetch()
        head = index.repository.head()
        part = index.served(head, is_trial=dry_run)
        while any(commits := accept.next_commits(index)):
            for commit, kind in zip(commits, (accepted, accepted_changes), strict=True):
                if commit is not None:
                    accept_commit(source.name, commit)
                    kind.append(commit)
            part = index.served(head, is_trial=dry_run)
    except SyndicateError as error:
        part = UnavailableSource(source=source, error=error.message, error_code=error.code)
    refreshed = RefreshedSource(
        source=source.name,
        commit=part.commit if isinstance(part, SourceSnapshot) else "",
        posts=len(part.posts) if isinstance(part, SourceSnapshot) else 0,
        accepted=tuple(accepted),
        accepted_changes=tuple(accepted_changes),
        failing=part.error or content.signature_error(source),
    )
    return refreshed, part


def record_accepted(settings: Settings, sources: Iterable[RefreshedSource]) -> None:
    """Add the accepted commits to the audit log; raises `StorageError`."""
    accepted: list[tuple[AuditAction, str, CommitId]] = []
    for source in sources:
        accepted += [("removals.accepted", source.source, commit) for commit in source.accepted]
        accepted += [
            ("changes.accepted", source.source, commit) for commit in source.accepted_changes
        ]

    async def record() -> None:
        async with open_access_control(settings) as access:
            for action, source, commit in accepted:
                await access.record(command_actor(), action, source, commit=commit)

    if accepted:
        asyncio.run(record())


def print_sources(sources: Iterable[RefreshedSource], *, dry_run: bool) -> None:
    """Print the state of each source."""
    for source in sources:
        verb = "would be accepted" if dry_run else "accepted"
        for commit in source.accepted:
            print_result(f"{source.source}: removals of commit {commit[:12]} {verb}")
        for commit in source.accepted_changes:
            print_result(f"{source.source}: changes of commit {commit[:12]} {verb}")
        if source.failing:
            print_result(source.failing, colour="red")
        else:
            posts = f"{source.posts} post{'' if source.posts == 1 else 's'}"
            print_result(f"{source.source}: {posts} at {source.commit[:12]}", colour="green")


def unannounced_events(
    content: ContentService, snapshots: Sequence[SourceSnapshot | UnavailableSource]
) -> tuple[WebhookEvent, ...]:
    """Return the events that the service would send now; none at the first start, a baseline.

    Raises `StorageError` and `RepositoryError`.
    """
    recorded = asyncio.run(_read_ledger(content.settings.database_url))
    if recorded is None:
        print_status("Nothing recorded yet: the first start of the service sends no events.")
        return ()
    return preview_events(content, recorded, content.build_edition(snapshots))


async def _read_ledger(database_url: str) -> Mapping[PostId, LedgerEntry] | None:
    """Return what the ledger holds; None if no service ever recorded anything.

    Neither creates nor upgrades the database. Raises `StorageError`.
    """
    if not await Database.check_at(database_url):
        return None
    database = await Database.open(database_url)
    try:
        ledger = Ledger(database)
        head = await ledger.end_cursor()
        return await ledger.entries() if head.generation > 1 else None
    finally:
        await database.close()
