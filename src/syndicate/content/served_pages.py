"""Which pages of a branch are served: of several posts with one URL, only the first published."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from syndicate.model.departure import Departure, PostAttributes, PostState, departures_by
from syndicate.model.post import BlobId, Post, PostId


@dataclass(frozen=True, slots=True)
class PagePost:
    """The post that one version of a page describes, and its URL."""

    state: PostState
    url: str

    @classmethod
    def of(cls, post: Post) -> Self:
        """Return what ``post`` is."""
        attributes = PostAttributes.of(post)
        state = PostState(attributes=attributes, published=post.published, expires=post.expires)
        return cls(state, post.url)


@dataclass(slots=True, eq=False)
class PageFile:
    """A page of the branch, under all its names.

    ``blob`` is its last readable version; ``post`` the post that it describes, None if hidden;
    ``served`` what feeds have of it.
    """

    blob: BlobId
    created: datetime
    id: PostId
    post: PagePost | None = None
    served: PostState | None = None


class ServedPages:
    """The pages by their URLs, as `syndicate.content.file_classifier.FileTable` serves them."""

    def __init__(self) -> None:
        self._by_url: Final[dict[str, list[_Claim]]] = {}
        """Who has a post with the URL, in order of precedence."""
        self._files: Final[dict[PostId, PageFile]] = {}

    def update(
        self, changes: Iterable[tuple[PageFile, PagePost | None]], at: datetime
    ) -> Iterator[Departure]:
        """Record what a commit at a time made of pages; yield the departures from feeds by it.

        Also those of pages that did not change: another one may have taken their URL.
        """
        touched: dict[PageFile, None] = {}
        urls: dict[str, None] = {}
        for file, post in changes:
            own_urls = [each.url for each in (file.post, post) if each]
            touched |= dict.fromkeys((file, *self._owners(own_urls)))
            urls |= dict.fromkeys(own_urls)
            self._record(file, post)
        for file in touched | dict.fromkeys(self._owners(urls)):
            before, file.served = file.served, self._served_state(file)
            if before is not None and before != file.served:
                yield from departures_by(before, file.served, at)

    def restore(self, posts: Mapping[PageFile, PagePost]) -> None:
        """Begin with ``posts``."""
        for file, post in posts.items():
            self._record(file, post)
        for file in posts:
            file.served = self._served_state(file)

    def _owners(self, urls: Iterable[str]) -> Iterator[PageFile]:
        """Yield the page that is served at each of ``urls``, if there is one."""
        claims = (self._by_url.get(url) for url in urls)
        return (self._files[each[0][1]] for each in claims if each)

    def _record(self, file: PageFile, post: PagePost | None) -> None:
        if file.post is not None:
            self._by_url[file.post.url].remove(_claim(file, file.post))
        if post is not None:
            self._files[file.id] = file
            insort(self._by_url.setdefault(post.url, []), _claim(file, post))
        file.post = post

    def _served_state(self, file: PageFile) -> PostState | None:
        post = file.post
        is_served = post is not None and self._by_url[post.url][0][1] == file.id
        return post.state if post and is_served else None


_Claim = tuple[datetime, PostId]
"""The key of `syndicate.model.post_list.sort_key`."""


def _claim(file: PageFile, post: PagePost) -> _Claim:
    return post.state.published, file.id
