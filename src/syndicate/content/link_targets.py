"""What the internal links of a post lead to: other posts of its source, by path or name."""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Self

from syndicate.model.persistent_map import PersistentMap
from syndicate.model.post import Path, Post
from syndicate.model.post_list import PostList, sort_key

_PostsByName = PersistentMap[str, tuple[Post, ...]]
"""Posts by a name that links call them; where several have one, the newest is the last."""


class LinkTargets:
    """The posts of one source that a link can mean."""

    def __init__(self, posts: Iterable[Post]) -> None:
        self.posts = PostList.from_posts(posts)

    def updated(self, posts: Sequence[Post]) -> Self:
        """Return the targets among ``posts``; what that costs depends on what is another post."""
        if posts is self.posts:
            return self
        targets = type(self)(posts)
        built = vars(self)
        removed, added = targets.posts.difference(self.posts)
        if "by_stem" in built:
            targets.by_stem = _update_groups(self.by_stem, removed, added, _post_stem)
        if "by_name" in built:
            targets.by_name = _update_groups(self.by_name, removed, added, _post_name)
        return targets

    def resolve(self, post: Post, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
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
    def by_stem(self) -> _PostsByName:
        """The posts by path, without extension."""
        return _group_by_name(self.posts, _post_stem)

    @cached_property
    def by_name(self) -> _PostsByName:
        """The posts by the last part of that."""
        return _group_by_name(self.posts, _post_name)


def _group_by_name(posts: Iterable[Post], name_of: Callable[[Post], str]) -> _PostsByName:
    found: defaultdict[str, list[Post]] = defaultdict(list)
    for post in posts:
        found[name_of(post)].append(post)
    return PersistentMap.from_mapping(
        {name: tuple(sorted(some, key=sort_key)) for name, some in found.items()}
    )


def _update_groups(
    groups: _PostsByName,
    removed: Sequence[Post],
    added: Sequence[Post],
    name_of: Callable[[Post], str],
) -> _PostsByName:
    left, new = {*map(id, removed)}, _group_by_name(added, name_of)
    names = {*map(name_of, removed)} | new.keys()
    found = {
        name: tuple(
            sorted(
                (*(p for p in groups.get(name, ()) if id(p) not in left), *new.get(name, ())),
                key=sort_key,
            )
        )
        for name in names
    }
    lost = [name for name, posts in found.items() if not posts]
    return groups.with_changes(lost, {name: posts for name, posts in found.items() if posts})


def _post_stem(post: Post) -> str:
    return _stem(post.path)


def _post_name(post: Post) -> str:
    return posixpath.basename(_stem(post.path))


def _stem(path: str | Path) -> str:
    stem, extension = posixpath.splitext(path)
    stem = stem if extension in (".md", ".markdown", ".html") else path
    return stem.removesuffix("/index")
