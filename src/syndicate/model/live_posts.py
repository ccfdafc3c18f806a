"""The live posts of all sources at a time, and when they next change by themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final, Self

from syndicate.model.post import Post
from syndicate.model.post_index import PostIndex
from syndicate.model.post_list import PostList

SourcePosts = tuple[PostList, ...]
"""Posts of each source."""

_MAX_INCREMENTAL_CHANGES: Final = 1_000
"""Up to so many changes an update is faster than a rebuild; of many posts, up to a quarter."""


@dataclass(frozen=True, kw_only=True)
class LivePosts:
    """The posts of ``sources`` that are live at ``at``, and those that have expired by then.

    ``next_change_at`` is when the next post appears or expires, or None.
    """

    at: datetime
    sources: SourcePosts
    index: PostIndex
    expired: frozenset[Post]
    next_change_at: datetime | None

    @classmethod
    def build(cls, sources: SourcePosts, at: datetime) -> Self:
        """Build the live posts of ``sources`` at ``at``."""
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
        """Return the posts that ``sources`` no longer hold, and those that are new in it.

        None if posts appeared or expired by ``at``, or if the number of sources differs.
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
        """Return the same as `build`, faster if few posts changed and none appeared or expired."""
        difference = self.difference(sources, at)
        if difference is None:
            return self._rebuild(sources, at)
        removed, added = difference
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
        rebuilt = self.build(sources, at)
        rebuilt.index.build_lookups(self.index)
        return rebuilt


def _expired(posts: Iterable[Post], at: datetime) -> Iterator[Post]:
    return (post for post in posts if post.expires is not None and post.expires <= at)


def _change_times(posts: Iterable[Post]) -> Iterator[datetime | None]:
    return (time for post in posts for time in (post.published, post.expires))


def _next_change(posts: Iterable[Post], at: datetime) -> datetime | None:
    return min((m for m in _change_times(posts) if m is not None and m > at), default=None)


def _difference(old: SourcePosts, new: SourcePosts) -> tuple[list[Post], list[Post]]:
    """Return the posts that are only in ``old``, and only in ``new``."""
    removed, added = list[Post](), list[Post]()
    for before, after in zip(old, new, strict=True):
        only_old, only_new = after.difference(before)
        removed += only_old
        added += only_new
    return removed, added
