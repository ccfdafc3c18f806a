"""Items for readers: rendered in processes that can be ended, remembered in memory and on disk."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
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
from syndicate.render.job import Job
from syndicate.render.workroom import Workroom

SHELF: Final = "renderings"
_KEPT: Final = 500
"""Items in memory: some feeds full, at 20 kB each."""

_NEWEST: Final = 50
"""Posts that are likely to be looked at as soon as they are there: a page."""

_AHEAD: Final = 20
"""Posts that are opened together, while those before them are rendered."""

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
        manuscripts = (
            manuscript
            for name in {post.source for post in missing}
            for manuscript in self._indexes[name].manuscripts(
                [post for post in missing if post.source == name], targets[name]
            )
        )
        for one, rendered in self._render(manuscripts):
            made = item(one, rendered, edition.translations(one.post))
            items[one.post.id] = made
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
            source = some[0].source
            targets = self._targets(edition.part(source))
            yield from self._render(self._indexes[source].manuscripts(some, targets))

    def rendering_keys(self, edition: Edition) -> Iterator[str]:
        """Yield the keys by which the cache knows the renderings of ``edition``.

        Every file is opened for that, few at a time. Raises `RepositoryError`.
        """
        for part in edition.parts:
            targets = Targets(posts=part.posts)
            for start in range(0, len(part.posts), _AT_ONCE):
                some = part.posts[start : start + _AT_ONCE]
                index = self._indexes[part.source.name]
                yield from (one.digest for one in index.manuscripts(some, targets))

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

    def _render(self, manuscripts: Iterator[Manuscript]) -> list[tuple[Manuscript, Rendered]]:
        """Return ``manuscripts`` and what was made of them; some are rendered while others open."""
        opened: list[tuple[Manuscript, str]] = []
        known: dict[str, bytes] = {}

        def missing() -> Iterator[Job]:
            while some := [(one, one.digest) for one in islice(manuscripts, _AHEAD)]:
                opened.extend(some)
                known.update(self._cache.get(SHELF, [digest for _, digest in some]))
                for one, digest in some:
                    yield from () if digest in known else one.jobs

        made = iter(self._workroom.render(missing()))
        fresh: dict[str, Rendered] = {
            digest: (next(made), next(made), next(made))
            for _, digest in opened
            if digest not in known
        }
        telemetry.posts_rendered_total.inc(len(fresh))
        encoded = {digest: msgspec.msgpack.encode(one) for digest, one in fresh.items()}
        self._cache.put(SHELF, encoded)
        return [
            (one, fresh[digest] if digest in fresh else self._decoder.decode(known[digest]))
            for one, digest in opened
        ]
