"""Limits of POST requests without credentials and of invalid credentials."""

import hmac
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from syndicate.web.http_policy import HttpPolicy
from tests.web.api_client import open_api_client
from tests.web.app_client import AppClient, AppResponse, app_client

HOOK_KEY = "the key of the hook"
METRICS_KEY = "the key of the metrics"
WRONG = "guess"
FORM = {"content-type": "application/x-www-form-urlencoded"}
HOOK = "/v1/sources/news/refresh"
SIGNED = {"x-hub-signature-256": f"sha256={hmac.digest(HOOK_KEY.encode(), b'', 'sha256').hex()}"}
GUESS = {"authorization": "Bearer guess"}


def limited(*, posts: int = 0, failures: int = 0, proxies: int = 0) -> AppClient:
    """Return a service with limits a minute."""
    return app_client(
        policy=HttpPolicy(
            unauthenticated_posts_per_minute=posts,
            failed_authentications_per_minute=failures,
            proxies=proxies,
            hook_secrets={"news": HOOK_KEY},
            metrics_token=METRICS_KEY,
        )
    )


def publish(client: AppClient, **headers: str) -> AppResponse:
    """Send a request to the hub."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request("POST", "/hub", {**FORM, **named}, b"hub.mode=nonsense")


@pytest.mark.parametrize(("posts", "received"), [(1, 1), (3, 3), (7, 7)])
def test_hub_requests_over_the_limit_are_rejected(posts: int, received: int) -> None:
    """429 in plain text, with the time to wait."""
    client = limited(posts=posts)

    assert [publish(client).status_code for _ in range(received)] == [400] * received
    rejected = publish(client)
    assert rejected.status_code == 429
    assert rejected.headers["content-type"].startswith("text/plain")
    assert 1 <= int(rejected.headers["retry-after"]) <= 60
    assert client.get("/feeds/all.json").status_code == 200


@pytest.mark.slow
def test_limits_are_on_by_default() -> None:
    """120 POST requests without credentials and 20 wrong tokens a minute."""
    client = app_client()

    posted = [publish(client).status_code for _ in range(240)]  # while more are allowed again
    assert posted[:120] == [400] * 120
    assert 429 in posted[120:]
    guesses = [
        client.request("GET", "/v1/subscriptions", {"x-gitlab-token": "x"}) for _ in range(21)
    ]
    assert [one.status_code for one in guesses] == [401] * 20 + [429]


@pytest.mark.slow
def test_zero_means_unlimited() -> None:
    """Neither POST requests nor invalid credentials are counted then."""
    client = limited()

    assert {publish(client).status_code for _ in range(150)} == {400}
    assert {client.request("GET", "/metrics", GUESS).status_code for _ in range(30)} == {401}


def test_push_hooks_without_credentials_share_the_limit_of_the_hub() -> None:
    """The body of a rejected one is not read."""
    client, read = limited(posts=2), []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"{}")
        yield read[-1]

    assert client.request("POST", HOOK).status_code == 401
    assert publish(client).status_code == 400
    rejected = client.request("POST", HOOK, {"x-hub-signature-256": "sha256=00"}, body())
    assert rejected.status_code == 429
    assert rejected.json()["code"] == "too-many-requests"
    assert rejected.headers["retry-after"]
    assert not read


def test_push_hooks_with_valid_credentials_are_not_counted() -> None:
    """However many commits are pushed within a minute."""
    client = limited(posts=2, failures=2)

    assert {client.request("POST", HOOK, SIGNED).status_code for _ in range(10)} == {202}
    assert [client.request("POST", HOOK).status_code for _ in range(3)] == [401, 401, 429]


def test_unlimited_push_hooks_are_accepted() -> None:
    """There is no count to take back."""
    assert limited().request("POST", HOOK, SIGNED).status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "shown"),
    [
        ("GET", "/v1/subscriptions", {"x-gitlab-token": "guess"}),
        ("GET", "/metrics", GUESS),
        ("GET", "/metrics", {"authorization": "Basic Z3Vlc3M="}),
        ("POST", HOOK, {"x-gitlab-token": "guess"}),
        ("POST", HOOK, {"x-hub-signature-256": "sha256=00"}),
        ("POST", "/v1/sources/other/refresh", {"x-gitea-signature": "00"}),
    ],
)
def test_invalid_credentials_over_the_limit_are_rejected(
    method: str, path: str, shown: dict[str, str]
) -> None:
    """401 below the limit, then 429 with the time to wait."""
    client = limited(failures=3)

    responses = [client.request(method, path, shown) for _ in range(4)]
    assert [one.status_code for one in responses] == [401, 401, 401, 429]
    assert responses[-1].json()["code"] == "too-many-requests"
    assert 1 <= int(responses[-1].headers["retry-after"]) <= 60


def test_requests_without_credentials_are_not_counted_as_invalid() -> None:
    """The response is 401 each time."""
    client = limited(failures=1)

    assert {client.request("GET", "/v1/subscriptions").status_code for _ in range(5)} == {401}


def test_chosen_secrets_are_not_compared_after_too_many_guesses() -> None:
    """They may be short enough to be guessed, so a valid one is rejected, too."""
    client = limited(failures=1)

    assert client.request("GET", "/metrics", GUESS).status_code == 401
    right = {"authorization": f"Bearer {METRICS_KEY}"}
    assert client.request("GET", "/metrics", right).status_code == 429
    assert client.request("POST", HOOK, {"x-gitlab-token": HOOK_KEY}).status_code == 429


@pytest.mark.slow
async def test_valid_token_is_accepted_beside_guesses(address: str) -> None:
    """A partner behind the same IP address as an attacker is not locked out."""
    async with open_api_client(address) as counter:
        guesser, partner = replace(counter, token=WRONG), await counter.with_token()
        guesses = [await guesser.request("GET", "/v1/subscriptions") for _ in range(21)]
        assert [one.status_code for one in guesses] == [401] * 20 + [429]
        assert (await partner.request("GET", "/v1/subscriptions")).status_code == 200


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.1, 192.0.2.1", "203.0.113.2, 192.0.2.1", True),
    ],
)
def test_a_proxy_names_the_client(first: str, second: str, *, is_same: bool) -> None:
    """By IPv4 address or IPv6 /64; what the client wrote itself does not count."""
    client = limited(posts=1, failures=1, proxies=1)

    assert publish(client, x_forwarded_for=first).status_code == 400
    assert publish(client, x_forwarded_for=second).status_code == (429 if is_same else 400)
    guesses = [
        client.request("GET", "/metrics", {**GUESS, "x-forwarded-for": one})
        for one in (first, second)
    ]
    assert [one.status_code for one in guesses] == [401, 429 if is_same else 401]
