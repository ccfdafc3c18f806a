"""`syndicate build`: write all feeds to a folder."""

import asyncio
import pathlib
from itertools import product
from typing import Annotated

import typer

from syndicate.cli.options import At, ConfigFile, Rev, command_app
from syndicate.cli.output import print_status
from syndicate.cli.progress import progress
from syndicate.cli.snapshot import open_snapshot
from syndicate.errors import NotReady, SyndicateError
from syndicate.feeds import FeedCache, FeedRequest
from syndicate.feeds.formats import FORMATS
from syndicate.model.query import Query

app = command_app()


@app.command()
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
    with open_snapshot(config, rev=rev, at=at) as reader:
        if reader.edition.unavailable:
            raise NotReady("no feeds written: a source cannot be read")
        feed_cache = FeedCache(reader.content.settings.service_info)
        folder = out / "feeds"
        with progress():
            for name, feed_format in product(reader.edition.feeds, FORMATS.values()):
                request = FeedRequest(name=name, query=Query(), feed_format=feed_format)
                representation = asyncio.run(feed_cache.get(reader, reader.edition, request))
                _write(folder / f"{name}.{feed_format.name}", representation.body)
        print_status(
            f"{len(reader.edition.feeds)} feeds written to {folder}, each as {', '.join(FORMATS)}"
        )


def _write(file: pathlib.Path, body: bytes) -> None:
    """Write ``file`` so that no reader ever sees half of it."""
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
