"""A look at a source now, the removals an operator accepts, and what came of it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syndicate.cli.output import print_result, print_status
from syndicate.errors import SyndicateError
from syndicate.model.edition import SourceSnapshot, UnavailableSource
from syndicate.model.event import WebhookEvent
from syndicate.model.post import CommitId, Source
from syndicate.service.content_service import ContentService
from syndicate.service.event_preview import preview_events


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshedSource:
    """A source after a look at it; ``accepted`` are the commits that emptied a folder.

    ``failing`` says why it could not be brought up to date, empty if it is.
    """

    source: str
    commit: str = ""
    posts: int = 0
    accepted: tuple[CommitId, ...] = ()
    failing: str = ""


def refresh_source(
    content: ContentService, source: Source, *, dry_run: bool, accept: bool
) -> tuple[RefreshedSource, SourceSnapshot | UnavailableSource]:
    """Fetch ``source``, accept what emptied its folders if asked to, and tell how it is then.

    A dry run fetches nothing, and acts as if that was accepted.
    """
    accepted: list[CommitId] = []
    accept_commit = (
        content.accepted_removals.accept_temporarily if dry_run else content.accepted_removals.add
    )
    try:
        index = content.index(source)
        if not dry_run:
            index.repository.fetch()
        head = index.repository.head()
        part = index.snapshot(head)
        while accept and (commit := index.emptied_by):
            accept_commit(source.name, commit)
            accepted.append(commit)
            part = index.snapshot(head)
    except SyndicateError as error:
        message = error.message
        return (
            RefreshedSource(source=source.name, accepted=tuple(accepted), failing=message),
            UnavailableSource(source=source, error=message, error_code=error.code),
        )
    refreshed = RefreshedSource(
        source=source.name,
        commit=part.commit,
        posts=len(part.posts),
        accepted=tuple(accepted),
        failing=part.error,
    )
    return refreshed, part


def print_sources(sources: Iterable[RefreshedSource], *, dry_run: bool) -> None:
    """Say on stdout what came of it."""
    for source in sources:
        for commit in source.accepted:
            verb = "would be accepted" if dry_run else "accepted"
            print_result(f"{source.source}: removals of commit {commit[:12]} {verb}")
        if source.failing:
            print_result(source.failing, colour="red")
        else:
            posts = f"{source.posts} post{'' if source.posts == 1 else 's'}"
            print_result(f"{source.source}: {posts} at {source.commit[:12]}", colour="green")


def unannounced_events(
    content: ContentService, snapshots: Sequence[SourceSnapshot | UnavailableSource]
) -> tuple[WebhookEvent, ...]:
    """Return what the world would be told now; nothing at the first start, which is a baseline.

    Raises `StorageError` and `RepositoryError`.
    """
    from syndicate.service.recorded_posts import read_ledger

    recorded = asyncio.run(read_ledger(content.settings.database_url))
    if recorded is None:
        print_status("Nothing recorded yet: the first start of the service sends no events.")
        return ()
    return preview_events(content, recorded, content.build_edition(snapshots))
