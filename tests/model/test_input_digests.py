"""Digests tell which inputs differ, and nothing about rows that have none."""

import pytest

from syndicate.model.ledger import (
    add_digest,
    are_comparable,
    differing_fields,
    digest,
    encode_digests,
)

ENCODED = encode_digests({"url": digest(["https://feeds.gov"]), "authors": digest(["Ann"])})


def test_digests_stay_the_same_between_versions() -> None:
    """Else an upgrade would announce every post: change the scheme with them."""
    assert ENCODED == "2;authors:3054de49;url:4b60d9a9"
    assert add_digest("", "language", [("es", "https://a.gov")]) == "2;language:5fa66e39"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (ENCODED, set()),
        (encode_digests({"url": digest(["https://feeds.gov"])}), {"authors"}),
        (add_digest(ENCODED, "language", []), {"language"}),
        (ENCODED.replace("url:", "url:0"), {"url"}),
        ("", set()),
        (ENCODED.replace("2;", "0;", 1), set()),
    ],
)
def test_fields_with_other_inputs_are_named(after: str, expected: set[str]) -> None:
    """New ones and those without inputs now as well; none of rows that cannot be compared."""
    assert differing_fields(ENCODED, after) == expected
    assert differing_fields(after, ENCODED) == expected


def test_digests_of_another_scheme_are_not_compared() -> None:
    """Nor are those of a row without any."""
    assert are_comparable(ENCODED, "2")
    assert not are_comparable(ENCODED, "1;url:0")
    assert not are_comparable("", "")


def test_text_that_is_not_unicode_has_a_digest() -> None:
    """Front matter may hold lone surrogates."""
    assert digest(["\ud800"]) != digest(["\ud801"])
