"""Cursors of /v1/changes: text form and validation."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import Gone, UsageError
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import PostId

HEAD = LedgerCursor(ledger_id="0af3", generation=8, post_id=PostId(""))


@given(
    st.builds(
        LedgerCursor,
        ledger_id=st.text("0123456789abcdef", min_size=1, max_size=8),
        generation=st.integers(0, 10**12),
        post_id=st.text(st.characters(codec="utf-8", exclude_characters="\n\r")).map(PostId),
        initial_until=st.integers(0, 10**12),
    )
)
def test_cursor_round_trips(cursor: LedgerCursor) -> None:
    """Without ``initial_until`` once it is passed."""
    is_initial = cursor.generation <= cursor.initial_until
    expected = replace(cursor, initial_until=cursor.initial_until if is_initial else 0)
    assert LedgerCursor.parse(str(cursor)) == expected


@pytest.mark.parametrize(
    "text", ["%", "a", "aaaa", "é", "MTcwNjUwODAwMDAwMDAwMCB0YWc6eA", str(HEAD) + "A"]
)
def test_invalid_cursor_is_rejected(text: str) -> None:
    """Such as a cursor of /v1/posts; the error says what to do."""
    with pytest.raises(UsageError) as refused:
        LedgerCursor.parse(text)
    assert (refused.value.status, refused.value.code) == (400, "malformed-cursor")
    assert "omit 'after'" in refused.value.hint


@pytest.mark.parametrize(
    "position",
    [
        replace(HEAD, ledger_id="0af4"),
        replace(HEAD, generation=9),
        replace(HEAD, post_id=PostId("tag:x")),
        replace(HEAD, generation=0, initial_until=8),
    ],
)
def test_cursor_of_another_ledger_is_gone(position: LedgerCursor) -> None:
    """Of another database, or of one that was restored to an earlier state."""
    with pytest.raises(Gone) as gone:
        position.validate(HEAD)
    assert (gone.value.status, gone.value.code) == (410, "cursor-gone")
    assert "Omit 'after'" in gone.value.hint


def test_cursor_within_the_ledger_is_valid() -> None:
    """The end, the start, and everything between."""
    for position in (HEAD, HEAD.start(), replace(HEAD, generation=7, post_id=PostId("tag:x"))):
        position.validate(HEAD)
