"""Who of the posts that sources hold is live at a moment, and when that changes by itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final, Self

from syndicate.model.catalogue import Catalogue
from syndicate.model.post import Post
from syndicate.model.sheets import Sheets

Held = tuple[Sheets, ...]
"""What each of some sources holds."""

_FEW: Final = 1_000
"""Changes up to which it is quicker to take the last roll along; up to a quarter of many posts."""


@dataclass(frozen=True, kw_only=True)
class Roll:
    """The posts of ``held`` that are live at ``at``, and those that have expired by then.

    ``turns`` is when the next one appears or expires; None if none will.
    """

    at: datetime
    held: Held
    live: Catalogue
    expired: frozenset[Post]
    turns: datetime | None

    @classmethod
    def of(cls, held: Held, at: datetime) -> Self:
        """Call the roll of ``held`` at ``at``."""
        posts = list(chain.from_iterable(held))
        return cls(
            at=at,
            held=held,
            live=Catalogue.of(post for post in posts if post.is_live(at)),
            expired=frozenset(_expired(posts, at)),
            turns=_turn(posts, at),
        )

    def difference(self, held: Held, at: datetime) -> tuple[list[Post], list[Post]] | None:
        """Return which posts are not in ``held`` any more, and which are new in it.

        None if others may be live at ``at`` that were not, or the sources are not as many.
        """
        turned = at < self.at or (self.turns is not None and at >= self.turns)
        return None if turned or len(held) != len(self.held) else _difference(self.held, held)

    def next(self, held: Held, at: datetime) -> Self:
        """Return the same as `of`, sooner where few posts changed and none turned since."""
        found = self.difference(held, at)
        if found is None:
            return self._anew(held, at)
        gone, come = found
        few = max(_FEW, len(self.live.posts) // 4)
        if len(gone) + len(come) > few or (self.turns and self.turns in _moments(gone)):
            return self._anew(held, at)
        return type(self)(
            at=at,
            held=held,
            live=self.live.replaced(
                [post for post in gone if post.is_live(at)],
                [post for post in come if post.is_live(at)],
            ),
            expired=(self.expired - frozenset(gone)) | frozenset(_expired(come, at)),
            turns=min(filter(None, (self.turns, _turn(come, at))), default=None),
        )

    def _anew(self, held: Held, at: datetime) -> Self:
        made = self.of(held, at)
        made.live.build(self.live)
        return made


def _expired(posts: Iterable[Post], at: datetime) -> Iterator[Post]:
    return (post for post in posts if post.expires is not None and post.expires <= at)


def _moments(posts: Iterable[Post]) -> Iterator[datetime | None]:
    return (moment for post in posts for moment in (post.published, post.expires))


def _turn(posts: Iterable[Post], at: datetime) -> datetime | None:
    return min((m for m in _moments(posts) if m is not None and m > at), default=None)


def _difference(old: Held, new: Held) -> tuple[list[Post], list[Post]]:
    """Return the posts that are only in ``old``, and only in ``new``."""
    gone, come = list[Post](), list[Post]()
    for before, after in zip(old, new, strict=True):
        left, right = after.difference(before)
        gone += left
        come += right
    return gone, come
