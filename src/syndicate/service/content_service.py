"""Builds editions and renders posts: repositories, indexes, cache and renderer of the settings."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path as FilePath
from typing import Final, Self

from syndicate.cache import Cache
from syndicate.content.held_commits import AcceptedRemovals
from syndicate.content.post_renderer import PostRenderer, RenderBatch
from syndicate.content.post_search import PostSearch
from syndicate.content.render_input import RenderInput, RenderResults
from syndicate.content.site_source import SiteSource
from syndicate.content.source_index import SourceIndex
from syndicate.content.withdrawn_posts import WithdrawnPosts
from syndicate.errors import RepositoryError, UnknownName
from syndicate.feeds.lru_cache import SizedLruCache
from syndicate.git import Repository, SignatureVerifier, VerifiedCommits
from syndicate.model.asset import Asset
from syndicate.model.edition import Edition, SourceSnapshot, UnavailableSource
from syndicate.model.post import BlobId, Path, Post, RenderedPost, RenderedPosts, Source
from syndicate.private_files import StateFile, restrict_permissions
from syndicate.publisher.source_watcher import EditionBuilder, SourceReader
from syndicate.render.pool.process_pool import RenderPool
from syndicate.search_index import SearchIndex
from syndicate.settings import Settings

_ASSET_CACHE_BYTES: Final = 32_000_000
"""Bytes of files below ``/assets`` that are cached in memory."""


current_time: Final = partial(datetime.now, UTC)
"""Returns the time, in UTC."""


def _restrict_permissions(settings: Settings) -> None:
    """Make private what earlier versions wrote into the data folder with wider permissions.

    The data folder may be the folder of the settings file, whose permissions are left alone.
    """
    data = settings.data_folder
    if data not in settings.file.absolute().parents:
        with suppress(OSError):
            data.chmod(0o700)
        restrict_permissions(data / ".gitignore")
    states = ("accepted.json", "database.json", "verified.json", "withdrawn.json")
    for name in ("cache", "mirrors", *states):
        restrict_permissions(data / name)


def _unknown_asset(source: str, path: str) -> UnknownName:
    return UnknownName(f"no file is served at {path} of {source}", code="unknown-file")


class ContentService:
    """Builds editions of the sources and renders their posts; can be used from several threads.

    A context manager: leaving it ends every process it started.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = current_time,
        is_public: bool = False,
        render_pool: RenderPool | None = None,
    ) -> None:
        """Read the sources of ``settings``.

        ``is_public`` says that readers see every edition (see `PostRenderer`), and that verified
        commits are recorded. A ``render_pool`` that is given is not closed with this object.
        """
        _restrict_permissions(settings)
        self.settings = settings
        self._is_public = is_public
        self.clock = clock
        self._cache = Cache(settings.data_folder / "cache" / "syndicate.db")
        self.accepted_removals = AcceptedRemovals(StateFile(settings.data_folder / "accepted.json"))
        self.withdrawn_posts = WithdrawnPosts(
            StateFile(settings.data_folder / "withdrawn.json"), clock
        )
        verified_file = StateFile(settings.data_folder / "verified.json")
        self._verified = VerifiedCommits(verified_file, clock, is_recorder=is_public)
        self._owns_render_pool = render_pool is None
        self.editions: Final = EditionBuilder(
            vocabulary=settings.vocabulary,
            named_feeds=settings.feeds,
            clock=clock,
            withdrawn_posts=self.withdrawn_posts,
        )
        self._render_pool = render_pool or RenderPool(processes=settings.service.workers)
        self._indexes: dict[str, SourceIndex] = {}
        self._index_lock = threading.Lock()
        self._asset_cache = SizedLruCache[BlobId, bytes](_ASSET_CACHE_BYTES, getsizeof=len)
        self._asset_lock = threading.Lock()
        self.renderer: Final = PostRenderer(
            self._indexes, cache=self._cache, pool=self._render_pool, is_public=is_public
        )

    @property
    def render_pool(self) -> RenderPool:
        """The processes that render, for another service that shares them."""
        return self._render_pool

    def post_search(self) -> PostSearch:
        """Return a search of posts, whose index is empty until it is updated."""
        folder = self.settings.data_folder / "cache"
        return PostSearch(SearchIndex(folder), self.renderer.read_texts)

    def start_renderer(self) -> None:
        """Start the render process now rather than with the first post."""
        self._render_pool.start()

    def index(self, source: Source) -> SourceIndex:
        """Return the index of ``source``; raises `RepositoryError` if it cannot be opened."""
        with self._index_lock:
            if source.name not in self._indexes:
                public_url = self.settings.service_info.public_url
                self._indexes[source.name] = SourceIndex(
                    source,
                    Repository.open(
                        source.repository,
                        ref=source.ref,
                        mirrors=self.settings.data_folder / "mirrors",
                        source_name=source.name,
                        verifier=_make_verifier(source, self._verified),
                    ),
                    cache=self._cache,
                    vocabulary=self.settings.vocabulary,
                    accepted=partial(self.accepted_removals.commits, source.name),
                    limits=self.settings.content_limits,
                    assets_url=(
                        f"{public_url}/assets/{source.name}" if source.assets == "serve" else ""
                    ),
                    public_url=public_url,
                )

            return self._indexes[source.name]

    def signature_error(self, source: Source) -> str:
        """Return why the newest commit of ``source`` is not served; empty if it may be."""
        verifier = self.index(source).repository.verifier
        return verifier.error.message if verifier and verifier.error else ""

    def describe(self, source: Source) -> SiteSource:
        """Return ``source`` with what its site's own configuration says.

        Raises `RepositoryError`.
        """
        index = self.index(source)
        index.repository.fetch()
        index.snapshot(index.repository.head())
        return index.site_source

    def source_readers(self) -> tuple[SourceReader, ...]:
        """Return a reader of each source."""
        return tuple(
            SourceReader(
                source,
                poll_seconds=self.settings.poll_seconds[source.name],
                previews=self.settings.previews[source.name],
                open_index=partial(self.index, source),
                withdrawn_posts=self.withdrawn_posts if self._is_public else None,
            )
            for source in self.settings.sources
        )

    def edition(self, *, rev: str = "", at: datetime | None = None) -> Edition:
        """Read all sources and return their edition, of ``rev`` and at time ``at`` if given.

        A source that does not have ``rev`` stays at its own ref; raises `RepositoryError` if no
        source has it.
        """
        snapshots = [follower.poll() for follower in self.source_readers()]
        if rev:
            snapshots = self._at_revision(snapshots, rev)
        return self.build_edition(snapshots, at=at)

    def build_edition(
        self,
        snapshots: Sequence[SourceSnapshot | UnavailableSource],
        previous: Edition | None = None,
        *,
        at: datetime | None = None,
    ) -> Edition:
        """Build an edition of ``snapshots``, faster if it differs little from ``previous``."""
        return self.editions.build(snapshots, previous, at=at)

    def render_posts(self, posts: Sequence[Post], edition: Edition) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` rendered, in their order."""
        return self.renderer.render(posts, edition)

    def begin_rendering(self, posts: Sequence[Post], edition: Edition) -> RenderBatch:
        """Begin to render ``posts`` of ``edition``; see `PostRenderer.begin`."""
        return self.renderer.start(posts, edition)

    def finish_rendering(self, batch: RenderBatch) -> RenderedPosts:
        """Return the posts of ``batch`` as far as they are rendered; see `PostRenderer.finish`."""
        return self.renderer.finish(batch)

    def render_for_check(
        self, posts: Sequence[Post], edition: Edition
    ) -> Iterator[tuple[RenderInput, RenderResults]]:
        """Yield the render input and the result for ``posts`` of one source of ``edition``."""
        return self.renderer.render_for_checks(posts, edition)

    def asset(
        self, source: str, path: str, edition: Edition, *, with_content: bool = True
    ) -> Asset:
        """Return the file at ``path`` of ``edition``; raises `UnknownName` if it is not served.

        Raises `RepositoryError` if git cannot read it.
        """
        snapshot = edition.snapshot(source)
        index = self.index(snapshot.source)
        blob = index.find_asset(Path(path), snapshot.commit)
        content = b""
        if blob is not None and with_content:
            content = self._asset_content(index, blob, path)
        if blob is None:
            raise _unknown_asset(source, path)
        return Asset(blob=blob, content=content, committed=snapshot.committed)

    def _asset_content(self, index: SourceIndex, blob: BlobId, path: str) -> bytes:
        """Return the content of ``blob``, from memory if it was requested lately."""
        with self._asset_lock:
            cached = self._asset_cache.get(blob)
        if cached is not None:
            return cached
        max_bytes = self.settings.asset_bytes
        ((_, content),) = index.repository.read_blobs([blob], max_bytes=max_bytes)
        if isinstance(content, bytes):
            with self._asset_lock:
                self._asset_cache[blob] = content
            return content
        if content.reason == "too-large":
            raise _unknown_asset(index.source.name, path)
        raise RepositoryError(
            f"source {index.source.name}: git cannot read {path}: object {blob} is"
            " missing or corrupt",
            hint="Run `git fsck` in the repository and restore the object from another clone.",
            code="missing-object",
        )

    def prune_cache(self, edition: Edition) -> None:
        """Delete from the cache what the next start does not read; raises `RepositoryError`.

        Nothing is deleted while a source cannot be read: its files are not known.
        """
        if edition.unavailable:
            return
        used: defaultdict[str, set[str]] = defaultdict(set)
        for part in edition.snapshots:
            for namespace, keys in self.index(part.source).cache_keys().items():
                used[namespace].update(keys)
        for namespace, all_keys in used.items():
            self._cache.retain_only(namespace, all_keys)
        self.renderer.prune_cache(edition)

    def save_indexes(self) -> None:
        """Save the indexes of the sources, from which the next start continues."""
        for index in tuple(self._indexes.values()):
            index.save()

    def stop_fetching(self) -> None:
        """Stop the fetches in progress, and every later one: a remote may not respond."""
        for index in tuple(self._indexes.values()):
            if index.repository.mirror is not None:
                index.repository.mirror.fetches.stop()

    def stop_rendering(self) -> None:
        """Cancel queued rendering, unless the render pool is shared.

        Callers that wait for it get an error.
        """
        if self._owns_render_pool:
            self._render_pool.close()

    def close(self) -> None:
        """End every process, close every file."""
        self.stop_rendering()
        for index in self._indexes.values():
            index.repository.close()
        self._indexes.clear()  # their memory is not needed while a successor serves
        self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _at_revision(
        self, snapshots: Sequence[SourceSnapshot | UnavailableSource], rev: str
    ) -> list[SourceSnapshot | UnavailableSource]:
        resolved: list[SourceSnapshot | UnavailableSource] = []
        errors: list[RepositoryError] = []
        for snapshot in snapshots:
            try:
                index = self.index(snapshot.source)
                resolved.append(index.snapshot(index.repository.resolve(rev)))
            except RepositoryError as error:
                errors.append(error)
                resolved.append(snapshot)
        if len(errors) == len(snapshots) and errors:
            raise errors[0]
        return resolved


def _make_verifier(source: Source, verified: VerifiedCommits) -> SignatureVerifier | None:
    """Return what verifies the commits of ``source``; None if they need no signature."""
    if not source.signers:
        return None
    return SignatureVerifier(FilePath(source.signers), source.name, verified)
