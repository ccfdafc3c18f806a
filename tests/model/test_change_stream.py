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


def entry(post: Post, reason: EventReason | None = "new", *, generation: int = 5) -> LedgerEntry:
    """Return an entry: of a removal unless ``reason`` is new or None."""
    live = reason in ("new", None)
    row = LedgerRow.from_post(post, is_live=live, generation=generation)
    return LedgerEntry(row=row, reason=reason, noticed_at=samples.NOW, commit=samples.COMMIT)


def said(page: ChangePage) -> list[tuple[str, str | None]]:
    """Return type and reason of each item."""
    return [(step.post_event.kind, step.post_event.reason) for step in page.items]


def test_live_post_is_published_or_updated() -> None:
    """Published if it was new, else updated in all fields."""
    page = changes_after([entry(POSTS[0]), entry(POSTS[1], None)], EDITION, EVERYTHING, START, 50)
    assert said(page) == [("post.published", "new"), ("post.updated", None)]
    assert [step.post_event.changed for step in page.items] == [(), FIELD_NAMES]
    assert [step.post for step in page.items] == list(POSTS)
    assert page.next_cursor == page.items[-1].cursor == START.advanced_to(entry(POSTS[1]))
    assert not page.is_full
    assert page.blocked_by is None


def test_missing_post_is_removed() -> None:
    """With its reason, or because the selection does not contain it."""
    removed = samples.post("news/2024-01-01-gone.md")
    entries = [entry(removed, "expired"), entry(POSTS[0])]
    page = changes_after(entries, EDITION, TTS, START, 50)
    assert said(page) == [("post.removed", "expired"), ("post.removed", "left")]
    assert [step.post for step in page.items] == [None, None]


def test_new_client_gets_live_posts_without_old_removals() -> None:
    """Removals after its start are included."""
    removed = samples.post("news/2024-01-01-gone.md")
    entries = [
        entry(removed, "deleted"),
        entry(POSTS[0], None),
        entry(removed, "deleted", generation=10),
    ]
    page = changes_after(entries, EDITION, EVERYTHING, NEWCOMER, 50)
    assert said(page) == [("post.published", "new"), ("post.removed", "deleted")]
    assert not changes_after(entries[:2], EDITION, TTS, NEWCOMER, 50).items


def test_full_page_is_marked() -> None:
    """The next one begins right after its last item."""
    entries = [entry(POSTS[0]), entry(POSTS[1])]
    page = changes_after(entries, EDITION, EVERYTHING, START, 1)
    assert page.is_full
    assert page.next_cursor == page.items[0].cursor


def test_page_ends_where_ledger_and_edition_differ() -> None:
    """Whichever is behind: the next change must not be missed."""
    newer = entry(replace(POSTS[1], blob=BlobId("b" * 40)))
    missing = entry(samples.post("news/2024-01-01-more.md"))
    removed_again = entry(POSTS[1], "deleted")
    for row in (newer, missing, removed_again):
        page = changes_after(
            [entry(POSTS[0]), row, entry(POSTS[0])], EDITION, EVERYTHING, START, 50
        )
        assert (len(page.items), page.blocked_by) == (1, row)
        assert page.next_cursor == page.items[0].cursor


def test_entries_of_other_sources_are_skipped() -> None:
    """The source of a post never changes, so there is nothing to remove or to wait for."""
    elsewhere = entry(samples.post("updates/x.md", source="updates"))
    page = changes_after([elsewhere], EDITION, Selection.create(sources=["news"]), START, 50)
    assert (page.items, page.blocked_by) == ((), None)
    assert page.next_cursor == START.advanced_to(elsewhere)
