"""The middleware: common headers, limits, errors and metrics of all responses."""

import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from syndicate import telemetry
from syndicate.errors import RepositoryError, StorageError, SyndicateError
from syndicate.model.edition import Edition
from syndicate.model.post import Post, RenderedPost
from syndicate.web.http.middleware import MAX_HEADER_BYTES, MAX_TARGET_BYTES, ResponseMiddleware
from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.web.app_client import POSTS, AppClient, SampleReader, app_client

EVERYWHERE = (
    *("/", "/about", "/feeds/all", "/feeds/all.json", "/feeds/nothing.rss", "/feeds/TTS.atom"),
    *("/v1/posts", "/v1/nothing", "/healthz", "/readyz", "/metrics", "/robots.txt", "/opml"),
)


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_response_has_security_and_cors_headers(client: AppClient, path: str) -> None:
    """No sniffing, no frames, no scripts of ours; scripts of other sites may read."""
    headers = client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert headers["access-control-allow-origin"] == "*"
    assert "ETag" in headers["access-control-expose-headers"]
    assert "set-cookie" not in headers
    assert "server" not in headers


def test_request_id_is_in_the_log_and_in_the_response(capsys: pytest.CaptureFixture[str]) -> None:
    """In the header and in the problem details; a new one for each request."""
    reader = BrokenReader(current=samples.edition(*POSTS))
    reader.error = ValueError("unexpected")
    broken = AppClient(reader=reader)
    ids = []
    for _ in range(2):
        response = broken.get("/feeds/all.json")
        (line,) = capsys.readouterr().err.splitlines()
        assert response.status_code == 500
        ids += [
            json.loads(line)["request_id"],
            response.headers["x-request-id"],
            response.json()["request_id"],
        ]
    assert len(set(ids)) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)


PROXY_ID = "b1946ac92492d2347c6235b4d2611184"


@pytest.mark.parametrize("sent", ["short", "with spaces in it", "x" * 129, ""])
def test_malformed_request_id_of_a_proxy_is_ignored(sent: str) -> None:
    """The log then has a new one."""
    client = app_client(policy=HttpPolicy(proxies=1))
    assert "x-request-id" not in client.get("/nothing", x_request_id=sent).headers


def test_request_id_of_a_trusted_proxy_is_returned() -> None:
    """In problem details, too. Without a proxy a client could choose that of another request."""
    trusted = app_client(policy=HttpPolicy(proxies=1)).get("/nothing", x_request_id=PROXY_ID)
    assert trusted.headers["x-request-id"] == trusted.json()["request_id"] == PROXY_ID
    unknown = app_client().get("/nothing", x_request_id=PROXY_ID)
    assert "x-request-id" not in unknown.headers
    assert "request_id" not in unknown.json()


@pytest.mark.parametrize(
    ("method", "path", "has_id"),
    [
        ("GET", "/feeds/all.json", False),
        ("GET", "/", False),
        ("GET", "/none", True),
        ("GET", "/healthz", True),
        ("OPTIONS", "/feeds/all.json", True),
    ],
)
def test_responses_that_caches_may_store_have_no_request_id(
    method: str, path: str, *, has_id: bool
) -> None:
    """A stored response would repeat the ID of another request."""
    client = app_client(policy=HttpPolicy(proxies=1))
    response = client.request(method, path, {"X-Request-Id": PROXY_ID})
    assert ("x-request-id" in response.headers) == has_id


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/feeds/all.json", "/v1/posts", "/healthz"])
def test_other_methods_get_405(client: AppClient, method: str, path: str) -> None:
    """With the allowed methods; no CORS."""
    response = client.request(method, path)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert response.json()["code"] == "method-not-allowed"
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/feeds/all.json", "/v1/posts", "/"])
def test_cors_preflight_is_granted(client: AppClient, path: str) -> None:
    """For reading with any harmless header, cacheable for a day."""
    response = client.request(
        "OPTIONS",
        path,
        {
            "Origin": "https://partner.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-none-match",
        },
    )

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert response.headers["access-control-allow-headers"] == "*"
    assert response.headers["access-control-max-age"] == "86400"


def test_very_long_url_gets_414(client: AppClient) -> None:
    """Before it is parsed."""
    response = client.get(f"/feeds/all.json?utm_source={'x' * MAX_TARGET_BYTES}")

    assert response.status_code == 414
    assert response.json()["code"] == "uri-too-long"


def test_very_long_headers_get_431(client: AppClient) -> None:
    """Before they are parsed."""
    response = client.get("/feeds/all.json", cookie="x" * MAX_HEADER_BYTES)

    assert response.status_code == 431
    assert response.json()["code"] == "header-fields-too-large"


