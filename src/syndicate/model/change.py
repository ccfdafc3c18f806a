"""Changes: what the world must be told when an edition differs from the ledger."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from syndicate.model.edition import Edition, SourceSnapshot
from syndicate.model.ledger import (
    EventReason,
    FieldName,
    LedgerRow,
    PostEvent,
    RemovalReason,
    determine_removal_reason,
    event_for,
    may_have_changed,
)
from syndicate.model.post import CommitId, Post, PostId
from syndicate.model.selection import Selection

_ALL_POSTS: Final = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """A row of the ledger with why, when and of which commit it was told.

    ``reason`` is None for an update.
    """

    row: LedgerRow
    reason: EventReason | None
    noticed_at: datetime
    commit: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A post that is not as the world was last told of it.

    ``post`` is None where readers cannot see it now, and ``gone`` then says why. ``changed`` is
    the `difference`, which only a post needs that is live before and now.
    """

    before: LedgerRow | None
    post: Post | None
    removal_reason: RemovalReason = "deleted"
    noticed_at: datetime
    commit: CommitId
    changed: tuple[FieldName, ...] | None = None

    @property
    def updated_pair(self) -> tuple[LedgerRow, Post] | None:
        """What was told and what there is now, of a post that is live before and now."""
        if self.before is None or self.post is None or not self.before.is_live:
            return None
        return self.before, self.post

    @property
    def new_row(self) -> LedgerRow | None:
        """The row as it must be from now on, still of the former generation."""
        if self.post is None:
            return self.before and replace(self.before, is_live=False)
        return LedgerRow.from_post(
            self.post, is_live=True, generation=self.before.generation if self.before else 0
        )

    def event_for(self, selection: Selection = _ALL_POSTS) -> PostEvent | None:
        """Return what subscribers of ``selection`` must be told, None if nothing."""
        return event_for(
            selection,
            before=self.before,
            post=self.post,
            changed=self.changed,
            removal_reason=self.removal_reason,
        )

    @property
    def entry(self) -> LedgerEntry | None:
        """What is to be told to the whole world, None if nobody has to hear of it."""
        telling, row = self.event_for(), self.new_row
        if telling is None or row is None:
            return None
        return LedgerEntry(
            row=row, reason=telling.reason, noticed_at=self.noticed_at, commit=self.commit
        )


def changes(
    ledger: Mapping[PostId, LedgerEntry], edition: Edition, previous: Edition | None = None
) -> Iterator[Change]:
    """Yield every post that may have to be told of, found without rendering anything.

    A source that cannot be read is left out: what it has now is not known. One that is not in the
    settings any more has no posts. Where nothing was left to be told of the edition ``since``,
    only what differs from it is looked at.
    """
    stirring = None if previous is None else _posts_changed_since(edition, previous)
    if stirring is not None:
        yield from _changes_of_posts(stirring, ledger, edition)
        return
    rows = _by_source(ledger)
    for part in edition.snapshots:
        if not part.is_stale:
            known = {post.id: post for post in part.posts}
            yield from _source_changes(part, known, rows.get(part.source.name, {}), edition)
    for name in rows.keys() - {source.name for source in edition.sources}:
        for one in rows[name].values():
            if one.row.is_live:
                yield Change(
                    before=one.row,
                    post=None,
                    removal_reason="source_removed",
                    noticed_at=edition.at,
                    commit=one.commit,
                )


def ledger_of(edition: Edition) -> dict[PostId, LedgerEntry]:
    """Return what a ledger would hold if the world had been told of ``edition``, and no other."""
    commits = {part.source.name: part.commit for part in edition.snapshots}
    return {
        post.id: LedgerEntry(
            row=LedgerRow.from_post(post, is_live=True, generation=0),
            reason=None,
            noticed_at=edition.at,
            commit=commits[post.source],
        )
        for post in edition.posts
    }


def _by_source(ledger: Mapping[PostId, LedgerEntry]) -> dict[str, dict[PostId, LedgerEntry]]:
    rows: defaultdict[str, dict[PostId, LedgerEntry]] = defaultdict(dict)
    for post, one in ledger.items():
        rows[one.row.source][post] = one
    return rows


def _posts_changed_since(edition: Edition, previous: Edition) -> dict[PostId, Post | None] | None:
    """Return the posts that ``edition`` holds as ``since`` did not, None for those it lacks.

    None if that is not all there may be: sources were others or left out then, or posts turned
    meanwhile.
    """
    compared = [part.source.name for part in previous.snapshots if not part.is_stale]
    if compared != [part.source.name for part in edition.snapshots]:
        return None
    found = previous.live_posts.difference(edition.live_posts.sources, edition.at)
    if found is None:
        return None
    gone, come = found
    return dict.fromkeys(post.id for post in gone) | {post.id: post for post in come}


def _changes_of_posts(
    changed_posts: Mapping[PostId, Post | None],
    ledger: Mapping[PostId, LedgerEntry],
    edition: Edition,
) -> Iterator[Change]:
    known = {post: held for post, held in changed_posts.items() if held}
    rows = _by_source({post: ledger[post] for post in changed_posts if post in ledger})
    for part in edition.snapshots:
        if not part.is_stale:
            name = part.source.name
            held = {post: one for post, one in known.items() if one.source == name}
            yield from _source_changes(part, held, rows.get(name, {}), edition)


def _source_changes(
    snapshot: SourceSnapshot,
    known: Mapping[PostId, Post],
    ledger: Mapping[PostId, LedgerEntry],
    edition: Edition,
) -> Iterator[Change]:
    hidden = {file.path for file in snapshot.hidden}
    for post in known.keys() | ledger.keys():
        before = ledger[post].row if post in ledger else None
        live = edition.find_post(post)
        if may_have_changed(before, live):
            yield Change(
                before=before,
                post=live,
                removal_reason=determine_removal_reason(
                    known.get(post),
                    edition.at,
                    is_hidden=before is not None and before.path in hidden,
                ),
                noticed_at=edition.at,
                commit=snapshot.commit,
            )
