"""Cursors: written, read, and refused where they are not from this ledger."""

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
        ledger=st.text("0123456789abcdef", min_size=1, max_size=8),
        generation=st.integers(0, 10**12),
        post=st.text(st.characters(codec="utf-8", exclude_characters="\n\r")).map(PostId),
        whole=st.integers(0, 10**12),
    )
)
def test_a_cursor_means_the_position_it_was_written_for(position: LedgerCursor) -> None:
    """What a newcomer has behind them is not mentioned any more."""
    is_newcomer = position.generation <= position.initial_until
    expected = replace(position, initial_until=position.initial_until if is_newcomer else 0)
    assert LedgerCursor.parse(str(position)) == expected


@pytest.mark.parametrize(
    "text", ["%", "a", "aaaa", "é", "MTcwNjUwODAwMDAwMDAwMCB0YWc6eA", str(HEAD) + "A"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """Such as a cursor of /v1/posts, with what to do."""
    with pytest.raises(UsageError) as refused:
        LedgerCursor.parse(text)
    assert (refused.value.status, refused.value.code) == (400, "malformed-cursor")
    assert "leave after out" in refused.value.hint


@pytest.mark.parametrize(
    "position",
    [
        replace(HEAD, ledger_id="0af4"),
        replace(HEAD, generation=9),
        replace(HEAD, post_id=PostId("tag:x")),
        replace(HEAD, generation=0, initial_until=8),
    ],
)
def test_a_position_that_this_ledger_never_had_is_gone(position: LedgerCursor) -> None:
    """Of another database, or of one that was put back to an earlier state."""
    with pytest.raises(Gone) as gone:
        position.validate(HEAD)
    assert (gone.value.status, gone.value.code) == (410, "cursor-gone")
    assert "without after" in gone.value.hint


def test_any_other_position_is_fine() -> None:
    """The end, the beginning, and everything between."""
    for position in (HEAD, HEAD.start(), replace(HEAD, generation=7, post_id=PostId("tag:x"))):
        position.validate(HEAD)
