"""Conditional requests: when the response is 304."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.web.http.conditional_response import is_not_modified

ETAG = '"abc-gzip"'
CHANGED = datetime(2024, 1, 29, 12, 30, 15, 700_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("if_none_match", "unmodified"),
    [
        ('"abc-gzip"', True),
        ('W/"abc-gzip"', True),
        ('"old", W/"abc-gzip" , "other"', True),
        ("*", True),
        (" * ", True),
        ('"abc"', False),
        ("abc-gzip", False),
        ('"a,"abc-gzip"', False),
        ("", False),
    ],
)
def test_entity_tags_are_compared_weakly(if_none_match: str, *, unmodified: bool) -> None:
    """Any of the list counts, with or without W/; the tag of another coding does not."""
    assert unmodified == is_not_modified(
        if_none_match=if_none_match, if_modified_since=None, etag=ETAG, last_modified=CHANGED
    )


@pytest.mark.parametrize(
    ("if_modified_since", "unmodified"),
    [
        ("Mon, 29 Jan 2024 12:30:15 GMT", True),
        ("Mon, 29 Jan 2024 12:30:16 GMT", False),
        ("Monday, 29-Jan-24 12:30:15 GMT", True),
        ("Mon Jan 29 12:30:15 2024", True),
        ("Mon, 29 Jan 2024 07:30:15 -0500", True),
        ("Mon, 29 Jan 2024 12:30:15 -0000", True),
        ("Mon, 29 Jan 2024 12:30:14 GMT", False),
        ("Mon, 32 Jan 2024 12:30:15 GMT", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_dates_count_in_whole_seconds(if_modified_since: str, *, unmodified: bool) -> None:
    """A date that was sent as Last-Modified matches; an invalid one does not."""
    assert unmodified == is_not_modified(
        if_none_match=None, if_modified_since=if_modified_since, etag=ETAG, last_modified=CHANGED
    )


def test_entity_tags_take_precedence_over_dates() -> None:
    """A client with an older tag gets the new bytes however recent its date is."""
    assert not is_not_modified(
        if_none_match='"old"',
        if_modified_since="Tue, 30 Jan 2035 12:30:15 GMT",
        etag=ETAG,
        last_modified=CHANGED,
    )


def test_request_without_a_condition_is_answered_in_full() -> None:
    """Also a date for a document without one."""
    assert not is_not_modified(
        if_none_match=None, if_modified_since=None, etag=ETAG, last_modified=CHANGED
    )
    assert not is_not_modified(
        if_none_match=None,
        if_modified_since="Mon, 29 Jan 2024 12:30:16 GMT",
        etag=ETAG,
        last_modified=None,
    )


@given(st.text(), st.text())
def test_no_header_breaks_it(if_none_match: str, if_modified_since: str) -> None:
    """Whatever clients send, there is an answer."""
    is_not_modified(
        if_none_match=if_none_match,
        if_modified_since=if_modified_since,
        etag=ETAG,
        last_modified=CHANGED,
    )
    is_not_modified(
        if_none_match=None,
        if_modified_since=if_modified_since,
        etag=ETAG,
        last_modified=CHANGED,
    )


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9999, 12, 31)),  # noqa: DTZ001
    st.integers(min_value=-14, max_value=14),
)
def test_last_modified_matches_as_if_modified_since(moment: datetime, hours: int) -> None:
    """Whatever the time and its zone."""
    changed = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    day = changed.astimezone(UTC)
    sent = day.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert is_not_modified(
        if_none_match=None, if_modified_since=sent, etag=ETAG, last_modified=changed
    )
