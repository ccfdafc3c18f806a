"""Items for readers: rendered in processes that can be ended, remembered in memory and on disk."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import msgspec

from syndicate import telemetry
from syndicate.cache import Cache
from syndicate.index.manuscript import Manuscript, Rendered, item
from syndicate.index.part import SourceIndex
from syndicate.index.target import Targets
from syndicate.model.edition import Edition, Part
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import Item, Post, PostId
from syndicate.render.workroom import Workroom

SHELF: Final = "renderings"
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


class Items:
    """Makes items of posts; safe to use from several threads."""

    def __init__(
        self, indexes: Mapping[str, SourceIndex], *, cache: Cache, workroom: Workroom
    ) -> None:
        self._indexes = indexes
        self._cache = cache
        self._workroom = workroom
        self._decoder = msgspec.msgpack.Decoder(Rendered)
        self._kept: OrderedDict[PostId, _Kept] = OrderedDict()
        self._lock = Lock()
        self._led: dict[str, Targets] = {}
        """The last targets of a source, of which the next ones are made."""

    def make(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` as items, in their order; raises `RepositoryError`."""
        targets = {name: self._targets(edition.part(name)) for name in {p.source for p in posts}}
        items = {post.id: self._recall(post, edition, targets[post.source]) for post in posts}
        missing = [post for post in posts if items[post.id] is None]
        manuscripts = [
            manuscript
            for name in {post.source for post in missing}
            for manuscript in self._open(
                [post for post in missing if post.source == name], targets[name]
            )
        ]
        rendered = self._render(manuscripts)
        for one in manuscripts:
            post = one.post
            made = item(one, rendered[post.id], edition.translations(post))
            items[post.id] = made
            self._keep(_Kept(made, one.names, one.targets, one.shown, one.assets))
        return tuple(found for post in posts if (found := items[post.id]))

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
            targets = self._targets(edition.part(some[0].source))
            manuscripts = list(self._open(some, targets))
            rendered = self._render(manuscripts)
            yield from ((one, rendered[one.post.id]) for one in manuscripts)

    def rendering_keys(self, edition: Edition) -> Iterator[str]:
        """Yield the keys by which the cache knows the renderings of ``edition``.

        Every file is opened for that, few at a time. Raises `RepositoryError`.
        """
        for part in edition.parts:
            targets = Targets(posts=part.posts)
            for start in range(0, len(part.posts), _AT_ONCE):
                some = part.posts[start : start + _AT_ONCE]
                yield from (one.digest for one in self._open(some, targets))

    def past(
        self, told: Sequence[tuple[LedgerRow, Post]], edition: Edition
    ) -> Mapping[PostId, Item]:
        """Return live posts of ``edition`` as they were told, made as items are made today.

        Those whose former file git has lost, or that nobody can read today, are left out. Raises
        `RepositoryError`.
        """
        manuscripts = [
            manuscript
            for name in {post.source for _, post in told}
            for manuscript in self._reopen(
                [pair for pair in told if pair[1].source == name],
                self._targets(edition.part(name)),
            )
        ]
        rendered = self._render(manuscripts)
        return {
            one.post.id: item(one, rendered[one.post.id], edition.translations(one.post))
            for one in manuscripts
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

    def _open(self, posts: Sequence[Post], targets: Targets) -> Iterator[Manuscript]:
        index = self._indexes[posts[0].source]
        contents = dict(index.repository.read({post.blob for post in posts}))
        for post in posts:
            yield index.manuscript(post, contents[post.blob], targets)

    def _reopen(
        self, told: Sequence[tuple[LedgerRow, Post]], targets: Targets
    ) -> Iterator[Manuscript]:
        index = self._indexes[told[0][1].source]
        contents = dict(index.repository.look({row.blob for row, _ in told}))
        for row, post in told:
            data = contents[row.blob]
            manuscript = None if data is None else index.past(row, post, data, targets)
            if manuscript is not None:
                yield manuscript

    def _render(self, manuscripts: Sequence[Manuscript]) -> dict[PostId, Rendered]:
        digests = {manuscript.post.id: manuscript.digest for manuscript in manuscripts}
        known = self._cache.get(SHELF, digests.values())
        missing = [one for one in manuscripts if digests[one.post.id] not in known]
        renderings = iter(self._workroom.render([job for one in missing for job in one.jobs]))
        fresh: dict[PostId, Rendered] = {
            one.post.id: (next(renderings), next(renderings), next(renderings)) for one in missing
        }
        telemetry.posts_rendered_total.inc(len(fresh))
        self._cache.put(
            SHELF, {digests[post]: msgspec.msgpack.encode(one) for post, one in fresh.items()}
        )
        return fresh | {
            post: self._decoder.decode(known[digest])
            for post, digest in digests.items()
            if digest in known
        }
