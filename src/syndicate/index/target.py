"""What the internal links of a post lead to: other posts of its source, by path or name."""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from syndicate.model.post import Path, Post


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The posts of one source that a link can mean."""

    posts: tuple[Post, ...]

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
            if candidate in self._by_stem:
                yield self._by_stem[candidate] + hash_sign + fragment
                return
        if posixpath.basename(stem) in self._by_name:
            yield self._by_name[posixpath.basename(stem)] + hash_sign + fragment

    @cached_property
    def _by_stem(self) -> dict[str, str]:
        return {_stem(post.path): post.url for post in self.posts}

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {posixpath.basename(stem): url for stem, url in self._by_stem.items()}


def _stem(path: str | Path) -> str:
    stem, extension = posixpath.splitext(path)
    stem = stem if extension in (".md", ".markdown", ".html") else path
    return stem.removesuffix("/index")
