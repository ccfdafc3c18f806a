"""Renders the posts of an edition in the process pool, with caches in memory and on disk."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from syndicate.cache import Cache
from syndicate.content.link_targets import LinkTargets
from syndicate.content.render_input import RenderInput, RenderResults, build_rendered_post
from syndicate.content.render_jobs import LastRenderings, RenderJob, RenderJobs
from syndicate.content.site_references import SiteReferences
from syndicate.content.source_index import SourceIndex
from syndicate.errors import RepositoryError
from syndicate.model.edition import Edition, SourceSnapshot
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import Post, PostId, RenderedPost, RenderedPosts, SafeHtml
from syndicate.render.messages import RenderResult
from syndicate.render.pool.process_pool import RenderPool

_MAX_CACHED_POSTS: Final = 500
"""Rendered posts in memory, of 20 kB each; enough for several feeds."""

_PRERENDERED_POSTS: Final = 50
"""Newest posts that are rendered before they are requested: one page of a feed."""

_BATCH_SIZE: Final = 100
"""Posts in memory at the same time when all posts of a source are processed."""


@dataclass(frozen=True, slots=True)
class _CachedPost:
    """A rendered post in memory, valid while its links and assets have the same URLs."""

    rendered: RenderedPost
    link_names: tuple[str, ...]
    link_urls: tuple[tuple[str, str], ...]
    asset_names: tuple[str, ...]
    asset_urls: tuple[tuple[str, str], ...]
    references: SiteReferences | None
    """The files of the site that the body may depend on, None if it depends on none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderBatch:
    """Posts of an edition: those already ``rendered``, and the ``jobs`` that render the others."""

    posts: tuple[Post, ...]
    edition: Edition
    rendered: Mapping[PostId, RenderedPost]
    jobs: tuple[RenderJob, ...]


