"""A look at a source now, the removals an operator accepts, and what came of it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syndicate.cli.terminal import say, talk
from syndicate.errors import SyndicateError
from syndicate.model.edition import Part, Unread
from syndicate.model.event import Event
from syndicate.model.post import CommitId, Source
from syndicate.service.newsroom import Newsroom
from syndicate.service.preview import events


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """A source after a look at it; ``accepted`` are the commits that emptied a folder.

    ``failing`` says why it could not be brought up to date, empty if it is.
    """

    source: str
    commit: str = ""
    posts: int = 0
    accepted: tuple[CommitId, ...] = ()
    failing: str = ""


def renew(
    newsroom: Newsroom, source: Source, *, dry_run: bool, accept: bool
) -> tuple[Refreshed, Part | Unread]:
    """Fetch ``source``, accept what emptied its folders if asked to, and tell how it is then.

    A dry run fetches nothing, and acts as if that was accepted.
    """
    accepted: list[CommitId] = []
    accepting = newsroom.accepted.pretend if dry_run else newsroom.accepted.add
    try:
        index = newsroom.index(source)
        if not dry_run:
            index.repository.fetch()
        head = index.repository.head()
        part = index.part(head)
        while accept and (commit := index.emptied):
            accepting(source.name, commit)
            accepted.append(commit)
            part = index.part(head)
    except SyndicateError as error:
        why = error.what
        return (
            Refreshed(source=source.name, accepted=tuple(accepted), failing=why),
            Unread(source=source, failing=why, failing_kind=error.code),
        )
    done = Refreshed(
        source=source.name,
        commit=part.commit,
        posts=len(part.posts),
        accepted=tuple(accepted),
        failing=part.failing,
    )
    return done, part


def report(seen: Iterable[Refreshed], *, dry_run: bool) -> None:
    """Say on stdout what came of it."""
    for one in seen:
        for commit in one.accepted:
            done = "would be accepted" if dry_run else "accepted"
            say(f"{one.source}: removals of commit {commit[:12]} {done}")
        if one.failing:
            say(one.failing, colour="red")
        else:
            posts = f"{one.posts} post{'' if one.posts == 1 else 's'}"
            say(f"{one.source}: {posts} at {one.commit[:12]}", colour="green")


def untold(newsroom: Newsroom, seen: Sequence[Part | Unread]) -> tuple[Event, ...]:
    """Return what the world would be told now; nothing at the first start, which is a baseline.

    Raises `StorageError` and `RepositoryError`.
    """
    from syndicate.service.told import told_so_far

    told = asyncio.run(told_so_far(newsroom.settings.database_url))
    if told is None:
        talk("Nothing recorded yet: the first start of the service sends no events.")
        return ()
    return events(newsroom, told, newsroom.put_together(seen))
