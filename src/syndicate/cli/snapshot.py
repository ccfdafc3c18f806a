"""Reading the sources for a command, with a warning for each source that cannot be read."""

import os
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from syndicate.cli.output import print_status
from syndicate.cli.progress import progress
from syndicate.model.edition import Edition
from syndicate.service.snapshot_reader import SnapshotReader
from syndicate.settings import Settings, load


@contextmanager
def open_snapshot(
    config: pathlib.Path | Settings | None, *, rev: str, at: datetime | None
) -> Iterator[SnapshotReader]:
    """Read every source once and print which ones failed; raises `SyndicateError`.

    ``config`` is the settings or their file.
    """
    settings = config if isinstance(config, Settings) else load(config, os.environ)
    with SnapshotReader(settings, rev=rev, at=at) as reader:
        with progress():
            edition = reader.edition
        print_source_errors(edition)
        yield reader


def print_source_errors(edition: Edition) -> None:
    """Print why sources are older than their branch, or missing."""
    errors = [
        *(snapshot.error for snapshot in edition.snapshots),
        *(source.error for source in edition.unavailable),
    ]
    for error in filter(None, errors):
        print_status(f"Warning: {error}", colour="yellow")
