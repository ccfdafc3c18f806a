"""Differences between an edition and the ledger, from which events are made."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from syndicate.model.edition import Edition, SourceSnapshot
from syndicate.model.ledger import (
    EventReason,
    FieldName,
    LedgerRow,
    PostEvent,
    PublicationReason,
    RemovalReason,
    Translations,
    changed_inputs,
    determine_removal_reason,
    event_for,
    lacks_digests,
    may_have_changed,
)
from syndicate.model.post import CommitId, Post, PostId
from syndicate.model.selection import Selection

_ALL_POSTS: Final = Selection()

_ROWS_OF_REMOVED_SOURCES_COUNT: Final = timedelta(days=90)
"""For so long, a source that is added again is not a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """A row of the ledger with the reason, time and commit of its last event.

    ``reason`` is None for an update.
    """

    row: LedgerRow
    reason: EventReason | None
    noticed_at: datetime
    commit: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A post whose state differs from the ledger.

    ``post`` is None if the post is not live now, and ``removal_reason`` says why; else
    ``publication_reason`` says why it is, if it was not before. ``changed`` is
    the result of `changed_fields`, which only a post needs that was live before and is live now.
    ``translations`` are the live ones of ``post``.
    """

    before: LedgerRow | None
    post: Post | None
    translations: Translations = ()
    publication_reason: PublicationReason = "new"
    removal_reason: RemovalReason = "deleted"
    noticed_at: datetime
    commit: CommitId
    changed: tuple[FieldName, ...] | None = None

    @property
    def updated_pair(self) -> tuple[LedgerRow, Post] | None:
        """The ledger row and the current post, if the post was live before and is live now."""
        if self.before is None or self.post is None or not self.before.is_live:
            return None
        return self.before, self.post

    @property
    def changed_inputs(self) -> tuple[FieldName, ...] | None:
        """The fields whose inputs differ, None if the post has to be rendered to know."""
        pair = self.updated_pair
        return None if pair is None else changed_inputs(*pair, self.translations)

    @property
    def new_row(self) -> LedgerRow | None:
        """The row that the ledger must hold from now on, with the previous generation."""
        if self.post is None:
            return self.before and replace(self.before, is_live=False)
        return LedgerRow.from_post(
            self.post,
            is_live=True,
            generation=self.before.generation if self.before else 0,
            translations=self.translations,
        )

    def event_for(self, selection: Selection = _ALL_POSTS) -> PostEvent | None:
        """Return the event for subscribers of ``selection``, or None."""
        return event_for(
            selection,
            before=self.before,
            post=self.post,
            changed=self.changed,
            publication_reason=self.publication_reason,
            removal_reason=self.removal_reason,
        )

    @property
    def entry(self) -> LedgerEntry | None:
        """The entry for the ledger if at least one subscriber may receive an event, else None."""
        event, row = self.event_for(), self.new_row
        if event is None or row is None:
            return None
        return LedgerEntry(
            row=row, reason=event.reason, noticed_at=self.noticed_at, commit=self.commit
        )


def changes(
    ledger: Mapping[PostId, LedgerEntry], edition: Edition, previous: Edition | None = None
) -> Iterator[Change]:
    """Yield every post that may differ from the ledger, without rendering it.

    A source that could not be read is skipped, since its current posts are unknown, except for
    those that the operator withdrew. A source that is no longer in the settings has no posts. If
    the edition ``previous`` was recorded completely, only the differences from it are compared.
    """
    yield from _withdrawals_from_unread_sources(ledger, edition)
    changed_posts = None if previous is None else _posts_changed_since(edition, previous)
    if changed_posts is not None:
        yield from _changes_of_posts(changed_posts, ledger, edition)
        return
    rows = _by_source(ledger)
    for snapshot in edition.snapshots:
        if not snapshot.is_stale:
            posts = {post.id: post for post in snapshot.posts}
            known = rows.get(snapshot.source.name, {})
            is_added = bool(ledger) and not _is_known(snapshot, known, edition.at)
            yield from _source_changes(snapshot, posts, known, edition, is_added=is_added)
    for name in rows.keys() - {source.name for source in edition.sources}:
        for entry in rows[name].values():
            if entry.row.is_live:
                yield Change(
                    before=entry.row,
                    post=None,
                    removal_reason="source_removed",
                    noticed_at=edition.at,
                    commit=entry.commit,
                )


def _withdrawals_from_unread_sources(
    ledger: Mapping[PostId, LedgerEntry], edition: Edition
) -> Iterator[Change]:
    unread = [source.withdrawn_ids for source in edition.unavailable]
    stale = [source.withdrawn_ids for source in edition.snapshots if source.is_stale]
    for withdrawn_ids in (*unread, *stale):
        for post_id in sorted(withdrawn_ids):
            entry = ledger.get(post_id)
            if entry is not None and entry.row.is_live:
                yield Change(
                    before=entry.row,
                    post=None,
                    removal_reason="unpublished",
                    noticed_at=edition.at,
                    commit=entry.commit,
                )


def ledger_of(edition: Edition) -> dict[PostId, LedgerEntry]:
    """Return the ledger as it would be after recording ``edition`` and nothing else."""
    commits = {snapshot.source.name: snapshot.commit for snapshot in edition.snapshots}
    return {
        post.id: LedgerEntry(
            row=LedgerRow.from_post(
                post, is_live=True, generation=0, translations=edition.translations(post)
            ),
            reason=None,
            noticed_at=edition.at,
            commit=commits[post.source],
        )
        for post in edition.posts
    }


def _is_known(snapshot: SourceSnapshot, ledger: Mapping[PostId, LedgerEntry], at: datetime) -> bool:
    """Return whether a post of a source was announced, and the source not removed long before.

    The latest entries of a removed source say so; posts deleted before have another reason.
    """
    name = snapshot.source.name
    if any(entry.row.is_live and entry.row.source == name for entry in ledger.values()):
        return True  # found at once, as a rule
    of_source = (entry for entry in ledger.values() if entry.row.source == name)
    latest = max(of_source, key=attrgetter("noticed_at"), default=None)
    return latest is not None and (
        latest.reason != "source_removed" or at - latest.noticed_at < _ROWS_OF_REMOVED_SOURCES_COUNT
    )


def _by_source(ledger: Mapping[PostId, LedgerEntry]) -> dict[str, dict[PostId, LedgerEntry]]:
    rows: defaultdict[str, dict[PostId, LedgerEntry]] = defaultdict(dict)
    for post_id, entry in ledger.items():
        rows[entry.row.source][post_id] = entry
    return rows


def _posts_changed_since(edition: Edition, previous: Edition) -> dict[PostId, Post | None] | None:
    """Return the posts in which ``edition`` and ``previous`` differ, None for removed posts.

    Returns None instead if that is not enough: the sources differ, some were skipped, or posts
    appeared or expired in between.
    """
    compared = [snapshot.source.name for snapshot in previous.snapshots if not snapshot.is_stale]
    if compared != [snapshot.source.name for snapshot in edition.snapshots]:
        return None
    difference = previous.live_posts.difference(edition.live_posts.sources, edition.at)
    if difference is None:
        return None
    removed, added = difference
    groups = {(post.source, post.translation) for post in (*removed, *added)}
    translations = edition.live_posts.index.translations
    return (
        {post.id: post for group in groups for post in translations.get(group, ())}
        | dict.fromkeys(post.id for post in removed)
        | {post.id: post for post in added}
    )


def _changes_of_posts(
    changed_posts: Mapping[PostId, Post | None],
    ledger: Mapping[PostId, LedgerEntry],
    edition: Edition,
) -> Iterator[Change]:
    posts = {
        post_id: source_posts for post_id, source_posts in changed_posts.items() if source_posts
    }
    rows = _by_source({post_id: ledger[post_id] for post_id in changed_posts if post_id in ledger})
    for snapshot in edition.snapshots:
        if not snapshot.is_stale:
            name = snapshot.source.name
            source_posts = {post_id: post for post_id, post in posts.items() if post.source == name}
            is_added = bool(ledger and source_posts) and not _is_known(snapshot, ledger, edition.at)
            yield from _source_changes(
                snapshot, source_posts, rows.get(name, {}), edition, is_added=is_added
            )


def _source_changes(
    snapshot: SourceSnapshot,
    posts: Mapping[PostId, Post],
    ledger: Mapping[PostId, LedgerEntry],
    edition: Edition,
    *,
    is_added: bool,
) -> Iterator[Change]:
    hidden = {file.path for file in snapshot.hidden}
    for post_id in posts.keys() | ledger.keys():
        before = ledger[post_id].row if post_id in ledger else None
        post = edition.find_post(post_id)
        translations = edition.translations(post) if post else ()
        if may_have_changed(before, post, translations) or lacks_digests(before, post):
            yield Change(
                before=before,
                post=post,
                translations=translations,
                publication_reason="source_added" if is_added else "new",
                removal_reason=determine_removal_reason(
                    posts.get(post_id),
                    edition.at,
                    is_hidden=before is not None and before.path in hidden,
                ),
                noticed_at=edition.at,
                commit=snapshot.commit,
            )
