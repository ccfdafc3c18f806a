"""`syndicate show`: print a feed."""

import asyncio
from typing import Annotated, Literal
from urllib.parse import parse_qsl

import typer

from syndicate.cli.options import At, ConfigFile, Rev, command_app
from syndicate.cli.snapshot import open_snapshot
from syndicate.feeds import FeedCache, FeedRequest
from syndicate.feeds.feed_location import resolve_feed
from syndicate.feeds.formats import FORMATS
from syndicate.model.query import parse_query

app = command_app()


@app.command()
def show(
    feed: Annotated[
        str, typer.Argument(help="Feed name with an optional query: 'all?category=tts'.")
    ],
    format_name: Annotated[
        Literal["json", "rss", "atom"],
        typer.Option("--format", metavar="FORMAT", help="Format: json, rss or atom."),
    ] = "json",
    rev: Rev = "",
    at: At = None,
    config: ConfigFile = None,
) -> None:
    """Print a feed, byte for byte as served."""
    name, _, query = feed.partition("?")
    with open_snapshot(config, rev=rev, at=at) as reader:
        location = resolve_feed(reader.edition, name)
        pairs = parse_qsl(f"{location.query}&{query}", keep_blank_values=True)
        feed_cache = FeedCache(reader.content.settings.service_info)
        request = FeedRequest(
            name=location.name,
            query=parse_query(pairs, reader.edition),
            feed_format=FORMATS[format_name],
        )
        representation = asyncio.run(feed_cache.get(reader, reader.edition, request))
    typer.echo(representation.body, nl=False)
