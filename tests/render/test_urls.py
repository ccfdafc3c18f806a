"""URLs are resolved as by a browser on the post's page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.render.allowlist import LINK_SCHEMES, RESOURCE_SCHEMES
from syndicate.render.urls import UrlResolver, absolute_url, srcset_candidates

BASE = "https://agency.example.gov/news/a-post/"

WRITTEN = [
    ("https://a.gov/x", "https://a.gov/x"),
    ("HTTP://A.gov/x", "http://a.gov/x"),
    ("/x", "https://agency.example.gov/x"),
    ("x.html", "https://agency.example.gov/news/a-post/x.html"),
    ("../x", "https://agency.example.gov/news/x"),
    ("?page=2", "https://agency.example.gov/news/a-post/?page=2"),
    ("#part", "https://agency.example.gov/news/a-post/#part"),
    ("//cdn.a.gov/x", "https://cdn.a.gov/x"),
    ("https:/a.gov/x", "https://a.gov/x"),
    ("https:a.gov/x", "https://a.gov/x"),
    ("\\x\\y?a\\b", "https://agency.example.gov/x/y?a%5Cb"),
    ("  /x\u202f", "https://agency.example.gov/x"),
    ("/at 12.11\u202fpm.png", "https://agency.example.gov/at%2012.11%E2%80%AFpm.png"),
    ("/100% sure/%41", "https://agency.example.gov/100%25%20sure/%41"),
    ("/a\nb", "https://agency.example.gov/ab"),
    ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
    ("https://u:p@a.gov:8443/x", "https://u:p@a.gov:8443/x"),
    ("http://[::1]:80/x", "http://[::1]:80/x"),
    ("mailto:help@a.gov?subject=Hello you", "mailto:help@a.gov?subject=Hello%20you"),
    ("TEL:+1-202-555-0100", "tel:+1-202-555-0100"),
]

BROKEN = [
    "",
    "   ",
    "ttps://a.gov",
    "htps:a.gov",
    "javascript:alert(1)",
    "JAVA\tSCRIPT:alert(1)",
    "data:image/png;base64,AAAA",
    "vbscript:x",
    "mailto:",
    "https://",
    "https:///",
    "https://a b.gov/",
    "https://a.gov:port/",
    "https://[a.gov/",
    "https://" + "a" * 70 + "ü.gov/",
]


@pytest.mark.parametrize(("written", "expected"), WRITTEN)
def test_link_is_resolved_as_by_a_browser(written: str, expected: str) -> None:
    """Relative and malformed URLs."""
    assert absolute_url(written, BASE, LINK_SCHEMES) == expected


@pytest.mark.parametrize("written", BROKEN)
def test_invalid_url_is_none(written: str) -> None:
    """Schemes that are not allowed, and invalid hosts."""
    assert absolute_url(written, BASE, LINK_SCHEMES) is None


def test_resource_needs_http_or_https() -> None:
    """The other schemes are for links."""
    assert absolute_url("mailto:help@a.gov", BASE, RESOURCE_SCHEMES) is None


def test_absolute_url_is_unchanged() -> None:
    """Resolving is idempotent."""
    for _, expected in WRITTEN:
        assert absolute_url(expected, BASE, LINK_SCHEMES) == expected


def test_relative_url_is_resolved_against_the_folder_of_the_page() -> None:
    """A page without trailing slash is no folder."""
    found = absolute_url("img/a.png", "https://a.gov/news/post", RESOURCE_SCHEMES)
    assert found == "https://a.gov/news/img/a.png"


ADDRESSES = UrlResolver(
    page_url=BASE,
    link_targets={"other.md": "https://a.gov/other/", "x#y": "https://a.gov/z/"},
    asset_urls={"/img/a.png": "https://feeds.a.gov/a", "b.png": "/assets/b.png"},
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("other.md", "https://a.gov/other/"),
        ("other.md#part", "https://a.gov/other/#part"),
        ("x#y", "https://a.gov/z/"),
        ("third.md", f"{BASE}third.md"),
        ("javascript:x", None),
    ],
)
def test_link_to_a_file_gets_the_url_of_its_page(written: str, expected: str | None) -> None:
    """Its fragment is kept."""
    assert ADDRESSES.resolve_link(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("/img/a.png", "https://feeds.a.gov/a"),
        ("../../img/a.png", "https://feeds.a.gov/a"),
        ("b.png", "https://agency.example.gov/assets/b.png"),
        ("c.png", f"{BASE}c.png"),
        ("https://b.gov/b.png", "https://b.gov/b.png"),
        ("data:x", None),
    ],
)
def test_served_image_gets_the_url_of_the_service(written: str, expected: str | None) -> None:
    """As written, or by its resolved path."""
    assert ADDRESSES.resolve_resource(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a.png 1x, /b.png 2x", [("a.png", "1x"), ("/b.png", "2x")]),
        ("a.png", [("a.png", "")]),
        (
            " , a,b.png 100w ,c.png, d.png  2x",
            [("a,b.png", "100w"), ("c.png", ""), ("d.png", "2x")],
        ),
        ("", []),
    ],
)
def test_srcset_is_parsed_as_by_a_browser(written: str, expected: list[tuple[str, str]]) -> None:
    """Commas inside URLs are part of them."""
    assert list(srcset_candidates(written)) == expected


def test_srcset_keeps_descriptors_and_drops_invalid_candidates() -> None:
    """Every URL in it is absolute."""
    written = "a,1.png 1x, javascript:x 2x, //c.gov/b.png"
    assert ADDRESSES.resolve_srcset(written) == f"{BASE}a%2C1.png 1x, https://c.gov/b.png"


PARTS = st.sampled_from([*"ab.-_/?#%&=:@[~\\é ", "%20", "%zz", "..", "xn--", "A", "a" * 63])


@given(
    st.sampled_from(["http://", "https://", "https:/", "HTTPS://"]), st.lists(PARTS).map("".join)
)
def test_canonical_url_is_not_parsed(beginning: str, rest: str) -> None:
    """With a leading space, which forces parsing, the result is the same."""
    written = f"{beginning}x{rest}"
    assert absolute_url(written, BASE, LINK_SCHEMES) == absolute_url(
        f" {written}", BASE, LINK_SCHEMES
    )
