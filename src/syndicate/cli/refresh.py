"""`syndicate refresh`: look at every source now, and accept that folders are gone."""

import os
from dataclasses import asdict
from typing import Annotated

import typer

from syndicate.cli.options import AsJson, ConfigFile
from syndicate.cli.output import print_json

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
    from syndicate.cli import event_output
    from syndicate.cli.refresh_source import print_sources, refresh_source, unannounced_events
    from syndicate.service.content_service import ContentService
    from syndicate.settings import load

    with ContentService(load(config, os.environ)) as newsroom:
        results = [
            refresh_source(newsroom, source, dry_run=dry_run, accept=accept_removals)
            for source in newsroom.settings.sources
        ]
        refreshed = [one for one, _ in results]
        if not as_json:
            print_sources(refreshed, dry_run=dry_run)
        unannounced = unannounced_events(newsroom, [part for _, part in results]) if dry_run else ()
    if as_json:
        sources = [asdict(one) for one in refreshed]
        print_json(
            {"sources": sources, "events": event_output.thin_bodies(unannounced)}
            if dry_run
            else sources
        )
    elif dry_run:
        event_output.print_events(unannounced)
    if any(one.failing for one in refreshed):
        raise typer.Exit(1)
