"""Where editions are made: repositories, indexes, cache and renderer of one set of settings."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final, Self

from syndicate.cache import Cache
from syndicate.errors import RepositoryError, UnknownName
from syndicate.git import Repository
from syndicate.index import memory, reading
from syndicate.index.item import Items, RenderBatch
from syndicate.index.manuscript import Manuscript, Rendered
from syndicate.index.part import SourceIndex
from syndicate.model.asset import Asset
from syndicate.model.edition import Edition, Part, Unread
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import BlobId, Item, Path, Post, PostId, RenderedPosts, Source
from syndicate.private_files import tighten
from syndicate.publisher.following import Follower
from syndicate.render.workroom import Workroom
from syndicate.representation.shelf import Shelf
from syndicate.service.acceptance import Acceptances
from syndicate.settings import Settings

_ASSET_CACHE_BYTES: Final = 32_000_000
"""Bytes of files below ``/assets`` that are kept in memory."""


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def _tighten(settings: Settings) -> None:
    """Take from other users the rights to what earlier versions wrote into the data folder.

    The data folder itself may be the folder of the settings, which is not ours to close.
    """
    data = settings.data
    if data not in settings.file.absolute().parents:
        with suppress(OSError):
            data.chmod(0o700)
        tighten(data / ".gitignore")
    for name in ("cache", "mirrors", "accepted.json"):
        tighten(data / name)


def _unknown_asset(source: str, path: str) -> UnknownName:
    return UnknownName(f"no file is served at {path} of {source}", code="unknown-file")


class Newsroom:
    """Makes editions of the sources and items of their posts; safe to use from several threads.

    A context manager: leaving it ends every process it started.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = now,
        is_public: bool = False,
        workroom: Workroom | None = None,
    ) -> None:
        """Read what ``settings`` name; ``is_public`` if readers see every edition (see `Items`).

        A ``workroom`` that is given is not closed with this object.
        """
        _tighten(settings)
        self.settings = settings
        self.clock = clock
        self._cache = Cache(settings.data / "cache" / "syndicate.db")
        self.accepted = Acceptances(settings.data / "accepted.json")
        self._owns_workroom = workroom is None
        self._workroom = workroom or Workroom(processes=settings.service.workers)
        self._indexes: dict[str, SourceIndex] = {}
        self._opening = threading.Lock()
        self._asset_contents = Shelf[BlobId, bytes](_ASSET_CACHE_BYTES)
        self._lock = threading.Lock()
        self._items = Items(
            self._indexes, cache=self._cache, workroom=self._workroom, is_public=is_public
        )

    def staff(self) -> None:
        """Start what renders now, beside whatever else starts, rather than with the first post."""
        self._workroom.staff()

    def index(self, source: Source) -> SourceIndex:
        """Return the index of ``source``; raises `RepositoryError` if it cannot be opened."""
        with self._opening:
            if source.name not in self._indexes:
                self._indexes[source.name] = SourceIndex(
                    source,
                    Repository.open(
                        source.repository,
                        ref=source.ref,
                        mirrors=self.settings.data / "mirrors",
                        name=source.name,
                    ),
                    cache=self._cache,
                    vocabulary=self.settings.vocabulary,
                    accepted=partial(self.accepted.of, source.name),
                    limits=self.settings.content_limits,
                )
                if source.assets == "serve":
                    public = self.settings.masthead.public_url
                    self._indexes[source.name].serve_assets(f"{public}/assets/{source.name}")
            return self._indexes[source.name]

    def followers(self) -> tuple[Follower, ...]:
        """Return a follower of each source."""
        return tuple(
            Follower(
                source,
                poll_seconds=self.settings.poll_seconds[source.name],
                open_index=partial(self.index, source),
            )
            for source in self.settings.sources
        )

    def edition(self, *, rev: str = "", at: datetime | None = None) -> Edition:
        """Return the edition of now, or what it would be with ``rev`` and ``at`` the time ``at``.

        A source that does not know ``rev`` stays at its own branch; raises `RepositoryError` if
        none knows it.
        """
        seen = [follower.look() for follower in self.followers()]
        if rev:
            seen = self._moved(seen, rev)
        return self.put_together(seen, at=at)

    def put_together(
        self,
        seen: Sequence[Part | Unread],
        before: Edition | None = None,
        *,
        at: datetime | None = None,
    ) -> Edition:
        """Return the edition of ``seen``, sooner if it differs little from the one ``before``."""
        parts = [one for one in seen if isinstance(one, Part)]
        unread = [one for one in seen if isinstance(one, Unread)]
        at = at or self.clock()
        if before is not None:
            return before.next(parts, at=at, unread=unread)
        return Edition.of(
            parts,
            unread=unread,
            at=at,
            vocabulary=self.settings.vocabulary,
            named=self.settings.feeds,
        )

    def items(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` of ``edition`` as items."""
        return self._items.make(posts, edition)

    def begin(self, posts: Sequence[Post], edition: Edition) -> RenderBatch:
        """Begin to render ``posts`` of ``edition``; see `Items.begin`."""
        return self._items.begin(posts, edition)

    def finish(self, batch: RenderBatch) -> RenderedPosts:
        """Return the posts of ``batch`` as far as they are rendered; see `Items.finish`."""
        return self._items.finish(batch)

    def prepare(self, edition: Edition) -> None:
        """Make the items and look up the feeds of ``edition`` that readers are going to ask for.

        Those of the edition before are still served meanwhile, so none of them waits.
        """
        # With tens of thousands of categories this takes half a second of the event loop's time.
        _ = edition.feeds, edition.category_slugs
        self._items.renew(edition)

    def proofs(
        self, posts: Sequence[Post], edition: Edition
    ) -> Iterator[tuple[Manuscript, Rendered]]:
        """Yield ``posts`` of one source of ``edition`` as written and as rendered."""
        return self._items.proofs(posts, edition)

    def asset(
        self, source: str, path: str, edition: Edition, *, with_content: bool = True
    ) -> Asset:
        """Return the file at ``path`` as ``edition`` has it; `UnknownName` if none may be had.

        Raises `RepositoryError` where git cannot read it.
        """
        part = edition.part(source)
        index = self.index(part.source)
        blob = index.asset(Path(path), part.commit)
        content = b""
        if blob is not None and with_content:
            content = self._asset_content(index, blob, path)
        if blob is None:
            raise _unknown_asset(source, path)
        return Asset(blob=blob, content=content, committed=part.committed)

    def _asset_content(self, index: SourceIndex, blob: BlobId, path: str) -> bytes:
        """Return what ``blob`` holds; those asked for lately are in memory."""
        with self._lock:
            known = self._asset_contents.get(blob)
        if known is not None:
            return known
        max_bytes = self.settings.asset_bytes
        ((_, content),) = index.repository.read_blobs([blob], max_bytes=max_bytes)
        if isinstance(content, bytes):
            with self._lock:
                self._asset_contents.put(blob, content, len(content))
            return content
        if content.reason == "too-large":
            raise _unknown_asset(index.source.name, path)
        raise RepositoryError(
            f"source {index.source.name}: git cannot read {path}: object {blob} is"
            " missing or corrupt",
            hint="Run `git fsck` in the repository and restore the object from another clone.",
            code="missing-object",
        )

    def past(
        self, told: Sequence[tuple[LedgerRow, Post]], edition: Edition
    ) -> Mapping[PostId, Item]:
        """Return those posts of ``edition`` as they were told of which the files still exist."""
        return self._items.past(told, edition)

    def tidy(self, edition: Edition) -> None:
        """Forget what is in the cache and ``edition`` is not made of; raises `RepositoryError`.

        While a source cannot be read nobody knows what it is made of: then all is kept.
        """
        if edition.unread:
            return
        indexes = [self.index(part.source) for part in edition.parts]
        self._cache.keep(reading.SHELF, {key for one in indexes for key in one.reading_keys()})
        self._cache.keep(memory.SHELF, {one.memory_key for one in indexes})
        self._items.forget_all_but(edition)

    def remember(self) -> None:
        """Write down what is known of the sources, so that the next start goes on from there."""
        for index in tuple(self._indexes.values()):
            index.remember()

    def stop_rendering(self) -> None:
        """Give up what waits to be rendered, but in a workroom that others share.

        Whoever waits for it gets an error.
        """
        if self._owns_workroom:
            self._workroom.close()

    def close(self) -> None:
        """End every process, close every file."""
        self.stop_rendering()
        for index in self._indexes.values():
            index.repository.close()
        self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _moved(self, seen: Sequence[Part | Unread], rev: str) -> list[Part | Unread]:
        moved: list[Part | Unread] = []
        refusals: list[RepositoryError] = []
        for one in seen:
            try:
                index = self.index(one.source)
                moved.append(index.part(index.repository.resolve(rev)))
            except RepositoryError as error:
                refusals.append(error)
                moved.append(one)
        if len(refusals) == len(seen) and refusals:
            raise refusals[0]
        return moved
