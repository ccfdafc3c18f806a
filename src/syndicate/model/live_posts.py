"""Who of the posts that sources hold is live at a moment, and when that changes by itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final, Self

from syndicate.model.post import Post
from syndicate.model.post_index import PostIndex
from syndicate.model.post_list import PostList

SourcePosts = tuple[PostList, ...]
"""What each of some sources holds."""

_MAX_INCREMENTAL_CHANGES: Final = 1_000
"""Changes up to which it is quicker to take the last roll along; up to a quarter of many posts."""


@dataclass(frozen=True, kw_only=True)
class LivePosts:
    """The posts of ``held`` that are live at ``at``, and those that have expired by then.

    ``turns`` is when the next one appears or expires; None if none will.
    """

    at: datetime
    sources: SourcePosts
    index: PostIndex
    expired: frozenset[Post]
    next_change_at: datetime | None

    @classmethod
    def build(cls, sources: SourcePosts, at: datetime) -> Self:
        """Call the roll of ``held`` at ``at``."""
        posts = list(chain.from_iterable(sources))
        return cls(
            at=at,
            sources=sources,
            index=PostIndex.from_posts(post for post in posts if post.is_live(at)),
            expired=frozenset(_expired(posts, at)),
            next_change_at=_next_change(posts, at),
        )

    def difference(
        self, sources: SourcePosts, at: datetime
    ) -> tuple[list[Post], list[Post]] | None:
        """Return which posts are not in ``held`` any more, and which are new in it.

        None if others may be live at ``at`` that were not, or the sources are not as many.
        """
        has_time_changes = at < self.at or (
            self.next_change_at is not None and at >= self.next_change_at
        )
        return (
            None
            if has_time_changes or len(sources) != len(self.sources)
            else _difference(self.sources, sources)
        )

    def updated(self, sources: SourcePosts, at: datetime) -> Self:
        """Return the same as `of`, sooner where few posts changed and none turned since."""
        found = self.difference(sources, at)
        if found is None:
            return self._rebuild(sources, at)
        removed, added = found
        max_changes = max(_MAX_INCREMENTAL_CHANGES, len(self.index.posts) // 4)
        if len(removed) + len(added) > max_changes or (
            self.next_change_at and self.next_change_at in _change_times(removed)
        ):
            return self._rebuild(sources, at)
        return type(self)(
            at=at,
            sources=sources,
            index=self.index.with_changes(
                [post for post in removed if post.is_live(at)],
                [post for post in added if post.is_live(at)],
            ),
            expired=(self.expired - frozenset(removed)) | frozenset(_expired(added, at)),
            next_change_at=min(
                filter(None, (self.next_change_at, _next_change(added, at))), default=None
            ),
        )

    def _rebuild(self, sources: SourcePosts, at: datetime) -> Self:
        made = self.build(sources, at)
        made.index.build_lookups(self.index)
        return made


def _expired(posts: Iterable[Post], at: datetime) -> Iterator[Post]:
    return (post for post in posts if post.expires is not None and post.expires <= at)


def _change_times(posts: Iterable[Post]) -> Iterator[datetime | None]:
    return (moment for post in posts for moment in (post.published, post.expires))


def _next_change(posts: Iterable[Post], at: datetime) -> datetime | None:
    return min((m for m in _change_times(posts) if m is not None and m > at), default=None)


def _difference(old: SourcePosts, new: SourcePosts) -> tuple[list[Post], list[Post]]:
    """Return the posts that are only in ``old``, and only in ``new``."""
    removed, added = list[Post](), list[Post]()
    for before, after in zip(old, new, strict=True):
        left, right = after.difference(before)
        removed += left
        added += right
    return removed, added
