"""What somebody who keeps a copy hears of the rows that were told since."""

from dataclasses import replace

from syndicate.model.change import Told
from syndicate.model.ledger import PARTS, LedgerRow, Reason
from syndicate.model.position import Position
from syndicate.model.post import BlobId, Post, PostId
from syndicate.model.selection import Selection
from syndicate.model.stretch import Stretch, follow
from tests import samples

EVERYTHING = Selection()
TTS = Selection.of(categories=["tts"])
START = Position(ledger="1ed9e4", generation=1, post=PostId(""))
NEWCOMER = replace(START, generation=0, whole=9)
POSTS = samples.posts(2)
EDITION = samples.edition(*POSTS)


def told(post: Post, reason: Reason | None = "new", *, generation: int = 5) -> Told:
    """Return a row: of a removal unless ``reason`` is new or None."""
    live = reason in ("new", None)
    row = LedgerRow.of(post, live=live, generation=generation)
    return Told(row=row, reason=reason, at=samples.NOW, commit=samples.COMMIT)


def said(found: Stretch) -> list[tuple[str, str | None]]:
    """Return type and reason of each step."""
    return [(step.telling.kind, step.telling.reason) for step in found.steps]


def test_a_post_is_told_as_it_is_now() -> None:
    """Published if it was new, else updated in what nobody can know."""
    found = follow([told(POSTS[0]), told(POSTS[1], None)], EDITION, EVERYTHING, START, 50)
    assert said(found) == [("post.published", "new"), ("post.updated", None)]
    assert [step.telling.changed for step in found.steps] == [(), PARTS]
    assert [step.post for step in found.steps] == list(POSTS)
    assert found.position == found.steps[-1].position == START.after(told(POSTS[1]))
    assert not found.is_full
    assert found.awaits is None


def test_what_is_not_there_is_removed() -> None:
    """With why it is gone, or because the selection does not hold it."""
    gone = samples.post("news/2024-01-01-gone.md")
    rows = [told(gone, "expired"), told(POSTS[0])]
    found = follow(rows, EDITION, TTS, START, 50)
    assert said(found) == [("post.removed", "expired"), ("post.removed", "left")]
    assert [step.post for step in found.steps] == [None, None]


def test_a_newcomer_hears_of_what_there_is_and_no_removals() -> None:
    """But of those since they came."""
    gone = samples.post("news/2024-01-01-gone.md")
    rows = [told(gone, "deleted"), told(POSTS[0], None), told(gone, "deleted", generation=10)]
    found = follow(rows, EDITION, EVERYTHING, NEWCOMER, 50)
    assert said(found) == [("post.published", "new"), ("post.removed", "deleted")]
    assert not follow(rows[:2], EDITION, TTS, NEWCOMER, 50).steps


def test_a_full_stretch_says_so() -> None:
    """The next one begins right after its last step."""
    rows = [told(POSTS[0]), told(POSTS[1])]
    found = follow(rows, EDITION, EVERYTHING, START, 1)
    assert found.is_full
    assert found.position == found.steps[0].position


def test_who_follows_waits_where_ledger_and_edition_differ() -> None:
    """Whichever of the two is behind: what comes then must not be missed."""
    ahead = told(replace(POSTS[1], blob=BlobId("b" * 40)))
    behind = told(samples.post("news/2024-01-01-more.md"))
    back = told(POSTS[1], "deleted")
    for row in (ahead, behind, back):
        found = follow([told(POSTS[0]), row, told(POSTS[0])], EDITION, EVERYTHING, START, 50)
        assert (len(found.steps), found.awaits) == (1, row)
        assert found.position == found.steps[0].position


def test_other_sources_are_passed_by() -> None:
    """A post never changes its source, so there is nothing to remove or to wait for."""
    elsewhere = told(samples.post("updates/x.md", source="updates"))
    found = follow([elsewhere], EDITION, Selection.of(sources=["news"]), START, 50)
    assert (found.steps, found.awaits) == ((), None)
    assert found.position == START.after(elsewhere)
