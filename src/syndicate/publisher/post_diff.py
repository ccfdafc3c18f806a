"""Comparing posts with what was told of them: both are rendered by today's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from syndicate.model.change import Change
from syndicate.model.edition import Edition
from syndicate.model.ledger import LedgerRow, changed_fields
from syndicate.model.post import Post, PostId, RenderedPost


class PostRenderer(Protocol):
    """What makes items of posts, in whatever thread it is called."""

    def render_posts(self, posts: Sequence[Post], edition: Edition) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` as items, in their order; raises `RepositoryError`."""
        ...

    def render_as_announced(
        self, recorded: Sequence[tuple[LedgerRow, Post]], edition: Edition
    ) -> Mapping[PostId, RenderedPost]:
        """Return those as they were told that can still be made; raises `RepositoryError`."""
        ...


def with_changed_fields(
    renderer: PostRenderer, changes: Sequence[Change], edition: Edition
) -> Sequence[Change]:
    """Return ``changes`` with the fields that differ in posts that were announced and are live.

    A change to a live post is left out if its content cannot be read now: subscribers are only
    sent complete posts. Raises `RepositoryError`.
    """
    posts = [change.post for change in changes if change.post]
    pairs = [pair for change in changes if (pair := change.updated_pair)]
    announced_posts = renderer.render_as_announced(pairs, edition) if pairs else {}
    current_posts = {item.post.id: item for item in renderer.render_posts(posts, edition)}
    return [
        replace(
            change,
            changed=changed_fields(
                pair[0], announced_posts.get(pair[1].id), current_posts[pair[1].id]
            ),
        )
        if (pair := change.updated_pair)
        else change
        for change in changes
        if change.post is None or change.post.id in current_posts
    ]
