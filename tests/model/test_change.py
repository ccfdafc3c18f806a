"""Differences between an edition and the ledger."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.change import Change, LedgerEntry, changes, ledger_of
from syndicate.model.edition import Edition, HiddenFile, SourceSnapshot, UnavailableSource
from syndicate.model.ledger import FIELD_NAMES, LedgerRow, PostEvent
from syndicate.model.post import CommitId, Path, Post, PostId
from syndicate.model.selection import Selection
from tests import samples

POST = samples.post()
ELSEWHERE = samples.post("updates/2024-02-10-x.md", source="updates")
COMMIT = CommitId("d0" * 20)


def ledger_with(*posts: Post, live: bool = True) -> dict[PostId, LedgerEntry]:
    """Return a ledger with ``posts``."""
    return {
        post.id: LedgerEntry(
            row=LedgerRow.from_post(post, is_live=live, generation=1),
            reason="new" if live else "deleted",
            noticed_at=samples.NOW,
            commit=COMMIT,
        )
        for post in posts
    }


def edition(*parts: SourceSnapshot) -> Edition:
    """Return the edition of some snapshots."""
    return Edition.build(parts, at=samples.NOW)


def test_recorded_state_is_no_change() -> None:
    """Neither live posts that are recorded nor removed posts that are recorded as removed."""
    now = edition(samples.source_snapshot(samples.source(), POST))
    assert not list(changes(ledger_with(POST), now))
    assert not list(changes(ledger_with(POST, live=False), edition(samples.source_snapshot())))


@pytest.mark.parametrize(
    ("days_since_removal", "expected"), [(None, "new"), (89, "new"), (90, "source_added")]
)
def test_deleted_post_does_not_make_a_removed_source_known(
    days_since_removal: int | None, expected: str
) -> None:
    """Only the removal of the source counts, not the posts that were deleted before it."""
    deleted, removed = samples.post("news/deleted.md"), samples.post("news/removed.md")
    ledger = ledger_with(ELSEWHERE)
    for post, days, reason in (
        (deleted, 300, "deleted"),
        (removed, days_since_removal, "source_removed"),
    ):
        if days is not None:
            (entry,) = ledger_with(post, live=False).values()
            noticed_at = samples.NOW - timedelta(days=days)
            ledger[post.id] = replace(entry, reason=reason, noticed_at=noticed_at)  # type: ignore[arg-type]
    sources = [samples.source_snapshot(samples.source(), POST)]
    sources.append(samples.source_snapshot(samples.source("updates"), ELSEWHERE))

    (change,) = changes(ledger, edition(*sources))

    assert change.event_for() == PostEvent(kind="post.published", reason=expected)  # type: ignore[arg-type]


def test_unrecorded_post_is_published() -> None:
    """So is a post that was recorded as removed; both have complete rows."""
    now = edition(samples.source_snapshot(samples.source(), POST))
    for before in ({}, ledger_with(POST, live=False)):
        (change,) = changes(before, now)
        assert change.entry == LedgerEntry(
            row=LedgerRow.from_post(POST, is_live=True, generation=1 if before else 0),
            reason="new",
            noticed_at=now.at,
            commit=samples.COMMIT,
        )
        assert change.updated_pair is None


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (samples.source_snapshot(), "deleted"),
        (
            samples.source_snapshot(hidden=(HiddenFile(path=POST.path, reason="draft"),)),
            "unpublished",
        ),
        (samples.source_snapshot(samples.source(), replace(POST, expires=samples.NOW)), "expired"),
        (samples.source_snapshot(samples.source("updates")), "source_removed"),
    ],
)
def test_missing_post_is_removed_with_a_reason(part: SourceSnapshot, why: str) -> None:
    """Its row stays in the ledger."""
    (change,) = changes(ledger_with(POST), edition(part))
    assert change.entry is not None
    assert (change.entry.reason, change.entry.row.is_live) == (why, False)
    assert change.entry.commit == (COMMIT if why == "source_removed" else samples.COMMIT)


def test_stale_source_is_skipped() -> None:
    """Its posts are neither removed nor new; the other sources are compared."""
    now = Edition.build(
        [
            samples.source_snapshot(samples.source(), error="fetching failed", is_stale=True),
            samples.source_snapshot(
                samples.source("other"), samples.post("other/x.md", source="other")
            ),
        ],
        unavailable=[UnavailableSource(source=samples.source("updates"), error="no repository")],
        at=samples.NOW,
    )
    assert [
        change.post and change.post.source for change in changes(ledger_with(POST, ELSEWHERE), now)
    ] == ["other"]


def test_withdrawal_counts_although_its_source_cannot_be_read() -> None:
    """Once, also where the source was never read since the start."""
    withdrawn_ids = frozenset({POST.id, samples.post("news/never-announced.md").id})
    source = samples.source()
    before = edition(samples.source_snapshot(source, POST))
    stale = replace(samples.source_snapshot(source, is_stale=True), withdrawn_ids=withdrawn_ids)
    unread = UnavailableSource(source=source, error="lost", withdrawn_ids=withdrawn_ids)
    for now, previous in (
        (edition(stale), None),
        (before.with_snapshots([stale], at=samples.NOW), before),
        (Edition.build([], unavailable=[unread], at=samples.NOW), None),
    ):
        (change,) = changes(ledger_with(POST), now, previous)
        assert change.event_for() == PostEvent(kind="post.removed", reason="unpublished")
        assert (change.before, change.commit) == (ledger_with(POST)[POST.id].row, COMMIT)
        assert list(changes(ledger_with(POST, live=False), now)) == []


def test_source_that_became_stale_is_skipped() -> None:
    """Also where only the differences from the last recorded edition are compared."""
    since = edition(samples.source_snapshot(samples.source(), POST))
    stale = samples.source_snapshot(samples.source(), POST, is_stale=True)
    now = since.with_snapshots([stale], at=samples.NOW)
    assert list(changes(ledger_of(since), now, since)) == []


def test_removed_source_is_announced_once() -> None:
    """Posts that were removed before are skipped."""
    assert not list(
        changes(
            ledger_with(POST, live=False), edition(samples.source_snapshot(samples.source("other")))
        )
    )


def test_post_live_before_and_now_needs_a_comparison() -> None:
    """Without a difference there is no event, and the row is as it must be."""
    moved = replace(POST, path=Path("news/moved.md"))
    (change,) = changes(
        ledger_with(POST), edition(samples.source_snapshot(samples.source(), moved))
    )
    assert change.updated_pair == (ledger_with(POST)[POST.id].row, moved)
    assert change.entry is None
    assert change.new_row == LedgerRow.from_post(moved, is_live=True, generation=1)


def test_event_depends_on_the_selection() -> None:
    """All posts: an update. A selection that the post enters: a publication."""
    row = LedgerRow.from_post(replace(POST, categories=(samples.TTS,)), is_live=True, generation=1)
    change = Change(
        before=row,
        post=POST,
        noticed_at=samples.NOW + timedelta(days=1),
        commit=COMMIT,
        changed=FIELD_NAMES,
    )
    kinds = [
        event and (event.kind, event.reason)
        for event in (
            change.event_for(),
            change.event_for(Selection.create(categories=["technology"])),
            change.event_for(Selection.create(categories=["tts"])),
            change.event_for(Selection.create(languages=["es"])),
        )
    ]
    assert kinds == [
        ("post.updated", None),
        ("post.published", "entered"),
        ("post.removed", "left"),
        None,
    ]


def test_recorded_edition_has_no_changes() -> None:
    """Compared with an empty ledger, all its posts are new."""
    now = edition(samples.source_snapshot(samples.source(), POST))
    ledger = ledger_of(now)
    assert not list(changes(ledger, now))
    assert ledger[POST.id].commit == samples.COMMIT
    (gone,) = changes(ledger, edition(samples.source_snapshot()))
    assert gone.entry is not None
    assert gone.entry.reason == "deleted"


@st.composite
def parts(draw: st.DrawFn) -> tuple[SourceSnapshot, ...]:
    """Return snapshots of up to two sources with few posts, some of them future or expiring."""
    return tuple(
        samples.source_snapshot(
            samples.source(name),
            *(
                samples.post(
                    f"{name}/{number}.md",
                    source=name,
                    title=draw(st.sampled_from(["one", "two"])),
                    published=samples.NOW + timedelta(hours=draw(st.integers(-1, 1))),
                    expires=draw(st.sampled_from([None, samples.NOW + timedelta(hours=2)])),
                )
                for number in draw(st.sets(st.integers(0, 3)))
            ),
            hidden=(HiddenFile(path=Path(f"{name}/1.md"), reason="draft"),),
            is_stale=draw(st.sampled_from([False, False, False, True])),
        )
        for name in draw(st.sampled_from([("news", "updates"), ("news",), ("updates",)]))
    )


@given(parts(), parts(), st.integers(0, 3))
def test_incremental_changes_equal_all_changes(
    before: tuple[SourceSnapshot, ...], after: tuple[SourceSnapshot, ...], hours: int
) -> None:
    """For any additions, removals, time changes and stale sources."""
    since = Edition.build(before, at=samples.NOW)
    ledger = ledger_of(since)
    held = {post: post for part in before for post in part.posts}
    after = tuple(
        replace(part, posts=tuple(held.get(post, post) for post in part.posts)) for part in after
    )
    now = since.with_snapshots(after, at=samples.NOW + timedelta(hours=hours))
    assert _sorted(changes(ledger, now, since)) == _sorted(changes(ledger, now))


def _sorted(found: Iterable[Change]) -> list[Change]:
    return sorted(found, key=lambda change: (change.commit, repr(change.post), repr(change.before)))
