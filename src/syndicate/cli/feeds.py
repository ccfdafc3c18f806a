"""Feeds: `syndicate show` prints one, `syndicate build` writes them all."""

import asyncio
import pathlib
from typing import Annotated, Literal
from urllib.parse import parse_qsl

import typer

from syndicate.cli.options import At, ConfigFile, Rev
from syndicate.cli.terminal import talk
from syndicate.errors import NotReady, SyndicateError


def show(
    feed: Annotated[
        str, typer.Argument(help="Feed name with an optional query: 'all?category=tts'.")
    ],
    form: Annotated[
        Literal["json", "rss", "atom"],
        typer.Option("--format", metavar="FORMAT", help="Format: json, rss or atom."),
    ] = "json",
    rev: Rev = "",
    at: At = None,
    config: ConfigFile = None,
) -> None:
    """Print a feed, byte for byte as served."""
    from syndicate.cli.still import still
    from syndicate.formats import FORMATS
    from syndicate.model.query import parse_query
    from syndicate.representation import Press
    from syndicate.representation.address import find

    name, _, query = feed.partition("?")
    with still(config, rev=rev, at=at) as reader:
        place = find(reader.edition, name)
        asked = parse_qsl(f"{place.query}&{query}", keep_blank_values=True)
        press = Press(reader.newsroom.settings.masthead)
        made = asyncio.run(
            press.feed(reader, place.name, parse_query(asked, reader.edition), FORMATS[form])
        )
    typer.echo(made.body, nl=False)


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
    from syndicate.cli.still import still
    from syndicate.formats import FORMATS
    from syndicate.model.query import Query
    from syndicate.representation import Press

    with still(config, rev=rev, at=at) as reader:
        if reader.edition.unread:
            raise NotReady("no feeds written: a source cannot be read")
        press = Press(reader.newsroom.settings.masthead)
        folder = out / "feeds"
        for name in reader.edition.feeds:
            for form in FORMATS.values():
                made = asyncio.run(press.feed(reader, name, Query(), form))
                _write(folder / f"{name}.{form.name}", made.body)
        talk(f"{len(reader.edition.feeds)} feeds written to {folder}, each as {', '.join(FORMATS)}")


def _write(file: pathlib.Path, body: bytes) -> None:
    """Write ``file`` so that nobody ever sees half of it."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(body)
        fresh.replace(file)
    except OSError as error:
        raise SyndicateError(
            f"cannot write {file}: {error.strerror}",
            code="cannot-write",
            hint="Choose another folder with --out.",
        ) from error
