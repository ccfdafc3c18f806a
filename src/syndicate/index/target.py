"""What the internal links of a post lead to: other posts of its source, by path or name."""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Self

from syndicate.model.drawers import Drawers
from syndicate.model.post import Path, Post
from syndicate.model.sheets import Sheets, order

_Named = Drawers[str, tuple[Post, ...]]
"""Posts by a name that links call them; where several have one, the newest is the last."""


class Targets:
    """The posts of one source that a link can mean."""

    def __init__(self, posts: Iterable[Post]) -> None:
        self.posts = Sheets.of(posts)

    def next(self, posts: Sequence[Post]) -> Self:
        """Return the targets among ``posts``; what that costs depends on what is another post."""
        if posts is self.posts:
            return self
        made = type(self)(posts)
        built = vars(self)
        gone, come = made.posts.difference(self.posts)
        if "by_stem" in built:
            made.by_stem = _renamed(self.by_stem, gone, come, _stem_of)
        if "by_name" in built:
            made.by_name = _renamed(self.by_name, gone, come, _name_of)
        return made

    def of(self, post: Post, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return (name, address) of each of ``names`` that means a post; others are left out.

        A name is written as a path from the root, from the post or from its folder, with or
        without the extension, or as the bare file name (Jekyll's ``post_url``); it may end in a
        fragment.
        """
        return tuple((name, url) for name in names for url in self._find(name, post))

    def _find(self, name: str, post: Post) -> Iterator[str]:
        wanted, hash_sign, fragment = name.partition("#")
        stem = _stem(wanted.strip("/"))
        beside = _stem(posixpath.normpath(posixpath.join(posixpath.dirname(post.path), wanted)))
        for candidate in (stem, beside):
            if candidate in self.by_stem:
                yield self.by_stem[candidate][-1].url + hash_sign + fragment
                return
        if posixpath.basename(stem) in self.by_name:
            yield self.by_name[posixpath.basename(stem)][-1].url + hash_sign + fragment

    @cached_property
    def by_stem(self) -> _Named:
        """The posts by path, without extension."""
        return _named(self.posts, _stem_of)

    @cached_property
    def by_name(self) -> _Named:
        """The posts by the last part of that."""
        return _named(self.posts, _name_of)


def _named(posts: Iterable[Post], name_of: Callable[[Post], str]) -> _Named:
    found: defaultdict[str, list[Post]] = defaultdict(list)
    for post in posts:
        found[name_of(post)].append(post)
    return Drawers.of({name: tuple(sorted(some, key=order)) for name, some in found.items()})


def _renamed(
    named: _Named, gone: Sequence[Post], come: Sequence[Post], name_of: Callable[[Post], str]
) -> _Named:
    left, new = {*map(id, gone)}, _named(come, name_of)
    names = {*map(name_of, gone)} | new.keys()
    found = {
        name: tuple(
            sorted(
                (*(p for p in named.get(name, ()) if id(p) not in left), *new.get(name, ())),
                key=order,
            )
        )
        for name in names
    }
    lost = [name for name, posts in found.items() if not posts]
    return named.replaced(lost, {name: posts for name, posts in found.items() if posts})


def _stem_of(post: Post) -> str:
    return _stem(post.path)


def _name_of(post: Post) -> str:
    return posixpath.basename(_stem(post.path))


def _stem(path: str | Path) -> str:
    stem, extension = posixpath.splitext(path)
    stem = stem if extension in (".md", ".markdown", ".html") else path
    return stem.removesuffix("/index")
