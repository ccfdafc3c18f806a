"""`syndicate refresh`: look at every source now, and accept that folders are gone."""

import os
from dataclasses import asdict
from typing import Annotated

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.terminal import say_json

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


def refresh(
    dry_run: _DryRun = False,
    accept_removals: _AcceptRemovals = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Fetch all sources now and show their state.

    A running service with the same settings picks up the changes. Exits 1 if a source is not
    up to date.
    """
    from syndicate.cli import events
    from syndicate.cli.renewal import renew, report, untold
    from syndicate.service.newsroom import Newsroom
    from syndicate.settings import load

    with Newsroom(load(config, os.environ)) as newsroom:
        looked = [
            renew(newsroom, source, dry_run=dry_run, accept=accept_removals)
            for source in newsroom.settings.sources
        ]
        seen = [one for one, _ in looked]
        if not as_json:
            report(seen, dry_run=dry_run)
        waiting = untold(newsroom, [part for _, part in looked]) if dry_run else ()
    if as_json:
        sources = [asdict(one) for one in seen]
        say_json({"sources": sources, "events": events.shown(waiting)} if dry_run else sources)
    elif dry_run:
        events.report(waiting)
    if any(one.failing for one in seen):
        raise typer.Exit(1)
