"""Changes that a client with a copy gets from the ledger."""

from dataclasses import replace

from syndicate.model.change import LedgerEntry
from syndicate.model.change_stream import ChangePage, changes_after
from syndicate.model.ledger import FIELD_NAMES, EventReason, LedgerRow
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import BlobId, Post, PostId
from syndicate.model.selection import Selection
from tests import samples

EVERYTHING = Selection()
TTS = Selection.create(categories=["tts"])
START = LedgerCursor(ledger_id="1ed9e4", generation=1, post_id=PostId(""))
NEWCOMER = replace(START, generation=0, initial_until=9)
POSTS = samples.posts(2)
EDITION = samples.edition(*POSTS)


def told(post: Post, reason: EventReason | None = "new", *, generation: int = 5) -> LedgerEntry:
    """Return an entry: of a removal unless ``reason`` is new or None."""
    live = reason in ("new", None)
    row = LedgerRow.from_post(post, is_live=live, generation=generation)
    return LedgerEntry(row=row, reason=reason, noticed_at=samples.NOW, commit=samples.COMMIT)


def said(found: ChangePage) -> list[tuple[str, str | None]]:
    """Return type and reason of each item."""
    return [(step.post_event.kind, step.post_event.reason) for step in found.items]


def test_live_post_is_published_or_updated() -> None:
    """Published if it was new, else updated in all fields."""
    found = changes_after([told(POSTS[0]), told(POSTS[1], None)], EDITION, EVERYTHING, START, 50)
    assert said(found) == [("post.published", "new"), ("post.updated", None)]
    assert [step.post_event.changed for step in found.items] == [(), FIELD_NAMES]
    assert [step.post for step in found.items] == list(POSTS)
    assert found.next_cursor == found.items[-1].cursor == START.advanced_to(told(POSTS[1]))
    assert not found.is_full
    assert found.blocked_by is None


def test_missing_post_is_removed() -> None:
    """With its reason, or because the selection does not contain it."""
    gone = samples.post("news/2024-01-01-gone.md")
    rows = [told(gone, "expired"), told(POSTS[0])]
    found = changes_after(rows, EDITION, TTS, START, 50)
    assert said(found) == [("post.removed", "expired"), ("post.removed", "left")]
    assert [step.post for step in found.items] == [None, None]


def test_new_client_gets_live_posts_without_old_removals() -> None:
    """Removals after its start are included."""
    gone = samples.post("news/2024-01-01-gone.md")
    rows = [told(gone, "deleted"), told(POSTS[0], None), told(gone, "deleted", generation=10)]
    found = changes_after(rows, EDITION, EVERYTHING, NEWCOMER, 50)
    assert said(found) == [("post.published", "new"), ("post.removed", "deleted")]
    assert not changes_after(rows[:2], EDITION, TTS, NEWCOMER, 50).items


def test_full_page_is_marked() -> None:
    """The next one begins right after its last item."""
    rows = [told(POSTS[0]), told(POSTS[1])]
    found = changes_after(rows, EDITION, EVERYTHING, START, 1)
    assert found.is_full
    assert found.next_cursor == found.items[0].cursor


def test_page_ends_where_ledger_and_edition_differ() -> None:
    """Whichever is behind: the next change must not be missed."""
    ahead = told(replace(POSTS[1], blob=BlobId("b" * 40)))
    behind = told(samples.post("news/2024-01-01-more.md"))
    back = told(POSTS[1], "deleted")
    for row in (ahead, behind, back):
        found = changes_after([told(POSTS[0]), row, told(POSTS[0])], EDITION, EVERYTHING, START, 50)
        assert (len(found.items), found.blocked_by) == (1, row)
        assert found.next_cursor == found.items[0].cursor


def test_entries_of_other_sources_are_skipped() -> None:
    """The source of a post never changes, so there is nothing to remove or to wait for."""
    elsewhere = told(samples.post("updates/x.md", source="updates"))
    found = changes_after([elsewhere], EDITION, Selection.create(sources=["news"]), START, 50)
    assert (found.items, found.blocked_by) == ((), None)
    assert found.next_cursor == START.advanced_to(elsewhere)
