"""Changes: what the world must be told when an edition differs from the ledger."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from syndicate.model.edition import Edition, Part
from syndicate.model.ledger import (
    Absence,
    LedgerRow,
    PartName,
    Reason,
    Telling,
    absence,
    stirred,
    tell,
)
from syndicate.model.post import CommitId, Post, PostId
from syndicate.model.selection import Selection

_EVERYTHING: Final = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A row of the ledger with why, when and of which commit it was told.

    ``reason`` is None for an update.
    """

    row: LedgerRow
    reason: Reason | None
    at: datetime
    commit: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A post that is not as the world was last told of it.

    ``post`` is None where readers cannot see it now, and ``gone`` then says why. ``changed`` is
    the `difference`, which only a post needs that is live before and now.
    """

    before: LedgerRow | None
    post: Post | None
    gone: Absence = "deleted"
    at: datetime
    commit: CommitId
    changed: tuple[PartName, ...] | None = None

    @property
    def stayed(self) -> tuple[LedgerRow, Post] | None:
        """What was told and what there is now, of a post that is live before and now."""
        if self.before is None or self.post is None or not self.before.live:
            return None
        return self.before, self.post

    @property
    def row(self) -> LedgerRow | None:
        """The row as it must be from now on, still of the former generation."""
        if self.post is None:
            return self.before and replace(self.before, live=False)
        return LedgerRow.of(
            self.post, live=True, generation=self.before.generation if self.before else 0
        )

    def telling(self, selection: Selection = _EVERYTHING) -> Telling | None:
        """Return what subscribers of ``selection`` must be told, None if nothing."""
        return tell(
            selection, before=self.before, post=self.post, changed=self.changed, gone=self.gone
        )

    @property
    def told(self) -> Told | None:
        """What is to be told to the whole world, None if nobody has to hear of it."""
        telling, row = self.telling(), self.row
        if telling is None or row is None:
            return None
        return Told(row=row, reason=telling.reason, at=self.at, commit=self.commit)


def changes(
    told: Mapping[PostId, Told], edition: Edition, since: Edition | None = None
) -> Iterator[Change]:
    """Yield every post that may have to be told of, found without rendering anything.

    A source that cannot be read is left out: what it has now is not known. One that is not in the
    settings any more has no posts. Where nothing was left to be told of the edition ``since``,
    only what differs from it is looked at.
    """
    stirring = None if since is None else _stirring(edition, since)
    if stirring is not None:
        yield from _changes_among(stirring, told, edition)
        return
    rows = _by_source(told)
    for part in edition.parts:
        if not part.is_stale:
            known = {post.id: post for post in part.posts}
            yield from _changes_of(part, known, rows.get(part.source.name, {}), edition)
    for name in rows.keys() - {source.name for source in edition.sources}:
        for one in rows[name].values():
            if one.row.live:
                yield Change(
                    before=one.row,
                    post=None,
                    gone="source_removed",
                    at=edition.at,
                    commit=one.commit,
                )


def as_told(edition: Edition) -> dict[PostId, Told]:
    """Return what a ledger would hold if the world had been told of ``edition``, and no other."""
    commits = {part.source.name: part.commit for part in edition.parts}
    return {
        post.id: Told(
            row=LedgerRow.of(post, live=True, generation=0),
            reason=None,
            at=edition.at,
            commit=commits[post.source],
        )
        for post in edition.posts
    }


def _by_source(told: Mapping[PostId, Told]) -> dict[str, dict[PostId, Told]]:
    rows: defaultdict[str, dict[PostId, Told]] = defaultdict(dict)
    for post, one in told.items():
        rows[one.row.source][post] = one
    return rows


def _stirring(edition: Edition, since: Edition) -> dict[PostId, Post | None] | None:
    """Return the posts that ``edition`` holds as ``since`` did not, None for those it lacks.

    None if that is not all there may be: sources were others or left out then, or posts turned
    meanwhile.
    """
    compared = [part.source.name for part in since.parts if not part.is_stale]
    if compared != [part.source.name for part in edition.parts]:
        return None
    found = since.roll.difference(edition.roll.held, edition.at)
    if found is None:
        return None
    gone, come = found
    return dict.fromkeys(post.id for post in gone) | {post.id: post for post in come}


def _changes_among(
    stirring: Mapping[PostId, Post | None], told: Mapping[PostId, Told], edition: Edition
) -> Iterator[Change]:
    known = {post: held for post, held in stirring.items() if held}
    rows = _by_source({post: told[post] for post in stirring if post in told})
    for part in edition.parts:
        if not part.is_stale:
            name = part.source.name
            held = {post: one for post, one in known.items() if one.source == name}
            yield from _changes_of(part, held, rows.get(name, {}), edition)


def _changes_of(
    part: Part, known: Mapping[PostId, Post], told: Mapping[PostId, Told], edition: Edition
) -> Iterator[Change]:
    hidden = {file.path for file in part.hidden}
    for post in known.keys() | told.keys():
        before = told[post].row if post in told else None
        live = edition.find(post)
        if stirred(before, live):
            yield Change(
                before=before,
                post=live,
                gone=absence(
                    known.get(post),
                    edition.at,
                    hidden=before is not None and before.path in hidden,
                ),
                at=edition.at,
                commit=part.commit,
            )