class BrokenReader(SampleReader):
    """A reader that cannot render posts."""

    error: Exception = RuntimeError("a secret path")

    @override
    async def render_posts(
        self, posts: Sequence[Post], _edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Fail."""
        self.item_requests += len(posts)
        raise self.error


def test_unexpected_error_gets_500_without_details(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The log has the exception, the response has not."""
    client = AppClient(reader=BrokenReader(current=samples.edition(*POSTS)))

    response = client.get("/feeds/all.json")

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json()["code"] == "internal-error"
    assert "secret" not in response.text
    assert "a secret path" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (
            RepositoryError("source news: /srv is locked", hint="Unlock /srv."),
            "a repository cannot be read at the moment",
        ),
        (
            StorageError("database sqlite:////srv: it is locked"),
            "the database is not available at the moment",
        ),
    ],
)
def test_repository_and_storage_errors_get_503_without_details(
    error: SyndicateError, detail: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With Retry-After, but without paths of this host, which are in the log."""
    reader = BrokenReader(current=samples.edition(*POSTS))
    reader.error = error

    response = AppClient(reader=reader).get("/feeds/all.json")

    assert response.status_code == 503
    assert response.headers["retry-after"] == "30"
    assert response.json() == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "code": error.code,
        "detail": detail,
        "instance": "/feeds/all.json",
        "request_id": response.headers["x-request-id"],
        "hint": "Try again in a minute; the log says more.",
    }
    assert error.message in capsys.readouterr().err


@pytest.mark.parametrize(
    "path", ["/", "/feeds/all", "/feeds/all.json", "/v1/posts", "/v1/sources", "/opml"]
)
def test_requests_before_the_first_edition_get_503(path: str) -> None:
    """With Retry-After; caches may go on serving the last response."""
    response = AppClient(reader=SampleReader(current=None)).get(path)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["code"] == "not-ready"


def counted(route: str, status: int) -> int:
    """Return the value of a counter."""
    return telemetry.requests_total.labels(route, str(status)).count


def test_requests_are_counted_by_route(client: AppClient) -> None:
    """Under the pattern of the route, never the URL itself; 0 if nothing was sent."""
    before = counted("/feeds/{name}.json", 200), counted("none", 404)

    client.get("/feeds/tts.json")
    client.get("/nothing/here")

    assert counted("/feeds/{name}.json", 200) == before[0] + 1
    assert counted("none", 404) == before[1] + 1


async def test_error_during_a_response_is_raised() -> None:
    """What was sent cannot be taken back: the server must see the error and close."""

    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("half")(scope, receive, send)
        raise RuntimeError("torn")

    scope = {"type": "http", "http_version": "1.0", "method": "GET", "path": "/"}
    with pytest.raises(RuntimeError, match="torn"):
        await send_through_middleware(half, scope)


async def test_other_scopes_than_http_are_passed_on() -> None:
    """Such as lifespan messages."""
    seen: list[str] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    await send_through_middleware(inner, {"type": "lifespan"})

    assert seen == ["lifespan"]


async def send_through_middleware(app: ASGIApp, scope: Mapping[str, object]) -> None:
    """Send one request through the middleware around ``app``."""

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        return None

    complete = {"headers": [], "query_string": b"", **scope}
    middleware = ResponseMiddleware(
        app, service_info=samples.SERVICE_INFO, policy=HttpPolicy(), rate_limiter=None
    )
    await middleware(complete, receive, send)


SEGMENTS = st.sampled_from(
    [
        *("feeds", "v1", "posts", "sources", "categories", "all", "all.json", "tts.rss", "TTS"),
        *("", ".", "..", "%2F", "%00", "%FF", "%C3%A9", "{name}", "\u2028", "x" * 300, "healthz"),
    ]
)
PAIRS = st.tuples(
    st.sampled_from(["category", "source", "limit", "after", "carousel", "lang", "match", "x"]),
    st.text(max_size=10),
)


@pytest.mark.slow
@settings(max_examples=150)
@given(
    st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "BREW"]),
    st.lists(SEGMENTS, max_size=4),
    st.lists(PAIRS, max_size=3),
)
def test_no_url_gets_500(method: str, segments: list[str], pairs: list[tuple[str, str]]) -> None:
    """Whatever it is, and errors are problem details."""
    query = "&".join(f"{name}={quote(text)}" for name, text in pairs)

    response = FUZZED.request(method, f"/{'/'.join(segments)}?{query}")

    assert response.status_code < 500
    if response.status_code >= 400 and method != "HEAD":
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["code"]


FUZZED = app_client()
