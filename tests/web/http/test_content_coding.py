"""Content codings: which one is chosen by Accept-Encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds import Encoding
from syndicate.web.http.conditional_response import choose_coding

ALL: tuple[Encoding, ...] = ("gzip", "br")


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.9", "gzip"),
        ("gzip ; q=0.5 , br ; Q=0.501", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.000, gzip;q=0.001", "gzip"),
        ("identity", "identity"),
        ("identity;q=0.5, gzip;q=0.4", "identity"),
        ("identity;q=0.4, gzip;q=0.4", "gzip"),
        ("*", "br"),
        ("*;q=0.1", "br"),
        ("*;q=0, gzip", "gzip"),
        ("*, br;q=0", "gzip"),
        ("deflate, zstd", "identity"),
        ("gzip;q=high, ;;, gzip;level=9", "identity"),
        ("gzip;q=2", "identity"),
        ("*;q=0", None),
        ("identity;q=0", None),
        ("identity;q=0, zstd", None),
        ("*;q=0, identity;q=0.1", "identity"),
    ],
)
def test_acceptable_coding_with_the_highest_weight_is_chosen(
    accept_encoding: str | None, coding: str | None
) -> None:
    """Then by size; q=0 and * as in RFC 9110 section 12.5.3."""
    assert choose_coding(accept_encoding, ALL) == coding


def test_only_available_codings_are_chosen() -> None:
    """However high the weight of another one is."""
    assert choose_coding("br, gzip;q=0.1", ["gzip"]) == "gzip"
    assert choose_coding("br, gzip", []) == "identity"
    assert choose_coding("br, gzip, identity;q=0", []) is None


WEIGHTS = st.one_of(
    st.just(""),
    st.integers(min_value=0, max_value=1000).map(lambda n: f";q={n / 1000:.3f}"),
)
ELEMENTS = st.tuples(
    st.sampled_from(["gzip", "br", "identity", "deflate", "zstd", "*", ""]), WEIGHTS
)


@given(st.lists(ELEMENTS, max_size=6), st.sets(st.sampled_from(ALL)))
def test_chosen_coding_is_accepted(
    elements: list[tuple[str, str]], available: frozenset[Encoding]
) -> None:
    """No client gets a coding it excludes, and a client that accepts one of ours gets one."""
    first = {coding: weight for coding, weight in reversed(elements) if coding}

    def is_accepted(coding: str) -> bool:
        weight = first.get(coding, first.get("*"))
        if weight is None:
            return coding == "identity"
        return weight != ";q=0.000"

    header = ", ".join(coding + weight for coding, weight in elements if coding)
    chosen = choose_coding(header, available)

    offered = {*available, "identity"}
    if chosen is None:
        assert not any(is_accepted(coding) for coding in offered)
    else:
        assert chosen in offered
        assert is_accepted(chosen)


@given(st.text(), st.sets(st.sampled_from(ALL)))
def test_no_header_breaks_it(header: str, available: frozenset[Encoding]) -> None:
    """Whatever is sent, something is chosen that exists, or nothing."""
    assert choose_coding(header, available) in {*available, "identity", None}
