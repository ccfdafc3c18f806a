"""What every answer gets, whoever gives it."""

import asyncio
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
def here() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_is_safe_to_show_and_open_to_scripts(here: AppClient, path: str) -> None:
    """No sniffing, no frames, no scripts of ours; other sites' scripts may read (CORS)."""
    headers = here.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert headers["access-control-allow-origin"] == "*"
    assert "ETag" in headers["access-control-expose-headers"]
    assert "set-cookie" not in headers
    assert "server" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/feeds/all.json", "/v1/posts", "/healthz"])
def test_reading_is_all_that_can_be_done(here: AppClient, method: str, path: str) -> None:
    """405 names what is allowed; nothing is shared with scripts of other sites."""
    answer = here.request(method, path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json()["code"] == "method-not-allowed"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/feeds/all.json", "/v1/posts", "/"])
def test_browsers_may_ask_first(here: AppClient, path: str) -> None:
    """A preflight is granted for reading with any harmless header, and may be kept for a day."""
    answer = here.request(
        "OPTIONS",
        path,
        {
            "Origin": "https://partner.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-none-match",
        },
    )

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "*"
    assert answer.headers["access-control-max-age"] == "86400"


def test_a_very_long_address_is_refused(here: AppClient) -> None:
    """414 before anything looks at it."""
    answer = here.get(f"/feeds/all.json?utm_source={'x' * MAX_TARGET_BYTES}")

    assert answer.status_code == 414
    assert answer.json()["code"] == "uri-too-long"


def test_very_long_headers_are_refused(here: AppClient) -> None:
    """431 before anything looks at them."""
    answer = here.get("/feeds/all.json", cookie="x" * MAX_HEADER_BYTES)

    assert answer.status_code == 431
    assert answer.json()["code"] == "header-fields-too-large"


class Broken(SampleReader):
    """A reader whose items cannot be made."""

    error: Exception = RuntimeError("a secret path")

    @override
    async def render_posts(
        self, posts: Sequence[Post], _edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Fail."""
        self.item_requests += len(posts)
        raise self.error


def test_the_unexpected_is_logged_and_told_without_details(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """500 as a problem like any other; what happened stands in the log, not in the answer."""
    here = AppClient(reader=Broken(current=samples.edition(*POSTS)))

    answer = here.get("/feeds/all.json")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["code"] == "internal-error"
    assert "secret" not in answer.text
    assert "a secret path" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (RepositoryError("source news: /srv is locked", hint="Unlock /srv."), "a repository"),
        (StorageError("database sqlite:////srv: it is locked"), "the database"),
    ],
)
def test_what_an_operator_can_mend_is_logged_and_told_without_details(
    error: SyndicateError, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """503 says of what it is and when to come back; nobody learns the paths of this host."""
    reader = Broken(current=samples.edition(*POSTS))
    reader.error = error

    answer = AppClient(reader=reader).get("/feeds/all.json")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "code": error.code,
        "detail": f"{what} cannot be {'read' if 'repo' in what else 'used'} just now",
        "instance": "/feeds/all.json",
        "hint": "Try again in a minute; the log says more.",
    }
    assert error.message in capsys.readouterr().err


@pytest.mark.parametrize(
    "path", ["/", "/feeds/all", "/feeds/all.json", "/v1/posts", "/v1/sources", "/opml"]
)
def test_before_the_first_edition_readers_are_asked_to_wait(path: str) -> None:
    """503 with Retry-After; whoever keeps the last answer may go on showing it."""
    answer = AppClient(reader=SampleReader(current=None)).get(path)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["code"] == "not-ready"


def counted(route: str, status: int) -> int:
    """Return how many requests to ``route`` were answered with ``status``."""
    return telemetry.requests_total.labels(route, str(status)).count


def test_requests_are_counted_by_route(here: AppClient) -> None:
    """Under the pattern of the address, never the address itself; 0 for whom nothing was sent."""
    before = counted("/feeds/{name}.json", 200), counted("none", 404)

    here.get("/feeds/tts.json")
    here.get("/nothing/here")

    assert counted("/feeds/{name}.json", 200) == before[0] + 1
    assert counted("none", 404) == before[1] + 1


def test_a_failure_in_the_middle_of_an_answer_ends_it() -> None:
    """What began cannot be taken back: the server must see the error and close."""

    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("half")(scope, receive, send)
        raise RuntimeError("torn")

    scope = {"type": "http", "http_version": "1.0", "method": "GET", "path": "/"}
    with pytest.raises(RuntimeError, match="torn"):
        asyncio.run(envelope_around(half, scope))


def test_what_is_not_http_passes_by() -> None:
    """Lifespan messages and the like are none of its business."""
    seen: list[str] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    asyncio.run(envelope_around(inner, {"type": "lifespan"}))

    assert seen == ["lifespan"]


async def envelope_around(app: ASGIApp, scope: Mapping[str, object]) -> None:
    """Send one request through an envelope around ``app``."""

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        return None

    whole = {"headers": [], "query_string": b"", **scope}
    middleware = ResponseMiddleware(
        app, service_info=samples.SERVICE_INFO, policy=HttpPolicy(), rate_limiter=None
    )
    await middleware(whole, receive, send)


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


@settings(max_examples=150)
@given(
    st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "BREW"]),
    st.lists(SEGMENTS, max_size=4),
    st.lists(PAIRS, max_size=3),
)
def test_no_address_breaks_the_service(
    method: str, segments: list[str], pairs: list[tuple[str, str]]
) -> None:
    """Whatever is asked, the answer is no failure of ours, and errors are problems."""
    query = "&".join(f"{name}={quote(text)}" for name, text in pairs)

    answer = FUZZED.request(method, f"/{'/'.join(segments)}?{query}")

    assert answer.status_code < 500
    if answer.status_code >= 400 and method != "HEAD":
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["code"]


FUZZED = app_client()