class PostRenderer:
    """Renders posts; safe to use from several threads."""

    def __init__(
        self,
        indexes: Mapping[str, SourceIndex],
        *,
        cache: Cache,
        pool: RenderPool,
        is_public: bool = False,
        max_cached_posts: int = _MAX_CACHED_POSTS,
    ) -> None:
        """Render in ``pool`` what is not in ``cache``.

        With ``is_public``, readers see every edition: the last rendering of each post is then
        stored, to be served while a newer one is made.
        """
        self._indexes = indexes
        self._jobs = RenderJobs(cache, pool)
        self._last_renderings = LastRenderings(cache, self._jobs) if is_public else None
        self._max_cached_posts = max_cached_posts
        # Not cachetools.LRUCache: `prerender` needs the order of use, which it does not expose.
        self._cached_posts: OrderedDict[PostId, _CachedPost] = OrderedDict()
        self._lock = Lock()
        self._targets_by_source: dict[str, LinkTargets] = {}
        """The latest link targets of each source, from which the next ones are derived."""

    def render(self, posts: Sequence[Post], edition: Edition) -> tuple[RenderedPost, ...]:
        """Return ``posts`` rendered, in the same order; raises `RepositoryError`."""
        batch = self.start(posts, edition)
        for job in batch.jobs:
            job.future.result()
        return self.finish(batch).items

    def start(self, posts: Sequence[Post], edition: Edition) -> RenderBatch:
        """Start to render those of ``posts`` that are not in memory; raises `RepositoryError`."""
        targets = {
            name: self._link_targets(edition.snapshot(name))
            for name in {post.source for post in posts}
        }
        cached = {post.id: self._cached(post, edition, targets[post.source]) for post in posts}
        missing = [post for post in posts if cached[post.id] is None]
        inputs = (
            render_input
            for name in {post.source for post in missing}
            for render_input in self._indexes[name].render_inputs(
                [post for post in missing if post.source == name], targets[name]
            )
        )
        return RenderBatch(
            posts=tuple(posts),
            edition=edition,
            rendered={post_id: post for post_id, post in cached.items() if post is not None},
            jobs=tuple(self._jobs.start(inputs)),
        )

    def finish(self, batch: RenderBatch) -> RenderedPosts:
        """Return the posts of ``batch`` as far as they are rendered by now.

        Of the others, return the last rendering if there is one, else title and summary only.
        Raises `SyndicateError` if rendering failed.
        """
        rendered = dict(batch.rendered)
        late: dict[PostId, RenderInput] = {}
        fresh: dict[str, RenderedPost] = {}
        for job in batch.jobs:
            render_input = job.render_input
            if not job.future.done():
                late[render_input.post.id] = render_input
                continue
            post = build_rendered_post(
                render_input, job.future.result(), batch.edition.translations(render_input.post)
            )
            rendered[post.post.id] = fresh[job.digest] = post
            self._store(post, render_input)
        if self._last_renderings is not None:
            self._last_renderings.put(fresh)
        outdated = self._last_rendered(late)
        unrendered = {
            post_id: _unrendered_post(render_input)
            for post_id, render_input in late.items()
            if post_id not in outdated
        }
        rendered |= outdated | unrendered
        items = (rendered[post.id] for post in batch.posts if post.id in rendered)
        return RenderedPosts(
            items=tuple(self._with_sizes(items, batch.edition)),
            outdated=frozenset(outdated),
            unrendered=frozenset(unrendered),
        )

    def _last_rendered(self, late: Mapping[PostId, RenderInput]) -> dict[PostId, RenderedPost]:
        """Return the last renderings of those ``late`` posts that have one."""
        with self._lock:
            found = {
                post_id: self._cached_posts[post_id].rendered
                for post_id in late
                if post_id in self._cached_posts
            }
        if self._last_renderings is not None and len(found) < len(late):
            others = [
                render_input.post for post_id, render_input in late.items() if post_id not in found
            ]
            found |= self._last_renderings.get(others)
        return found

    def prerender(self, edition: Edition) -> None:
        """Compute what is requested first of ``edition``: its feeds, newest and cached posts.

        The previous edition is still served meanwhile, so no request waits. No post is rendered
        until one has been requested. Raises `RepositoryError`.
        """
        # With tens of thousands of categories this takes half a second of the event loop's time.
        _ = edition.feeds, edition.category_slugs
        with self._lock:
            cached = {
                post_id: cached.rendered.post for post_id, cached in self._cached_posts.items()
            }
        if cached:
            newest = [post for post in edition.posts[:_PRERENDERED_POSTS] if post.id not in cached]
            found = [edition.find_post(post_id) for post_id in reversed(cached)]
            others = [post for post in found if post and post is not cached[post.id]]
            self.render([*newest, *others], edition)

    def render_for_checks(
        self, posts: Sequence[Post], edition: Edition
    ) -> Iterator[tuple[RenderInput, RenderResults]]:
        """Yield the input and the results of ``posts`` of one source, in batches."""
        for start in range(0, len(posts), _BATCH_SIZE):
            batch = posts[start : start + _BATCH_SIZE]
            source = batch[0].source
            targets = self._link_targets(edition.snapshot(source))
            yield from self._render_all(self._indexes[source].render_inputs(batch, targets))

    def read_texts(self, posts: Sequence[Post], edition: Edition) -> Iterator[tuple[PostId, str]]:
        """Yield summary and body of each readable one of ``posts``, with their markup.

        Raises `RepositoryError`.
        """
        for name in {post.source for post in posts}:
            targets = self._link_targets(edition.snapshot(name))
            chosen = [post for post in posts if post.source == name]
            for render_input in self._indexes[name].render_inputs(chosen, targets):
                body, summary, _ = render_input.requests
                yield render_input.post.id, f"{summary.body}\n\n{body.body}"

    def prune_cache(self, edition: Edition) -> None:
        """Delete cached results that no post of ``edition`` needs.

        Reads the files of all posts, in batches. Raises `RepositoryError`.
        """
        used = set(self._used_digests(edition))
        if self._last_renderings is not None:
            used |= set(self._last_renderings.digests(edition.posts))
            self._last_renderings.retain_only(edition.posts)
        self._jobs.retain_only(used)

    def _used_digests(self, edition: Edition) -> Iterator[str]:
        """Yield the cache keys of the results of all posts of ``edition``."""
        for snapshot in edition.snapshots:
            targets = LinkTargets(posts=snapshot.posts)
            for start in range(0, len(snapshot.posts), _BATCH_SIZE):
                batch = snapshot.posts[start : start + _BATCH_SIZE]
                index = self._indexes[snapshot.source.name]
                inputs = index.render_inputs(batch, targets)
                digests = [render_input.digest for render_input in inputs]
                if len(digests) < len(batch):
                    raise RepositoryError(
                        f"{snapshot.source.name}: {len(batch) - len(digests)} posts cannot be read",
                        hint="Run `git fsck` to find damaged objects; the log names their files.",
                        code="damaged-object",
                    )
                yield from digests

    def render_as_announced(
        self, announced: Sequence[tuple[LedgerRow, Post]], edition: Edition
    ) -> Mapping[PostId, RenderedPost]:
        """Return live posts of ``edition`` as they were announced, with today's renderer.

        Posts are left out if git no longer has the previous file or the file is no post today.
        Raises `RepositoryError`.
        """
        inputs = (
            render_input
            for name in {post.source for _, post in announced}
            for render_input in self._indexes[name].render_inputs_as_announced(
                [pair for pair in announced if pair[1].source == name],
                self._link_targets(edition.snapshot(name)),
            )
        )
        rendered = [
            build_rendered_post(render_input, results, edition.translations(render_input.post))
            for render_input, results in self._render_all(inputs)
        ]
        return {each.post.id: each for each in self._with_sizes(rendered, edition)}

    def _with_sizes(
        self, rendered: Iterable[RenderedPost], edition: Edition
    ) -> Iterator[RenderedPost]:
        """Yield the posts with the sizes that their files have in ``edition``.

        Sizes are not stored with a rendering: a file may change without the post that shows it.
        """
        commits = {snapshot.source.name: snapshot.commit for snapshot in edition.snapshots}
        for post in rendered:
            name = post.post.source
            yield self._indexes[name].media_files(commits[name]).with_sizes(post)

    def _link_targets(self, snapshot: SourceSnapshot) -> LinkTargets:
        targets = self._targets_by_source.get(snapshot.source.name, LinkTargets(posts=()))
        targets = self._targets_by_source[snapshot.source.name] = targets.updated(snapshot.posts)
        return targets

    def _cached(self, post: Post, edition: Edition, targets: LinkTargets) -> RenderedPost | None:
        with self._lock:
            cached = self._cached_posts.get(post.id)
            if cached is None or cached.rendered.post != post:
                return None
            self._cached_posts.move_to_end(post.id)
        if cached.link_names and targets.resolve(post, cached.link_names) != cached.link_urls:
            return None
        index = self._indexes[post.source]
        if cached.references not in (None, index.references):
            return None
        if index.assets.resolve(post, cached.asset_names) != cached.asset_urls:
            return None
        is_current = cached.rendered.translations == edition.translations(post)
        return cached.rendered if is_current else None

    def _store(self, rendered: RenderedPost, render_input: RenderInput) -> None:
        cached = _CachedPost(
            rendered,
            link_names=render_input.link_names,
            link_urls=render_input.link_urls,
            asset_names=render_input.asset_names,
            asset_urls=render_input.asset_urls,
            references=(
                self._indexes[rendered.post.source].references if render_input.uses_site else None
            ),
        )
        with self._lock:
            self._cached_posts[rendered.post.id] = cached
            self._cached_posts.move_to_end(rendered.post.id)
            if len(self._cached_posts) > self._max_cached_posts:
                self._cached_posts.popitem(last=False)

    def _render_all(self, inputs: Iterable[RenderInput]) -> list[tuple[RenderInput, RenderResults]]:
        """Render ``inputs`` and wait; return each input with its results."""
        jobs = self._jobs.start(inputs)
        return [(job.render_input, job.future.result()) for job in jobs]


def _unrendered_post(render_input: RenderInput) -> RenderedPost:
    """Return the post with the title and summary of its front matter only."""
    empty = RenderResult(content=SafeHtml(""), text="", image=None, diagnostics=())
    summary = replace(empty, text=render_input.fields.summary)
    rendered = build_rendered_post(render_input, (empty, summary, empty))
    return replace(rendered, image=None, card=None)
