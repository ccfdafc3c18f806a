"""What one subscriber alone must be told."""

from dataclasses import replace

from syndicate.model.catch_up import (
    LastSent,
    backfill_filter,
    recovery_filter,
    selection_change_filter,
)
from syndicate.model.change import LedgerEntry
from syndicate.model.ledger import FIELD_NAMES, LedgerRow, PostEvent
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId
from tests import samples

ROW = LedgerRow.from_post(
    samples.post("news/2024-02-02-x.md", categories=(samples.TTS,)), is_live=True, generation=7
)
TOLD = LedgerEntry(row=ROW, reason="new", noticed_at=samples.NOW, commit=samples.COMMIT)
GONE = replace(TOLD, row=replace(ROW, is_live=False), reason="expired")
ALL = Subscription(id=SubscriptionId("sub_1"), url="https://partner.example/hook")
NONE = replace(ALL, selection=Selection.create(sources=["updates"]))
NEW = PostEvent(kind="post.published", reason="new")


def test_everything_is_what_is_live_and_selected() -> None:
    """Of what is gone, nothing is said to who never had it."""
    assert backfill_filter(ALL)(TOLD) == NEW
    assert backfill_filter(ALL)(GONE) is None
    assert backfill_filter(NONE)(TOLD) is None


def test_another_selection_is_told_of_live_posts() -> None:
    """What enters, what leaves; not what stays, and nothing of what is gone."""
    assert selection_change_filter(NONE, ALL)(TOLD) == PostEvent(
        kind="post.published", reason="entered"
    )
    assert selection_change_filter(ALL, NONE)(TOLD) == PostEvent(
        kind="post.removed", reason="selection_changed"
    )
    assert selection_change_filter(ALL, ALL)(TOLD) is None
    assert selection_change_filter(NONE, ALL)(GONE) is None


def test_what_was_heard_was_not_missed() -> None:
    """The last word on a post is what counts."""
    last, before = [LastSent(kind="post.published", generation=number) for number in (7, 6)]
    assert recovery_filter(ALL, {ROW.post_id: last})(TOLD) is None
    assert recovery_filter(ALL, {ROW.post_id: before})(TOLD) == NEW


def test_a_word_that_is_no_longer_true_of_a_selection_is_not_enough() -> None:
    """A selection that was changed while nothing was sent lets posts enter and leave, too."""
    there = LastSent(kind="post.published", generation=7)
    gone = LastSent(kind="post.removed", generation=7)
    assert recovery_filter(NONE, {ROW.post_id: there})(TOLD) == PostEvent(
        kind="post.removed", reason="left"
    )
    assert recovery_filter(NONE, {ROW.post_id: gone})(TOLD) is None
    assert recovery_filter(ALL, {ROW.post_id: gone})(TOLD) == NEW


def test_what_was_missed_is_told_to_who_may_have_had_anything() -> None:
    """An update counts as changed in all parts; a removal may be of what they never had."""
    updated = replace(TOLD, reason=None)
    assert recovery_filter(ALL, {})(updated) == PostEvent(kind="post.updated", changed=FIELD_NAMES)
    assert recovery_filter(ALL, {})(GONE) == PostEvent(kind="post.removed", reason="expired")
    assert recovery_filter(NONE, {})(TOLD) == PostEvent(kind="post.removed", reason="left")


def test_nobody_is_told_what_they_do_not_want() -> None:
    """By the types of their subscription."""
    removals = replace(ALL, types=("post.removed",))
    assert backfill_filter(removals)(TOLD) is None
    assert recovery_filter(removals, {})(TOLD) is None
    assert recovery_filter(removals, {})(GONE) is not None
