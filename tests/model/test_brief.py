"""What one subscriber alone must be told."""

from dataclasses import replace

from syndicate.model.brief import Heard, everything, missed, reselected
from syndicate.model.change import Told
from syndicate.model.ledger import PARTS, LedgerRow, Telling
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId
from tests import samples

ROW = LedgerRow.of(
    samples.post("news/2024-02-02-x.md", categories=(samples.TTS,)), live=True, generation=7
)
TOLD = Told(row=ROW, reason="new", at=samples.NOW, commit=samples.COMMIT)
GONE = replace(TOLD, row=replace(ROW, live=False), reason="expired")
ALL = Subscription(id=SubscriptionId("sub_1"), url="https://partner.example/hook")
NONE = replace(ALL, selection=Selection.of(sources=["updates"]))
NEW = Telling(kind="post.published", reason="new")


def test_everything_is_what_is_live_and_selected() -> None:
    """Of what is gone, nothing is said to who never had it."""
    assert everything(ALL)(TOLD) == NEW
    assert everything(ALL)(GONE) is None
    assert everything(NONE)(TOLD) is None


def test_another_selection_is_told_of_live_posts() -> None:
    """What enters, what leaves; not what stays, and nothing of what is gone."""
    assert reselected(NONE, ALL)(TOLD) == Telling(kind="post.published", reason="entered")
    assert reselected(ALL, NONE)(TOLD) == Telling(kind="post.removed", reason="selection_changed")
    assert reselected(ALL, ALL)(TOLD) is None
    assert reselected(NONE, ALL)(GONE) is None


def test_what_was_heard_was_not_missed() -> None:
    """The last word on a post is what counts."""
    last, before = [Heard(kind="post.published", generation=number) for number in (7, 6)]
    assert missed(ALL, {ROW.post: last})(TOLD) is None
    assert missed(ALL, {ROW.post: before})(TOLD) == NEW


def test_a_word_that_is_no_longer_true_of_a_selection_is_not_enough() -> None:
    """A selection that was changed while nothing was sent lets posts enter and leave, too."""
    there = Heard(kind="post.published", generation=7)
    gone = Heard(kind="post.removed", generation=7)
    assert missed(NONE, {ROW.post: there})(TOLD) == Telling(kind="post.removed", reason="left")
    assert missed(NONE, {ROW.post: gone})(TOLD) is None
    assert missed(ALL, {ROW.post: gone})(TOLD) == NEW


def test_what_was_missed_is_told_to_who_may_have_had_anything() -> None:
    """An update counts as changed in all parts; a removal may be of what they never had."""
    updated = replace(TOLD, reason=None)
    assert missed(ALL, {})(updated) == Telling(kind="post.updated", changed=PARTS)
    assert missed(ALL, {})(GONE) == Telling(kind="post.removed", reason="expired")
    assert missed(NONE, {})(TOLD) == Telling(kind="post.removed", reason="left")


def test_nobody_is_told_what_they_do_not_want() -> None:
    """By the types of their subscription."""
    removals = replace(ALL, types=("post.removed",))
    assert everything(removals)(TOLD) is None
    assert missed(removals, {})(TOLD) is None
    assert missed(removals, {})(GONE) is not None
