"""Feeds: `syndicate show` prints one, `syndicate build` writes them all."""

import asyncio
import pathlib
from typing import Annotated, Literal
from urllib.parse import parse_qsl

import typer

from syndicate.cli.options import At, ConfigFile, Rev
from syndicate.cli.output import print_status
from syndicate.errors import NotReady, SyndicateError


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
    from syndicate.cli.edition_snapshot import open_snapshot
    from syndicate.feeds import FeedCache
    from syndicate.feeds.feed_location import resolve_feed
    from syndicate.feeds.formats import FORMATS
    from syndicate.model.query import parse_query

    name, _, query = feed.partition("?")
    with open_snapshot(config, rev=rev, at=at) as reader:
        location = resolve_feed(reader.edition, name)
        pairs = parse_qsl(f"{location.query}&{query}", keep_blank_values=True)
        feed_cache = FeedCache(reader.content.settings.service_info)
        representation = asyncio.run(
            feed_cache.get(
                reader, location.name, parse_query(pairs, reader.edition), FORMATS[format_name]
            )
        )
    typer.echo(representation.body, nl=False)


def build(
    out: Annotated[pathlib.Path, typer.Option(metavar="DIR", help="Where to write them.")],
    rev: Rev = "",
    at: At = None,
    config: ConfigFile = None,
) -> None:
    """Write all feeds in all formats to a folder.

    Byte for byte as served: DIR/feeds/NAME.FORMAT is the first page of a feed. Later pages are
    linked as queries, which static files cannot answer.
    """
    from syndicate.cli.edition_snapshot import open_snapshot
    from syndicate.feeds import FeedCache
    from syndicate.feeds.formats import FORMATS
    from syndicate.model.query import Query

    with open_snapshot(config, rev=rev, at=at) as reader:
        if reader.edition.unavailable:
            raise NotReady("no feeds written: a source cannot be read")
        feed_cache = FeedCache(reader.content.settings.service_info)
        folder = out / "feeds"
        for name in reader.edition.feeds:
            for feed_format in FORMATS.values():
                representation = asyncio.run(feed_cache.get(reader, name, Query(), feed_format))
                _write(folder / f"{name}.{feed_format.name}", representation.body)
        print_status(
            f"{len(reader.edition.feeds)} feeds written to {folder}, each as {', '.join(FORMATS)}"
        )


def _write(file: pathlib.Path, body: bytes) -> None:
    """Write ``file`` so that nobody ever sees half of it."""
    new_file = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new_file.write_bytes(body)
        new_file.replace(file)
    except OSError as error:
        raise SyndicateError(
            f"cannot write {file}: {error.strerror}",
            code="cannot-write",
            hint="Choose another folder with --out.",
        ) from error
