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
    """Return ``changes`` to ``edition`` with what differs in those posts that stayed.

    Raises `RepositoryError`.
    """
    pairs = [pair for change in changes if (pair := change.stayed)]
    olds = maker.past(pairs, edition)
    news = {item.post.id: item for item in maker.items([post for _, post in pairs], edition)}
    return [
        replace(change, changed=difference(pair[0], olds.get(pair[1].id), news[pair[1].id]))
        if (pair := change.stayed)
        else change
        for change in changes
    ]
