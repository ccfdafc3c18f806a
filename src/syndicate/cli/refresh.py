"""`syndicate refresh`: look at every source now, and accept that folders are gone."""

import os
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.terminal import say, say_json
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


def refresh(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be; fetch and accept nothing.")
    ] = False,
    accept_removals: Annotated[
        bool,
        typer.Option(
            "--accept-removals", help="Let the posts of folders go that are empty or gone."
        ),
    ] = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Fetch every source now, and say what it holds.

    A service that runs with the same settings notices. Exits 1 if a source is not up to date.
    """
    from syndicate.settings import load

    with Newsroom(load(config, os.environ)) as newsroom:
        seen = [
            _look(newsroom, source, dry_run=dry_run, accept=accept_removals)
            for source in newsroom.settings.sources
        ]
    if as_json:
        say_json([asdict(one) for one in seen])
    else:
        for one in seen:
            _say(one, dry_run=dry_run)
    if any(one.failing for one in seen):
        raise typer.Exit(1)


def _look(newsroom: Newsroom, source: Source, *, dry_run: bool, accept: bool) -> Refreshed:
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


def _say(one: Refreshed, *, dry_run: bool) -> None:
    for commit in one.accepted:
        done = "would be accepted" if dry_run else "is accepted"
        say(f"{one.source}: what {commit[:12]} removed {done}")
    if one.failing:
        say(one.failing, colour="red")
    else:
        posts = f"{one.posts} post{'' if one.posts == 1 else 's'}"
        say(f"{one.source}: {posts} at {one.commit[:12]}", colour="green")
