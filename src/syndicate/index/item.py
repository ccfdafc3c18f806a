"""Items for readers: rendered in processes that can be ended, remembered in memory and on disk."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from syndicate.cache import Cache
from syndicate.errors import RepositoryError
from syndicate.index.last_renderings import LastRenderings
from syndicate.index.manuscript import Manuscript, Rendered, item
from syndicate.index.part import SourceIndex
from syndicate.index.render_jobs import RenderJob, RenderJobs
from syndicate.index.target import Targets
from syndicate.model.edition import Edition, Part
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import Item, Post, PostId, RenderedPosts, SafeHtml
from syndicate.render.job import Rendering
from syndicate.render.workroom import Workroom

_KEPT: Final = 500
"""Items in memory: some feeds full, at 20 kB each."""

_NEWEST: Final = 50
"""Posts that are likely to be looked at as soon as they are there: a page."""

_AT_ONCE: Final = 100
"""Posts that are rendered together where all of them are looked at."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """An item in memory, good as long as its links and translations lead where they led."""

    item: Item
    names: tuple[str, ...]
    targets: tuple[tuple[str, str], ...]
    shown: tuple[str, ...]
    assets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderBatch:
    """Posts of an edition whose ``items`` are known, and the ``jobs`` that render the others."""

    posts: tuple[Post, ...]
    edition: Edition
    items: Mapping[PostId, Item]
    jobs: tuple[RenderJob, ...]


class Items:
    """Makes items of posts; safe to use from several threads."""

    def __init__(
        self,
        indexes: Mapping[str, SourceIndex],
        *,
        cache: Cache,
        workroom: Workroom,
        is_public: bool = False,
    ) -> None:
        """Render in ``workroom`` what is not in ``cache``.

        ``is_public`` says that every edition is one that readers see: then the last rendering of
        each post is recorded, to be served while the next one is made.
        """
        self._indexes = indexes
        self._jobs = RenderJobs(cache, workroom)
        self._last = LastRenderings(cache, self._jobs) if is_public else None
        self._kept: OrderedDict[PostId, _Kept] = OrderedDict()
        self._lock = Lock()
        self._led: dict[str, Targets] = {}
        """The last targets of a source, of which the next ones are made."""

    def make(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` as items, in their order; raises `RepositoryError`."""
        batch = self.begin(posts, edition)
        for job in batch.jobs:
            job.future.result()
        return self.finish(batch).items

    def begin(self, posts: Sequence[Post], edition: Edition) -> RenderBatch:
        """Begin to render those of ``posts`` that are not known; raises `RepositoryError`."""
        targets = {name: self._targets(edition.part(name)) for name in {p.source for p in posts}}
        items = {post.id: self._recall(post, edition, targets[post.source]) for post in posts}
        missing = [post for post in posts if items[post.id] is None]
        manuscripts = (
            manuscript
            for name in {post.source for post in missing}
            for manuscript in self._indexes[name].manuscripts(
                [post for post in missing if post.source == name], targets[name]
            )
        )
        return RenderBatch(
            posts=tuple(posts),
            edition=edition,
            items={post: item for post, item in items.items() if item is not None},
            jobs=tuple(self._jobs.start(manuscripts)),
        )

    def finish(self, batch: RenderBatch) -> RenderedPosts:
        """Return the posts of ``batch`` with what is rendered by now.

        Of others, the last rendering, if it is still known; else title and summary alone. Raises
        `SyndicateError` if rendering failed.
        """
        items = dict(batch.items)
        late: dict[PostId, Manuscript] = {}
        fresh: dict[str, Item] = {}
        for job in batch.jobs:
            one = job.manuscript
            if not job.future.done():
                late[one.post.id] = one
                continue
            made = item(one, job.future.result(), batch.edition.translations(one.post))
            items[one.post.id] = fresh[job.digest] = made
            self._keep(_Kept(made, one.names, one.targets, one.shown, one.assets))
        if self._last is not None:
            self._last.put(fresh)
        outdated = self._outdated(late)
        unrendered = {post: _unrendered(one) for post, one in late.items() if post not in outdated}
        items |= outdated | unrendered
        return RenderedPosts(
            items=tuple(items[post.id] for post in batch.posts if post.id in items),
            outdated=frozenset(outdated),
            unrendered=frozenset(unrendered),
        )

    def _outdated(self, late: Mapping[PostId, Manuscript]) -> dict[PostId, Item]:
        """Return the last renderings of ``late`` posts, of those that have one."""
        with self._lock:
            found = {post: self._kept[post].item for post in late if post in self._kept}
        if self._last is not None and len(found) < len(late):
            others = [one.post for post, one in late.items() if post not in found]
            found |= self._last.get(others)
        return found

    def renew(self, edition: Edition) -> None:
        """Make again what is in memory and is another post in ``edition``, and what is newest.

        Nothing while nobody has looked at any post. Raises `RepositoryError`.
        """
        with self._lock:
            kept = {post: one.item.post for post, one in self._kept.items()}
        if kept:
            newest = [post for post in edition.posts[:_NEWEST] if post.id not in kept]
            found = [edition.find(post) for post in reversed(kept)]
            others = [post for post in found if post and post is not kept[post.id]]
            self.make([*newest, *others], edition)

    def proofs(
        self, posts: Sequence[Post], edition: Edition
    ) -> Iterator[tuple[Manuscript, Rendered]]:
        """Yield ``posts`` of one source as written and as rendered, few in memory at a time."""
        for start in range(0, len(posts), _AT_ONCE):
            some = posts[start : start + _AT_ONCE]
            source = some[0].source
            targets = self._targets(edition.part(source))
            yield from self._render(self._indexes[source].manuscripts(some, targets))

    def forget_all_but(self, edition: Edition) -> None:
        """Remove from the cache what no post of ``edition`` needs.

        Every file is opened for that, few at a time. Raises `RepositoryError`.
        """
        needed = set(self._rendering_keys(edition))
        if self._last is not None:
            needed |= set(self._last.digests(edition.posts))
            self._last.keep(edition.posts)
        self._jobs.keep(needed)

    def _rendering_keys(self, edition: Edition) -> Iterator[str]:
        """Yield the keys by which the cache knows the renderings of ``edition``."""
        for part in edition.parts:
            targets = Targets(posts=part.posts)
            for start in range(0, len(part.posts), _AT_ONCE):
                some = part.posts[start : start + _AT_ONCE]
                index = self._indexes[part.source.name]
                digests = [one.digest for one in index.manuscripts(some, targets)]
                if len(digests) < len(some):
                    raise RepositoryError(
                        f"{part.source.name}: {len(some) - len(digests)} posts cannot be read",
                        hint="`git fsck` names damaged objects; the log names their files.",
                        code="damaged-object",
                    )
                yield from digests

    def past(
        self, told: Sequence[tuple[LedgerRow, Post]], edition: Edition
    ) -> Mapping[PostId, Item]:
        """Return live posts of ``edition`` as they were told, made as items are made today.

        Those whose former file git has lost, or that nobody can read today, are left out. Raises
        `RepositoryError`.
        """
        manuscripts = (
            manuscript
            for name in {post.source for _, post in told}
            for manuscript in self._indexes[name].past(
                [pair for pair in told if pair[1].source == name],
                self._targets(edition.part(name)),
            )
        )
        return {
            one.post.id: item(one, rendered, edition.translations(one.post))
            for one, rendered in self._render(manuscripts)
        }

    def _targets(self, part: Part) -> Targets:
        led = self._led.get(part.source.name, Targets(posts=()))
        led = self._led[part.source.name] = led.next(part.posts)
        return led

    def _recall(self, post: Post, edition: Edition, targets: Targets) -> Item | None:
        with self._lock:
            kept = self._kept.get(post.id)
            if kept is None or kept.item.post != post:
                return None
            self._kept.move_to_end(post.id)
        if kept.names and targets.of(post, kept.names) != kept.targets:
            return None
        if self._indexes[post.source].assets.of(post, kept.shown) != kept.assets:
            return None
        return kept.item if kept.item.translations == edition.translations(post) else None

    def _keep(self, kept: _Kept) -> None:
        with self._lock:
            self._kept[kept.item.post.id] = kept
            self._kept.move_to_end(kept.item.post.id)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def _render(self, manuscripts: Iterable[Manuscript]) -> list[tuple[Manuscript, Rendered]]:
        """Return ``manuscripts`` and what was made of them."""
        jobs = self._jobs.start(manuscripts)
        return [(job.manuscript, job.future.result()) for job in jobs]


def _unrendered(manuscript: Manuscript) -> Item:
    """Return title and summary of a post, as far as its front matter has them."""
    nothing = Rendering(content=SafeHtml(""), text="", image=None, notes=())
    summary = replace(nothing, text=manuscript.fields.summary)
    made = item(manuscript, (nothing, summary, nothing))
    return replace(made, image=None, card=None)
