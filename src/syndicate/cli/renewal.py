"""A look at a source now, the removals an operator accepts, and what came of it."""

from dataclasses import dataclass

from syndicate.cli.terminal import say
from syndicate.errors import SyndicateError
from syndicate.model.post import CommitId, Source
from syndicate.service.newsroom import Newsroom


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


def renew(newsroom: Newsroom, source: Source, *, dry_run: bool, accept: bool) -> Refreshed:
    """Fetch ``source``, accept what emptied its folders if asked to, and tell how it is."""
    accepted: list[CommitId] = []
    try:
        index = newsroom.index(source)
        if not dry_run:
            index.repository.fetch()
        head = index.repository.head()
        part = index.part(head)
        while accept and not dry_run and (commit := index.emptied):
            newsroom.accepted.add(source.name, commit)
            accepted.append(commit)
            part = index.part(head)
    except SyndicateError as error:
        return Refreshed(source=source.name, accepted=tuple(accepted), failing=error.what)
    would = dry_run and accept and index.emptied
    return Refreshed(
        source=source.name,
        commit=part.commit,
        posts=len(part.posts),
        accepted=(would,) if would else tuple(accepted),
        failing="" if would else part.failing,
    )


def report(one: Refreshed, *, dry_run: bool) -> None:
    """Say on stdout what came of it."""
    for commit in one.accepted:
        done = "would be accepted" if dry_run else "is accepted"
        say(f"{one.source}: what {commit[:12]} removed {done}")
    if one.failing:
        say(one.failing, colour="red")
    else:
        posts = f"{one.posts} post{'' if one.posts == 1 else 's'}"
        say(f"{one.source}: {posts} at {one.commit[:12]}", colour="green")
