"""The hub: which requests it accepts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from starlette.requests import ClientDisconnect

from syndicate.model.websub_request import LeaseLimits
from syndicate.web.http import request_body as reading
from syndicate.web.http_policy import HttpPolicy
from tests.web.app_client import POSTS, AppClient, AppResponse, SampleReader, app_client

TOPIC = "https://feeds.example.gov/feeds/all.json"
CALLBACK = "https://reader.example/callback?token=1"
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
GOOD = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": CALLBACK}


def ask(form: Mapping[str, str] | bytes, here: AppClient | None = None) -> AppResponse:
    """Send a form to the hub."""
    content = form if isinstance(form, bytes) else urlencode(form).encode()
    return (here or app_client()).request("POST", "/hub", FORM, content)


def library(here: AppClient) -> SampleReader:
    """Return the reader of a client."""
    assert isinstance(here.reader, SampleReader)
    return here.reader


def test_request_is_stored_as_it_was_sent() -> None:
    """Topic and callback to the byte, the lease within its limits, and the current tag."""
    here = app_client(policy=HttpPolicy(leases=LeaseLimits(minimum=10, default=20, maximum=30)))
    secret = "s" * 199
    response = ask(GOOD | {"hub.secret": secret, "hub.lease_seconds": "25"}, here)
    assert (response.status_code, response.headers["cache-control"]) == (202, "no-store")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    (intent,) = library(here).subscription_requests
    assert (intent.mode, intent.topic, intent.callback) == ("subscribe", TOPIC, CALLBACK)
    assert (intent.secret, intent.lease) == (secret.encode(), timedelta(seconds=25))
    assert intent.last_sent_tag == here.get("/feeds/all.json").headers["etag"]
    assert intent.client == "127.0.0.1"
    assert intent.id.startswith("sub_")


def test_unsubscribe_request_needs_no_lease() -> None:
    """A given one is ignored."""
    here = app_client()
    form = GOOD | {"hub.mode": "unsubscribe", "hub.lease_seconds": "for ever"}
    assert ask(form, here).status_code == 202
    assert library(here).subscription_requests[0].mode == "unsubscribe"


@pytest.mark.parametrize("name", ["hub.topic", "hub.url"])
def test_publish_request_has_no_effect(name: str) -> None:
    """204: the service itself publishes the topics."""
    here = app_client()
    assert ask({"hub.mode": "publish", name: TOPIC}, here).status_code == 204
    assert library(here).subscription_requests == []


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"hub.mode": ""}, 400, "hub.mode is missing"),
        ({"hub.mode": "denied"}, 400, "hub.mode cannot be 'denied'"),
        ({"hub.callback": ""}, 400, "hub.callback is missing"),
        ({"hub.topic": ""}, 400, "hub.topic is missing"),
        ({"hub.secret": "é" * 100}, 400, "hub.secret is longer than 199 bytes"),
        ({"hub.lease_seconds": "0"}, 400, "hub.lease_seconds cannot be '0'"),
        ({"hub.lease_seconds": "-1"}, 400, "hub.lease_seconds cannot be '-1'"),
        ({"hub.lease_seconds": "1.5"}, 400, "hub.lease_seconds cannot be '1.5'"),
        (
            {"hub.topic": "https://elsewhere.example/feed"},
            404,
            "is not the URL of a feed of this service",
        ),
        ({"hub.topic": "https://feeds.example.gov/feeds/x.json"}, 404, "Known: all, carousel"),
        ({"hub.topic": f"{TOPIC}?category=fish"}, 400, "there is no category 'fish'"),
        ({"hub.topic": f"{TOPIC}?after=fish"}, 400, "invalid cursor in 'after'"),
        ({"hub.mode": "publish", "hub.topic": "x"}, 404, "Take the one that a feed calls self"),
    ],
)
def test_errors_are_plain_text(change: dict[str, str], status: int, said: str) -> None:
    """W3C WebSub section 5.1.2, whatever the client accepts."""
    here = app_client()
    response = ask(GOOD | change, here)
    assert (response.status_code, library(here).subscription_requests) == (status, [])
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert said in response.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"hub.mode=%FF", "not a form in UTF-8"),
        (b"\xff", "not a form in UTF-8"),
        (b"&".join([b"a=b"] * 101), "not a form in UTF-8 of up to 100 fields"),
        (b"hub.mode=publish&hub.mode=subscribe", "hub.mode is given more than once"),
    ],
)
def test_malformed_form_is_rejected(body: bytes, said: str) -> None:
    """No field of the hub may be repeated; other fields may."""
    response = ask(body)
    assert response.status_code == 400
    assert said in response.text


def test_body_must_be_a_short_form() -> None:
    """Other types, long bodies and other methods are rejected."""
    here = app_client()
    for kind in ("application/json", ""):
        response = here.request("POST", "/hub", {"content-type": kind}, b"{}")
        assert (response.status_code, "x-www-form-urlencoded" in response.text) == (415, True)
    assert ask(b"x" * 20_000).status_code == 413
    response = here.get("/hub", accept="text/html")
    assert (response.status_code, response.headers["allow"]) == (405, "OPTIONS, POST")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_slow_or_incomplete_form_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds."""
    monkeypatch.setattr(reading, "_TIMEOUT_SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"hub.mode="
        await asyncio.sleep(60)

    async def broken() -> AsyncIterator[bytes]:
        yield b"hub.mode="
        raise ClientDisconnect

    assert app_client().request("POST", "/hub", FORM, slow()).status_code == 408
    assert app_client().request("POST", "/hub", FORM, broken()).status_code == 400


def test_request_over_the_limits_gets_429() -> None:
    """With whole seconds in Retry-After."""
    here = app_client()
    library(here).wait_time = timedelta(seconds=41.5)
    response = ask(GOOD, here)
    assert (response.status_code, response.headers["retry-after"]) == (429, "42")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_request_before_the_first_edition_gets_503() -> None:
    """With Retry-After: topics are not known then."""
    response = ask(GOOD, AppClient(reader=SampleReader(current=None)))
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")


def test_every_spelling_of_a_feed_url_is_a_topic() -> None:
    """And is stored as it was sent."""
    here = app_client()
    for spelling in (
        "https://FEEDS.example.gov/feeds/all.json",
        "https://feeds.example.gov/feeds/Tech%20Transformation.rss?limit=5&foreign=1",
    ):
        assert ask(GOOD | {"hub.topic": spelling}, here).status_code == 202
        assert library(here).subscription_requests[-1].topic == spelling
    assert len(POSTS) == 5
