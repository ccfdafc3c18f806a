"""Events that one subscription needs to catch up with the ledger."""

from dataclasses import replace

from syndicate.model.change import LedgerEntry
from syndicate.model.change_stream import (
    LastSent,
    backfill_events,
    recovery_events,
    selection_change_events,
)
from syndicate.model.ledger import FIELD_NAMES, LedgerRow, PostEvent
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId
from tests import samples

ROW = LedgerRow.from_post(
    samples.post("news/2024-02-02-x.md", categories=(samples.TTS,)), is_live=True, generation=7
)
LIVE = LedgerEntry(row=ROW, reason="new", noticed_at=samples.NOW, commit=samples.COMMIT)
REMOVED = replace(LIVE, row=replace(ROW, is_live=False), reason="expired")
ALL = Subscription(id=SubscriptionId("sub_1"), url="https://partner.example/hook")
NONE = replace(ALL, selection=Selection.create(sources=["updates"]))
NEW = PostEvent(kind="post.published", reason="new")
LEFT = PostEvent(kind="post.removed", reason="left")


def test_backfill_contains_selected_live_posts() -> None:
    """Removed posts are not mentioned to a subscriber that never had them."""
    assert backfill_events([LIVE, REMOVED], ALL) == [(LIVE, NEW)]
    assert backfill_events([LIVE], NONE) == []


def test_selection_change_adds_and_removes_live_posts() -> None:
    """Posts in both selections and removed posts get no event."""
    entered = PostEvent(kind="post.published", reason="entered")
    removed = PostEvent(kind="post.removed", reason="selection_changed")
    assert selection_change_events([LIVE, REMOVED], NONE, ALL) == [(LIVE, entered)]
    assert selection_change_events([LIVE, REMOVED], ALL, NONE) == [(LIVE, removed)]
    assert selection_change_events([LIVE], ALL, ALL) == []


def test_recovery_leaves_out_what_was_sent_last() -> None:
    """The last event about a post decides."""
    last, before = [LastSent(kind="post.published", generation=number) for number in (7, 6)]
    assert recovery_events([LIVE], ALL, {ROW.post_id: last}) == []
    assert recovery_events([LIVE], ALL, {ROW.post_id: before}) == [(LIVE, NEW)]


def test_recovery_corrects_a_selection_changed_meanwhile() -> None:
    """A selection changed while nothing was sent lets posts enter and leave, too."""
    published = {ROW.post_id: LastSent(kind="post.published", generation=7)}
    removed = {ROW.post_id: LastSent(kind="post.removed", generation=7)}
    assert recovery_events([LIVE], NONE, published) == [(LIVE, LEFT)]
    assert recovery_events([LIVE], NONE, removed) == []
    assert recovery_events([LIVE], ALL, removed) == [(LIVE, NEW)]


def test_recovery_without_earlier_events_assumes_nothing() -> None:
    """An update counts as changed in all fields; a removal may be of a post it never had."""
    updated = replace(LIVE, reason=None)
    event = PostEvent(kind="post.updated", changed=FIELD_NAMES)
    assert recovery_events([updated], ALL, {}) == [(updated, event)]
    expired = PostEvent(kind="post.removed", reason="expired")
    assert recovery_events([REMOVED], ALL, {}) == [(REMOVED, expired)]
    assert recovery_events([LIVE], NONE, {}) == [(LIVE, LEFT)]


def test_events_of_other_types_are_left_out() -> None:
    """By the event types of the subscription."""
    removals = replace(ALL, types=("post.removed",))
    assert backfill_events([LIVE], removals) == []
    assert selection_change_events([LIVE], replace(NONE, types=("post.removed",)), removals) == []
    assert recovery_events([LIVE], removals, {}) == []
    assert len(recovery_events([REMOVED], removals, {})) == 1
