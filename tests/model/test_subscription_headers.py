"""Header fields of subscribers: which ones may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import UsageError
from syndicate.model.subscription_headers import MAX_HEADERS, parse_headers


def test_fields_keep_names_and_order() -> None:
    """As they are written; values may have spaces between other characters."""
    headers = {"X-Api-Key": "0123", "Authorization": "Bearer a b"}
    assert parse_headers(headers) == (("X-Api-Key", "0123"), ("Authorization", "Bearer a b"))
    assert parse_headers({}) == ()


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({f"X-{number}": "a" for number in range(MAX_HEADERS + 1)}, "too-many-headers"),
        ({"X-A": "1", "x-a": "2"}, "malformed-header"),
        ({"": "1"}, "malformed-header"),
        ({"X A": "1"}, "malformed-header"),
        ({"X-A:": "1"}, "malformed-header"),
        ({"Host": "a.example"}, "reserved-header"),
        ({"Content-Length": "1"}, "reserved-header"),
        ({"webhook-signature": "v1,x"}, "reserved-header"),
        ({"Syndicate-Subscription": "sub_1"}, "reserved-header"),
        ({"Transfer-Encoding": "chunked"}, "reserved-header"),
        ({"X-A": ""}, "malformed-header"),
        ({"X-A": " a"}, "malformed-header"),
        ({"X-A": "a\r\nX-B: c"}, "malformed-header"),
        ({"X-A": "é"}, "malformed-header"),
        ({"X-A": "a" * 1_001}, "malformed-header"),
        ({"X-A": 1}, "malformed-header"),
    ],
)
def test_field_that_cannot_be_sent_is_refused(headers: dict[str, object], code: str) -> None:
    """With a code of its own for each cause."""
    with pytest.raises(UsageError) as caught:
        parse_headers(headers)
    assert caught.value.code == code


@given(st.dictionaries(st.text(), st.text(), max_size=6))
def test_accepted_fields_cannot_split_a_request(headers: dict[str, object]) -> None:
    """Whatever is accepted is one line of ASCII."""
    try:
        parsed = parse_headers(headers)
    except UsageError:
        return
    assert all(f"{name}: {value}".isascii() for name, value in parsed)
    assert all(f"{name}: {value}".isprintable() for name, value in parsed)
