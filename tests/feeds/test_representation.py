"""Representations: bodies, entity tags, dates and sizes."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds import (
    Encoding,
    Representation,
    make_representation,
    recompress,
    with_unambiguous_date,
)
from syndicate.feeds.formats.link import Link
from tests import samples

CODINGS: Final[tuple[Encoding, ...]] = ("identity", "gzip", "br")

bodies = st.binary(max_size=2000) | st.binary(max_size=20).map(lambda piece: piece * 200)


@given(bodies)
def test_all_codings_decode_to_the_body(body: bytes) -> None:
    """With fast and with final compression."""
    fast = make_representation(body, media_type="text/plain", last_modified=samples.NOW)
    better = recompress(fast)
    assert fast.variants["identity"].body == body
    assert gzip.decompress(fast.gzip) == gzip.decompress(better.gzip) == body
    for made in (fast, better):
        assert brotli.decompress(made.variants["br"].body) == body
    assert len(better.gzip) <= len(fast.gzip)
    assert len(better.br) <= len(fast.br)


@given(bodies, bodies)
def test_entity_tags_are_equal_for_equal_bodies(one: bytes, two: bytes) -> None:
    """On every machine and after every start; others differ."""
    tags = [
        make_representation(body, media_type="a/b", last_modified=samples.NOW).etag
        for body in (one, two)
    ]
    assert (tags[0] == tags[1]) == (one == two)


def test_each_coding_has_its_own_entity_tag() -> None:
    """Strong tags differ by coding, and the final compression keeps them."""
    fast = make_representation(b"a" * 999, media_type="text/plain", last_modified=samples.NOW)
    tags = [fast.variants[coding].etag for coding in CODINGS]
    digest = fast.etag.strip('"')
    assert tags == [f'"{digest}"', f'"{digest}-gzip"', f'"{digest}-br"']
    assert [recompress(fast).variants[coding].etag for coding in CODINGS] == tags


def test_gzip_header_has_no_time() -> None:
    """Otherwise replicas would serve different bytes."""
    fast = make_representation(b"a" * 999, media_type="text/plain", last_modified=samples.NOW)
    assert fast.gzip[4:8] == recompress(fast).gzip[4:8] == bytes(4)


def test_size_counts_bodies_and_links() -> None:
    """And a constant, so that no representation is free."""
    link = Link(rel="self", href="https://feeds.example.gov/")
    fast = make_representation(
        b"a" * 999, media_type="a/b", last_modified=samples.NOW, links=[link]
    )
    better = recompress(fast)
    bare = replace(fast, body=b"", gzip=b"", br=b"", links=())
    assert bare.size > 1_000
    assert fast.size - bare.size == 999 + len(fast.gzip) + len(fast.br) + len(link.href)
    saved = len(fast.gzip) - len(better.gzip) + len(fast.br) - len(better.br)
    assert fast.size - better.size == saved
    assert better.links == (link,)


A, B = (datetime(2024, 3, 1, 12, 0, second, tzinfo=UTC) for second in (0, 1))


@pytest.mark.parametrize(
    ("served", "date"),
    [
        ([(b"a", A), (b"b", B)], B),
        ([(b"a", A), (b"b", A)], None),
        ([(b"a", A), (b"b", A.replace(microsecond=5))], None),
        ([(b"a", B), (b"b", A)], None),
        ([(b"a", A), (b"a", B)], B),
        ([(b"a", B), (b"a", A)], B),
        ([(b"a", None), (b"b", A)], A),
        ([(b"a", B), (b"b", None)], None),
        ([(b"a", B), (b"b", None), (b"c", A)], None),
        ([(b"a", B), (b"b", A), (b"a", B)], None),
    ],
)
def test_date_is_used_for_one_version_only(
    served: list[tuple[bytes, datetime | None]], date: datetime | None
) -> None:
    """Of the versions at a URL, only a later date counts, or the same bytes."""
    now: Representation | None = None
    for body, moment in served:
        now = with_unambiguous_date(
            make_representation(body, media_type="text/plain", last_modified=moment), now
        )
    assert now is not None
    assert now.last_modified == date
