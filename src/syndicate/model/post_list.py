"""An immutable list of posts whose versions share the chunks that did not change.

Goal: a commit takes the same time with 1,000 posts and with 100,000, within a factor of 2
(docs/reference/benchmarks.md). With tuples, each of the three comparisons of a commit takes 10 ms
at 10,000 posts and 200 ms at 100,000; with shared chunks 0.2 and 0.4 ms.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import accumulate, chain
from typing import Final, Self, overload

from typing_extensions import override

from syndicate.model.post import Post, PostId

_CHUNK_SIZE: Final = 256
"""Initial number of posts in a chunk; a chunk is split when it has twice as many."""


def sort_key(post: Post) -> tuple[datetime, PostId]:
    """Return the key that orders posts in feeds, and decides which of two posts owns a URL."""
    return post.published, post.tag_id


class PostList(Sequence[Post]):
    """An immutable sequence of posts, in the order in which they were given."""

    def __init__(self, chunks: Iterable["_Chunk"]) -> None:
        self.chunks = tuple(chunks)

    @classmethod
    def from_posts(cls, posts: Iterable[Post]) -> Self:
        """Return ``posts`` as a list, in their order; a `PostList` is returned as it is."""
        return posts if isinstance(posts, cls) else cls(_split(tuple(posts)))

    def with_changes(
        self, removed: Iterable[Post], added: Iterable[Post], *, descending: bool = False
    ) -> Self:
        """Return the posts without the ``removed`` and with the ``added`` ones.

        It must hold all ``removed`` posts.

        All posts are and stay in ascending order by `sort_key`, or in ``descending`` order.
        """
        if not self.chunks:
            return self.from_posts(sorted(added, key=sort_key, reverse=descending))
        edited: dict[int, list[Post]] = {}

        def find(post: Post) -> tuple[list[Post], int]:
            follows = _make_position_test(post, descending=descending)
            number = bisect_left(self.chunks, True, key=lambda chunk: follows(chunk.posts[-1]))
            number = min(number, len(self.chunks) - 1)
            posts = edited.setdefault(number, [*self.chunks[number].posts])
            return posts, bisect_left(posts, True, key=follows)

        for post in removed:
            posts, position = find(post)
            del posts[position]
        for post in added:
            posts, position = find(post)
            posts.insert(position, post)
        chunks: list[_Chunk] = []
        for number, chunk in enumerate(self.chunks):
            chunks += _split(edited[number]) if number in edited else [chunk]
        return type(self)(chunks)

    def difference(self, previous: "PostList") -> tuple[list[Post], list[Post]]:
        """Return the posts that are only in ``previous``, and only here; equal ones may be in both.

        Posts are compared by identity, and posts of shared chunks are skipped.
        """
        only_previous, only_here = (
            _unshared(previous.chunks, self.chunks),
            _unshared(self.chunks, previous.chunks),
        )
        unchanged = only_previous.keys() & only_here.keys()
        return (
            [post for number, post in only_previous.items() if number not in unchanged],
            [post for number, post in only_here.items() if number not in unchanged],
        )

    @cached_property
    def last_updated(self) -> datetime | None:
        """Time of the latest update of a post, or None if there are no posts."""
        return max((chunk.last_updated for chunk in self.chunks), default=None)

    @cached_property
    def has_own_ids(self) -> bool:
        """Whether the id of a post is another one than its tag URI."""
        return any(chunk.has_own_ids for chunk in self.chunks)

    @overload
    def __getitem__(self, index: int) -> Post: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Post, ...]: ...
    @override
    def __getitem__(self, index: int | slice) -> Post | tuple[Post, ...]:
        if isinstance(index, slice):
            return tuple([self[number] for number in range(*index.indices(len(self)))])
        number = range(len(self))[index]
        chunk = bisect_right(self._starts, number) - 1
        return self.chunks[chunk].posts[number - self._starts[chunk]]

    @override
    def __len__(self) -> int:
        return self._starts[-1]

    @override
    def __iter__(self) -> Iterator[Post]:
        return chain.from_iterable(chunk.posts for chunk in self.chunks)

    @override
    def __reversed__(self) -> Iterator[Post]:
        return chain.from_iterable(reversed(chunk.posts) for chunk in reversed(self.chunks))

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PostList | tuple) or len(self) != len(other):
            return False
        return all(
            own_post is other_post or own_post == other_post
            for own_post, other_post in zip(self, other, strict=True)
        )

    @override
    def __hash__(self) -> int:
        return hash(tuple(self))

    @override
    def __repr__(self) -> str:
        return f"PostList({[*self]!r})"

    @cached_property
    def _starts(self) -> list[int]:
        """Position of the first post of each chunk, and the end."""
        return [*accumulate((len(chunk.posts) for chunk in self.chunks), initial=0)]


class _Chunk:
    """Consecutive posts, with the time of their latest update."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self.posts = tuple(posts)

    @cached_property
    def last_updated(self) -> datetime:
        return max(post.updated for post in self.posts)

    @cached_property
    def has_own_ids(self) -> bool:
        return any(post.tag for post in self.posts)


def _unshared(chunks: Iterable[_Chunk], others: Iterable[_Chunk]) -> dict[int, Post]:
    """Return the posts by identity that are in ``chunks`` but not in shared ones of ``others``."""
    shared = {*map(id, others)}
    return {id(post): post for chunk in chunks if id(chunk) not in shared for post in chunk.posts}


def _split(posts: Sequence[Post]) -> Iterator[_Chunk]:
    """Yield ``posts`` in chunks: one chunk unless they are too many for it."""
    if len(posts) < 2 * _CHUNK_SIZE:
        yield from [_Chunk(posts)] if posts else []
        return
    for start in range(0, len(posts), _CHUNK_SIZE):
        yield _Chunk(posts[start : start + _CHUNK_SIZE])


def _make_position_test(post: Post, *, descending: bool) -> Callable[[Post], bool]:
    """Return a test whether a post is at the position of ``post`` or after it."""
    key = sort_key(post)
    if descending:
        return lambda other: sort_key(other) <= key
    return lambda other: sort_key(other) >= key
