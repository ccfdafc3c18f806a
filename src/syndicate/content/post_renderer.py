"""Items for readers: rendered in processes that can be ended, remembered in memory and on disk."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from syndicate.cache import Cache
from syndicate.content.last_renderings import LastRenderings
from syndicate.content.link_targets import LinkTargets
from syndicate.content.render_input import RenderInput, RenderResults, build_rendered_post
from syndicate.content.render_jobs import RenderJob, RenderJobs
from syndicate.content.source_index import SourceIndex
from syndicate.errors import RepositoryError
from syndicate.model.edition import Edition, SourceSnapshot
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import Post, PostId, RenderedPost, RenderedPosts, SafeHtml
from syndicate.render.messages import RenderResult
from syndicate.render.pool.process_pool import RenderPool

_MAX_CACHED_POSTS: Final = 500
"""Items in memory: some feeds full, at 20 kB each."""

_PRERENDERED_POSTS: Final = 50
"""Posts that are likely to be looked at as soon as they are there: a page."""

_BATCH_SIZE: Final = 100
"""Posts that are rendered together where all of them are looked at."""


@dataclass(frozen=True, slots=True)
class _CachedPost:
    """An item in memory, good as long as its links and translations lead where they led."""

    rendered: RenderedPost
    link_names: tuple[str, ...]
    targets: tuple[tuple[str, str], ...]
    asset_names: tuple[str, ...]
    assets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderBatch:
    """Posts of an edition whose ``items`` are known, and the ``jobs`` that render the others."""

    posts: tuple[Post, ...]
    edition: Edition
    rendered: Mapping[PostId, RenderedPost]
    jobs: tuple[RenderJob, ...]


class PostRenderer:
    """Makes items of posts; safe to use from several threads."""

    def __init__(
        self,
        indexes: Mapping[str, SourceIndex],
        *,
        cache: Cache,
        pool: RenderPool,
        is_public: bool = False,
    ) -> None:
        """Render in ``workroom`` what is not in ``cache``.

        ``is_public`` says that every edition is one that readers see: then the last rendering of
        each post is recorded, to be served while the next one is made.
        """
        self._indexes = indexes
        self._jobs = RenderJobs(cache, pool)
        self._last_renderings = LastRenderings(cache, self._jobs) if is_public else None
        self._cached_posts: OrderedDict[PostId, _CachedPost] = OrderedDict()
        self._lock = Lock()
        self._targets_by_source: dict[str, LinkTargets] = {}
        """The last targets of a source, of which the next ones are made."""

    def render(self, posts: Sequence[Post], edition: Edition) -> tuple[RenderedPost, ...]:
        """Return ``posts`` as items, in their order; raises `RepositoryError`."""
        batch = self.start(posts, edition)
        for job in batch.jobs:
            job.future.result()
        return self.finish(batch).items

    def start(self, posts: Sequence[Post], edition: Edition) -> RenderBatch:
        """Begin to render those of ``posts`` that are not known; raises `RepositoryError`."""
        targets = {
            name: self._link_targets(edition.snapshot(name)) for name in {p.source for p in posts}
        }
        cached = {post.id: self._cached(post, edition, targets[post.source]) for post in posts}
        missing = [post for post in posts if cached[post.id] is None]
        inputs = (
            manuscript
            for name in {post.source for post in missing}
            for manuscript in self._indexes[name].render_inputs(
                [post for post in missing if post.source == name], targets[name]
            )
        )
        return RenderBatch(
            posts=tuple(posts),
            edition=edition,
            rendered={post: item for post, item in cached.items() if item is not None},
            jobs=tuple(self._jobs.start(inputs)),
        )

    def finish(self, batch: RenderBatch) -> RenderedPosts:
        """Return the posts of ``batch`` with what is rendered by now.

        Of others, the last rendering, if it is still known; else title and summary alone. Raises
        `SyndicateError` if rendering failed.
        """
        rendered = dict(batch.rendered)
        late: dict[PostId, RenderInput] = {}
        fresh: dict[str, RenderedPost] = {}
        for job in batch.jobs:
            render_input = job.render_input
            if not job.future.done():
                late[render_input.post.id] = render_input
                continue
            made = build_rendered_post(
                render_input, job.future.result(), batch.edition.translations(render_input.post)
            )
            rendered[render_input.post.id] = fresh[job.digest] = made
            self._store(
                _CachedPost(
                    made,
                    render_input.link_names,
                    render_input.link_urls,
                    render_input.asset_names,
                    render_input.asset_urls,
                )
            )
        if self._last_renderings is not None:
            self._last_renderings.put(fresh)
        outdated = self._last_rendered(late)
        unrendered = {
            post: _unrendered_post(render_input)
            for post, render_input in late.items()
            if post not in outdated
        }
        rendered |= outdated | unrendered
        return RenderedPosts(
            items=tuple(rendered[post.id] for post in batch.posts if post.id in rendered),
            outdated=frozenset(outdated),
            unrendered=frozenset(unrendered),
        )

    def _last_rendered(self, late: Mapping[PostId, RenderInput]) -> dict[PostId, RenderedPost]:
        """Return the last renderings of ``late`` posts, of those that have one."""
        with self._lock:
            found = {
                post: self._cached_posts[post].rendered
                for post in late
                if post in self._cached_posts
            }
        if self._last_renderings is not None and len(found) < len(late):
            others = [one.post for post, one in late.items() if post not in found]
            found |= self._last_renderings.get(others)
        return found

    def prerender(self, edition: Edition) -> None:
        """Make again what is in memory and is another post in ``edition``, and what is newest.

        Nothing while nobody has looked at any post. Raises `RepositoryError`.
        """
        with self._lock:
            cached = {post: one.rendered.post for post, one in self._cached_posts.items()}
        if cached:
            newest = [post for post in edition.posts[:_PRERENDERED_POSTS] if post.id not in cached]
            found = [edition.find_post(post) for post in reversed(cached)]
            others = [post for post in found if post and post is not cached[post.id]]
            self.render([*newest, *others], edition)

    def render_for_checks(
        self, posts: Sequence[Post], edition: Edition
    ) -> Iterator[tuple[RenderInput, RenderResults]]:
        """Yield ``posts`` of one source as written and as rendered, few in memory at a time."""
        for start in range(0, len(posts), _BATCH_SIZE):
            batch = posts[start : start + _BATCH_SIZE]
            source = batch[0].source
            targets = self._link_targets(edition.snapshot(source))
            yield from self._render_all(self._indexes[source].render_inputs(batch, targets))

    def prune_cache(self, edition: Edition) -> None:
        """Remove from the cache what no post of ``edition`` needs.

        Every file is opened for that, few at a time. Raises `RepositoryError`.
        """
        used = set(self._used_digests(edition))
        if self._last_renderings is not None:
            used |= set(self._last_renderings.digests(edition.posts))
            self._last_renderings.retain_only(edition.posts)
        self._jobs.retain_only(used)

    def _used_digests(self, edition: Edition) -> Iterator[str]:
        """Yield the keys by which the cache knows the renderings of ``edition``."""
        for part in edition.snapshots:
            targets = LinkTargets(posts=part.posts)
            for start in range(0, len(part.posts), _BATCH_SIZE):
                batch = part.posts[start : start + _BATCH_SIZE]
                index = self._indexes[part.source.name]
                digests = [one.digest for one in index.render_inputs(batch, targets)]
                if len(digests) < len(batch):
                    raise RepositoryError(
                        f"{part.source.name}: {len(batch) - len(digests)} posts cannot be read",
                        hint="`git fsck` names damaged objects; the log names their files.",
                        code="damaged-object",
                    )
                yield from digests

    def render_as_announced(
        self, announced: Sequence[tuple[LedgerRow, Post]], edition: Edition
    ) -> Mapping[PostId, RenderedPost]:
        """Return live posts of ``edition`` as they were told, made as items are made today.

        Those whose former file git has lost, or that nobody can read today, are left out. Raises
        `RepositoryError`.
        """
        inputs = (
            manuscript
            for name in {post.source for _, post in announced}
            for manuscript in self._indexes[name].render_inputs_as_announced(
                [pair for pair in announced if pair[1].source == name],
                self._link_targets(edition.snapshot(name)),
            )
        )
        return {
            one.post.id: build_rendered_post(one, rendered, edition.translations(one.post))
            for one, rendered in self._render_all(inputs)
        }

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
        if cached.link_names and targets.resolve(post, cached.link_names) != cached.targets:
            return None
        if self._indexes[post.source].assets.resolve(post, cached.asset_names) != cached.assets:
            return None
        return (
            cached.rendered if cached.rendered.translations == edition.translations(post) else None
        )

    def _store(self, cached: _CachedPost) -> None:
        with self._lock:
            self._cached_posts[cached.rendered.post.id] = cached
            self._cached_posts.move_to_end(cached.rendered.post.id)
            if len(self._cached_posts) > _MAX_CACHED_POSTS:
                self._cached_posts.popitem(last=False)

    def _render_all(self, inputs: Iterable[RenderInput]) -> list[tuple[RenderInput, RenderResults]]:
        """Return ``manuscripts`` and what was made of them."""
        jobs = self._jobs.start(inputs)
        return [(job.render_input, job.future.result()) for job in jobs]


def _unrendered_post(render_input: RenderInput) -> RenderedPost:
    """Return title and summary of a post, as far as its front matter has them."""
    empty = RenderResult(content=SafeHtml(""), text="", image=None, diagnostics=())
    summary = replace(empty, text=render_input.fields.summary)
    rendered = build_rendered_post(render_input, (empty, summary, empty))
    return replace(rendered, image=None, card=None)
