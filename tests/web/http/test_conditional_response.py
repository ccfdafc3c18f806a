"""Responses: codings, conditions, and HEAD."""

import json
import zlib
from datetime import timedelta
from email.utils import format_datetime

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from syndicate.feeds import Encoding, Representation, make_representation, recompress
from syndicate.feeds.formats.link import Link
from syndicate.web.http.conditional_response import conditional_response
from tests import samples
from tests.web.app_client import AppClient, app_client

BODY = b"A sentence that is said again and again. " * 50
GOOD = recompress(make_representation(BODY, media_type="text/plain", last_modified=samples.NOW))
PATHS = (
    *("/feeds/all.json", "/feeds/all.rss", "/feeds/all.atom", "/feeds/all", "/", "/about"),
    *("/v1/posts", "/v1/categories", "/v1/sources", "/opml", "/sitemap.xml"),
)


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


def decoded(body: bytes, coding: str | None) -> bytes:
    """Return ``body`` as a client decodes it."""
    if coding == "gzip":
        return zlib.decompress(body, 31)
    if coding == "br":
        return bytes(brotli.decompress(body))
    assert coding is None
    return body


def response_to(representation: Representation, *headers: tuple[str, str]) -> Response:
    """Return the response to GET with ``headers``."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    return conditional_response(Request(scope), representation, cache_control="public")


@pytest.mark.parametrize(
    ("accepted", "coding", "tag"),
    [
        ("identity", None, GOOD.etag),
        ("gzip", "gzip", f'{GOOD.etag[:-1]}-gzip"'),
        ("gzip, br", "br", f'{GOOD.etag[:-1]}-br"'),
    ],
)
def test_each_coding_has_the_same_content_and_its_own_tag(
    accepted: str, coding: str | None, tag: str
) -> None:
    """A client that decodes the body gets the plain one."""
    response = response_to(GOOD, ("accept-encoding", accepted))

    assert response.headers.get("content-encoding") == coding
    assert response.headers["etag"] == tag
    assert response.headers["content-length"] == str(len(response.body))
    assert response.headers["vary"] == "Accept-Encoding"
    assert decoded(bytes(response.body), coding) == BODY


def test_repeated_field_is_one_list() -> None:
    """RFC 9110 section 5.3."""
    response = response_to(GOOD, ("accept-encoding", "br;q=0"), ("accept-encoding", "gzip"))

    assert response.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_first_response_is_compressed_in_each_coding(coding: str) -> None:
    """A cache in front stores it for minutes, so it must not be the uncompressed body."""
    first = make_representation(BODY, media_type="text/plain", last_modified=samples.NOW)

    response = response_to(first, ("accept-encoding", coding))

    assert response.headers["content-encoding"] == coding
    assert decoded(bytes(response.body), coding) == BODY
    assert len(response.body) < len(BODY)


def test_body_that_compression_does_not_shorten_stays_plain() -> None:
    """A few bytes are sent as they are."""
    short = recompress(
        make_representation(b"ok", media_type="text/plain", last_modified=samples.NOW)
    )

    assert "content-encoding" not in response_to(short, ("accept-encoding", "gzip, br")).headers


@pytest.mark.parametrize("accepted", ["*;q=0", "identity;q=0", "identity;q=0, zstd"])
def test_request_without_acceptable_coding_gets_406(client: AppClient, accepted: str) -> None:
    """The hint names the codings there are."""
    response = client.get("/feeds/all.json", accept_encoding=accepted)

    assert response.status_code == 406
    assert response.json()["code"] == "not-acceptable"


@given(st.text(alphabet="gzipbrdenty;q=01., *", max_size=40))
def test_any_accept_encoding_gets_an_accepted_coding(accepted: str) -> None:
    """Or 406 where all codings are excluded."""
    response = FUZZED.get("/v1/sources", accept_encoding=accepted)

    if response.status_code == 406:
        assert "q=0" in accepted
    else:
        body = decoded(response.content, response.headers.get("content-encoding"))
        assert json.loads(body)["next_url"] is None


FUZZED = app_client()


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
@pytest.mark.parametrize("path", PATHS)
def test_client_with_the_current_version_gets_304(
    client: AppClient, path: str, accepted: str
) -> None:
    """Without a body, with the fields that a cache must update; by tag or by date."""
    full = client.get(path, accept_encoding=accepted)
    by_tag = client.get(path, accept_encoding=accepted, if_none_match=full.headers["etag"])
    by_date = client.get(
        path, accept_encoding=accepted, if_modified_since=full.headers["last-modified"]
    )

    for response in (by_tag, by_date):
        assert (response.status_code, response.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "link", "last-modified"):
            assert response.headers[name] == full.headers[name]
        for name in ("content-type", "content-length", "content-encoding"):
            assert name not in response.headers


@pytest.mark.parametrize("path", PATHS)
def test_client_with_another_version_gets_the_body(client: AppClient, path: str) -> None:
    """By another tag, the tag of another coding, or an older date; the tag takes precedence."""
    full = client.get(path, accept_encoding="gzip")
    older = samples.NOW - timedelta(days=3650)

    for headers in (
        {"if_none_match": '"other"'},
        {"if_none_match": full.headers["etag"].replace("-gzip", "")},
        {"if_modified_since": format_datetime(older, usegmt=True)},
        {"if_none_match": '"other"', "if_modified_since": full.headers["last-modified"]},
    ):
        response = client.get(path, accept_encoding="gzip", **headers)
        assert (response.status_code, response.content) == (200, full.content)


@pytest.mark.parametrize("coding", ["gzip", "br"])
@pytest.mark.parametrize("better", [False, True])
def test_client_with_another_coding_of_the_version_gets_304(
    coding: Encoding, *, better: bool
) -> None:
    """A better coding that is made meanwhile, or not yet on this replica, costs no transfer."""
    fast = make_representation(BODY, media_type="text/plain", last_modified=samples.NOW)
    tag = fast.variants[coding].etag

    response = response_to(
        recompress(fast) if better else fast,
        ("accept-encoding", "gzip, deflate, br"),
        ("if-none-match", f'"old", W/{tag}'),
    )

    assert (response.status_code, response.headers["etag"]) == (304, tag)


@pytest.mark.parametrize("accepted", ["br", "br, gzip;q=0", "identity"])
def test_tag_of_a_coding_that_is_not_accepted_does_not_count(accepted: str) -> None:
    """The response has the body."""
    response = response_to(
        GOOD, ("accept-encoding", accepted), ("if-none-match", GOOD.variants["gzip"].etag)
    )

    assert response.status_code == 200


@pytest.mark.parametrize(
    "path", [*PATHS, "/healthz", "/robots.txt", "/nothing", "/feeds/TTS.json", "/feeds/x"]
)
def test_head_is_get_without_the_body(client: AppClient, path: str) -> None:
    """The same status and fields, the content length of GET, and nothing else."""
    get = client.get(path)
    head = client.request("HEAD", path)

    assert head.status_code == get.status_code
    assert head.headers == get.headers
    assert head.headers["content-length"] == str(len(get.content))
    assert head.content == b""


def test_link_field_is_percent_encoded() -> None:
    """Characters that are not allowed in a URL are encoded."""
    odd = make_representation(
        BODY,
        media_type="text/plain",
        last_modified=samples.NOW,
        links=[
            Link(rel="self", href="https://a.gov/é>; rel=x\r\n?a=%20b"),
            Link(rel="canonical", href="https://a.gov/", type="text/html"),
        ],
    )

    assert response_to(odd).headers["link"] == (
        '<https://a.gov/%C3%A9%3E;%20rel=x%0D%0A?a=%20b>; rel="self", '
        '<https://a.gov/>; rel="canonical"; type="text/html"'
    )


def test_last_modified_is_in_gmt() -> None:
    """In whole seconds, whatever the zone of the date is."""
    late = make_representation(
        BODY, media_type="text/plain", last_modified=samples.PUBLISHED + timedelta(seconds=1.5)
    )

    assert response_to(late).headers["last-modified"] == "Mon, 29 Jan 2024 05:00:01 GMT"
