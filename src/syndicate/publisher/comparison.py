"""Comparing posts with what was told of them: both are rendered by today's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from syndicate.model.change import Change
from syndicate.model.edition import Edition
from syndicate.model.ledger import LedgerRow, difference
from syndicate.model.post import Item, Post, PostId


class Maker(Protocol):
    """What makes items of posts, in whatever thread it is called."""

    def items(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` of ``edition`` as items, in their order; raises `RepositoryError`."""
        ...

    def past(
        self, told: Sequence[tuple[LedgerRow, Post]], edition: Edition
    ) -> Mapping[PostId, Item]:
        """Return those as they were told that can still be made; raises `RepositoryError`."""
        ...


def compared(maker: Maker, changes: Sequence[Change], edition: Edition) -> Sequence[Change]:
    """Return ``changes`` with the fields that differ in posts that were announced and are live.

    A change to a live post is left out if its content cannot be read now: subscribers are only
    sent complete posts. Raises `RepositoryError`.
    """
    posts = [change.post for change in changes if change.post]
    pairs = [pair for change in changes if (pair := change.stayed)]
    olds = maker.past(pairs, edition) if pairs else {}
    news = {item.post.id: item for item in maker.items(posts, edition)}
    return [
        replace(change, changed=difference(pair[0], olds.get(pair[1].id), news[pair[1].id]))
        if (pair := change.stayed)
        else change
        for change in changes
        if change.post is None or change.post.id in news
    ]
