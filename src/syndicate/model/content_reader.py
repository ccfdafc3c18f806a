"""The content of the edition in service, as feeds, the web and workers read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from syndicate.model.asset import Asset
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.post import Post, RenderedPost, RenderedPosts


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLimits:
    """Limits of a post file.

    ``front_matter_levels`` limits the nesting of mappings and lists, the front matter itself being
    the first level.
    """

    post_bytes: int = 1_048_576
    front_matter_bytes: int = 65_536
    front_matter_levels: int = 32
    categories: int = 100


DEFAULT_CONTENT_LIMITS = ContentLimits()


class ContentReader(Protocol):
    """Content that feeds, pages and the API are served from."""

    @property
    def edition(self) -> Edition:
        """The edition in service; raises `NotReady` before the first one."""
        ...

    @property
    def removed(self) -> tuple[LedgerEntry, ...]:
        """Ledger entries of posts that were removed lately: the same object until they change."""
        ...

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` rendered, in order, without a time limit."""
        ...

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` of ``edition`` as far as they can be rendered within a few seconds.

        Rendering of the others continues. Raises `StillRendering` if no feed can be served.
        """
        ...

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return the file at ``path`` of the commit in service; raises `UnknownName`.

        Without ``with_content`` the bytes are not read, for clients that have them already.
        """
        ...
