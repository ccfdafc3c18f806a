"""Posts in an order, on sheets that the versions of a list share: a change copies a few of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import accumulate, chain
from typing import Final, Self, overload

from typing_extensions import override

from syndicate.model.post import Post, PostId

_CHUNK_SIZE: Final = 256
"""Posts on a sheet at first; one that grows to twice as many is cut."""


def sort_key(post: Post) -> tuple[datetime, PostId]:
    """Return what posts are ordered by, those that compete for an address as those of a feed."""
    return post.published, post.id


class PostList(Sequence[Post]):
    """Posts that are never changed, in the order they were given in."""

    def __init__(self, chunks: Iterable["_Chunk"]) -> None:
        self.chunks = tuple(chunks)

    @classmethod
    def from_posts(cls, posts: Iterable[Post]) -> Self:
        """Return ``posts`` on sheets, in their order; themselves if they are on sheets already."""
        return posts if isinstance(posts, cls) else cls(_split(tuple(posts)))

    def with_changes(
        self, removed: Iterable[Post], added: Iterable[Post], *, descending: bool = False
    ) -> Self:
        """Return the posts without ``gone``, all of which are there, and with ``come``.

        All are, and stay, in rising `order`, or in the ``falling`` one.
        """
        if not self.chunks:
            return self.from_posts(sorted(added, key=sort_key, reverse=descending))
        edited: dict[int, list[Post]] = {}

        def find(post: Post) -> tuple[list[Post], int]:
            follows = _make_position_test(post, descending=descending)
            number = bisect_left(self.chunks, True, key=lambda sheet: follows(sheet.posts[-1]))
            number = min(number, len(self.chunks) - 1)
            sheet = edited.setdefault(number, [*self.chunks[number].posts])
            return sheet, bisect_left(sheet, True, key=follows)

        for post in removed:
            sheet, place = find(post)
            del sheet[place]
        for post in added:
            sheet, place = find(post)
            sheet.insert(place, post)
        return type(self)(
            one
            for number, before in enumerate(self.chunks)
            for one in (_split(edited[number]) if number in edited else (before,))
        )

    def difference(self, previous: "PostList") -> tuple[list[Post], list[Post]]:
        """Return the posts that are only in ``before``, and only here; equal ones may be both.

        The same object is the same: what is on shared sheets is not even looked at.
        """
        left, right = (
            _unshared(previous.chunks, self.chunks),
            _unshared(self.chunks, previous.chunks),
        )
        stay = left.keys() & right.keys()
        return (
            [post for number, post in left.items() if number not in stay],
            [post for number, post in right.items() if number not in stay],
        )

    @cached_property
    def last_updated(self) -> datetime | None:
        """When the one that changed last did; None if there is no post."""
        return max((sheet.last_updated for sheet in self.chunks), default=None)

    @overload
    def __getitem__(self, place: int) -> Post: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Post, ...]: ...
    @override
    def __getitem__(self, place: int | slice) -> Post | tuple[Post, ...]:
        if isinstance(place, slice):
            return tuple([self[number] for number in range(*place.indices(len(self)))])
        number = range(len(self))[place]
        sheet = bisect_right(self._starts, number) - 1
        return self.chunks[sheet].posts[number - self._starts[sheet]]

    @override
    def __len__(self) -> int:
        return self._starts[-1]

    @override
    def __iter__(self) -> Iterator[Post]:
        return chain.from_iterable(sheet.posts for sheet in self.chunks)

    @override
    def __reversed__(self) -> Iterator[Post]:
        return chain.from_iterable(reversed(sheet.posts) for sheet in reversed(self.chunks))

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PostList | tuple) or len(self) != len(other):
            return False
        return all(one is two or one == two for one, two in zip(self, other, strict=True))

    @override
    def __hash__(self) -> int:
        return hash(tuple(self))

    @override
    def __repr__(self) -> str:
        return f"Sheets({[*self]!r})"

    @cached_property
    def _starts(self) -> list[int]:
        """Where each sheet begins, and the end."""
        return [*accumulate((len(sheet.posts) for sheet in self.chunks), initial=0)]


class _Chunk:
    """Some posts, and what is known of them together."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self.posts = tuple(posts)

    @cached_property
    def last_updated(self) -> datetime:
        return max(post.updated for post in self.posts)


def _unshared(chunks: Iterable[_Chunk], others: Iterable[_Chunk]) -> dict[int, Post]:
    """Return the posts on those of ``sheets`` that are not among ``others``, by their objects."""
    known = {*map(id, others)}
    return {id(post): post for sheet in chunks if id(sheet) not in known for post in sheet.posts}


def _split(posts: Sequence[Post]) -> Iterator[_Chunk]:
    """Yield sheets of ``posts``: one as long as they are not too many for it."""
    if len(posts) < 2 * _CHUNK_SIZE:
        yield from [_Chunk(posts)] if posts else []
        return
    for start in range(0, len(posts), _CHUNK_SIZE):
        yield _Chunk(posts[start : start + _CHUNK_SIZE])


def _make_position_test(post: Post, *, descending: bool) -> Callable[[Post], bool]:
    """Return what tells whether another post has the place of ``post`` or one after it."""
    own = sort_key(post)
    if descending:
        return lambda other: sort_key(other) <= own
    return lambda other: sort_key(other) >= own
