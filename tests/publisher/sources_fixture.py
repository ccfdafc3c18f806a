"""Source readers of repositories, and a clock to set."""

import pathlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from syndicate.cache import Cache
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.edition import Edition, SourceSnapshot, UnavailableSource
from syndicate.model.post import CommitId
from syndicate.publisher.source_watcher import SourceReader, SourceWatcher
from tests import samples

POST = "---\ntitle: {}\n---\nWords.\n"
FIRST = "news/2023-11-06-first.md"


class SourcesFixture:
    """Source readers of repositories below a folder, and a clock to set."""

    def __init__(self, folder: pathlib.Path, exit_stack: ExitStack) -> None:
        self.folder = folder
        self.exit_stack = exit_stack
        self.ahead = timedelta()
        self.accepted: set[CommitId] = set()

    def clock(self) -> datetime:
        """Return the time, moved by ``ahead``."""
        return datetime.now(UTC) + self.ahead

    def reader(
        self,
        name: str = "news",
        *,
        poll_seconds: float = 60,
        kind: type[SourceReader] = SourceReader,
    ) -> SourceReader:
        """Return a reader of the repository in the folder ``name``."""
        source = samples.source(name)

        def open_index() -> SourceIndex:
            repository = self.exit_stack.enter_context(
                Repository.open(
                    str(self.folder / name),
                    ref="main",
                    mirrors=self.folder / "mirrors",
                    source_name=name,
                )
            )
            return SourceIndex(
                source,
                repository,
                cache=Cache(None),
                vocabulary=Vocabulary(),
                accepted=lambda: frozenset(self.accepted),
            )

        return kind(source, poll_seconds=poll_seconds, open_index=open_index)

    def build_edition(
        self, snapshots: Sequence[SourceSnapshot | UnavailableSource], _: Edition | None = None
    ) -> Edition:
        """Return the edition of now."""
        return Edition.build(
            (snapshot for snapshot in snapshots if isinstance(snapshot, SourceSnapshot)),
            unavailable=(source for source in snapshots if isinstance(source, UnavailableSource)),
            at=self.clock(),
        )

    def watcher(
        self, *readers: SourceReader, prerender: Callable[[Edition], None] = lambda _: None
    ) -> SourceWatcher:
        """Return a watcher of ``readers``."""
        return SourceWatcher(
            readers, build_edition=self.build_edition, clock=self.clock, prerender=prerender
        )
