"""The rate limit of requests."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.web.http.rate_limit import TokenBuckets, client_key, scope_client_key
from syndicate.web.http_policy import HttpPolicy
from tests.web.app_client import app_client


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: float = 1_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_bucket_is_full_at_first_and_refilled_evenly() -> None:
    """Of sixty a minute sixty are allowed at once, then one each second."""
    clock = Clock()
    allowance = TokenBuckets(per_minute=60, clock=clock)

    assert [allowance.take("a") for _ in range(60)] == [0] * 60
    assert allowance.take("a") == pytest.approx(1)
    clock.now += 0.75
    assert allowance.take("a") == pytest.approx(0.25)
    clock.now += 0.25
    assert allowance.take("a") == 0
    assert allowance.take("b") == 0
    clock.now += 3600
    assert [allowance.take("a") for _ in range(60)] == [0] * 60
    assert allowance.take("a") > 0


@pytest.mark.parametrize("now", [1019.3203615856063, 1013.3596057720559])
def test_first_request_is_allowed_at_any_time(now: float) -> None:
    """Rounding does not make a client wait, such as ``now + 60 - now`` just over 60."""
    assert TokenBuckets(per_minute=1, clock=Clock(now)).take("a") == 0


@given(
    per_minute=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 20), min_size=1, max_size=200),
)
def test_no_minute_allows_more_than_two_buckets(per_minute: int, pauses: list[float]) -> None:
    """A full bucket and its refill are the maximum; a client that waits is allowed."""
    clock = Clock()
    allowance = TokenBuckets(per_minute=per_minute, clock=clock)
    received = []
    for pause in pauses:
        clock.now += pause
        seconds = allowance.take("a")
        if seconds:
            clock.now += seconds + 1e-6
            assert allowance.take("a") == 0
        received.append(clock.now)

    for began in received:
        assert sum(began <= moment < began + 60 for moment in received) <= 2 * per_minute


def test_memory_is_bounded() -> None:
    """The client whose last request is the oldest is forgotten first."""
    allowance = TokenBuckets(per_minute=1, clock=Clock(), max_clients=2)

    assert [allowance.take(name) for name in ("a", "b", "c")] == [0, 0, 0]
    assert allowance.take("c") > 0
    assert allowance.take("b") > 0
    assert allowance.take("a") == 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "expected"),
    [
        ("192.0.2.7", (), 0, "192.0.2.7"),
        ("192.0.2.7", ("198.51.100.1",), 0, "192.0.2.7"),
        ("192.0.2.7", ("203.0.113.9, 198.51.100.1",), 1, "198.51.100.1"),
        ("192.0.2.7", ("203.0.113.9", "198.51.100.1"), 2, "203.0.113.9"),
        ("192.0.2.7", ("198.51.100.1",), 2, "192.0.2.7"),
        ("192.0.2.7", (), 1, "192.0.2.7"),
        ("192.0.2.7", ("unknown",), 1, "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", (), 0, "2001:0db8:0001:0002::/64"),
        ("192.0.2.7", ("[2001:db8:1:2::9]",), 1, "2001:0db8:0001:0002::/64"),
        ("::ffff:192.0.2.7", (), 0, "192.0.2.7"),
        ("fe80::1%eth0", (), 0, "fe80:0000:0000:0000::/64"),
        ("192.0.2.7", ("fe80::1%25",), 1, "fe80:0000:0000:0000::/64"),
        ("192.0.2.7", ("2001:db8:1:2::9%x",), 1, "2001:0db8:0001:0002::/64"),
        ("192.0.2.7", ("[::ffff:192.0.2.9%x]",), 1, "192.0.2.9"),
        ("a socket", (), 0, "a socket"),
        (None, (), 1, ""),
    ],
)
def test_client_is_the_address_that_the_outermost_own_proxy_saw(
    peer: str | None, forwarded: tuple[str, ...], proxies: int, expected: str
) -> None:
    """Entries further left are not trusted."""
    scope = {
        "type": "http",
        "client": (peer, 4321) if peer else None,
        "headers": [(b"x-forwarded-for", field.encode()) for field in forwarded],
    }
    assert scope_client_key(scope, proxies) == expected


def test_requests_over_the_limit_get_429() -> None:
    """With Retry-After and CORS; health checks are not limited."""
    client = app_client(policy=HttpPolicy(requests_per_minute=2))

    assert [client.get("/feeds/all.json").status_code for _ in range(2)] == [200, 200]
    rejected = client.get("/v1/posts")
    assert rejected.status_code == 429
    assert rejected.json()["code"] == "too-many-requests"
    assert 1 <= int(rejected.headers["retry-after"]) <= 30
    assert rejected.headers["cache-control"] == "no-store"
    assert "Retry-After" in rejected.headers["access-control-expose-headers"]
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_a_proxy_names_the_client() -> None:
    """Behind one, each of its clients has an allowance of its own."""
    client = app_client(policy=HttpPolicy(requests_per_minute=1, proxies=1))

    clients = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"]
    requested = [client.get("/", x_forwarded_for=one).status_code for one in clients]
    assert requested == [200, 200, 429, 429]


def test_token_that_is_put_back_can_be_taken_again() -> None:
    """For an unknown client, nothing is put back."""
    allowance = TokenBuckets(per_minute=2, clock=Clock())

    allowance.put_back("a")
    assert [allowance.take("a"), allowance.take("a")] == [0, 0]
    assert allowance.peek("a") == allowance.take("a") == pytest.approx(30)
    allowance.put_back("a")
    assert allowance.peek("a") == allowance.take("a") == 0
    assert allowance.take("a") > 0


@pytest.mark.slow
def test_ipv6_client_counts_by_its_network() -> None:
    """A client with many IPv6 addresses takes no more memory than others."""
    allowance = TokenBuckets(per_minute=1, clock=Clock())
    clients = [client_key(f"2001:db8:{number:x}::1", (), 0) for number in range(10_100)]
    for client in clients:
        allowance.take(client)

    assert sum(allowance.peek(client) > 0 for client in clients) == 10_000
