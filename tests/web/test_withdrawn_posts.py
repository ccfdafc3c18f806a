"""Documents beside a withdrawn post are not stored until caches have forgotten the post."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syndicate.model.edition import Edition
from syndicate.web.http_policy import NO_STORE, HttpPolicy
from tests import samples
from tests.web.app_client import AppClient, SampleReader

POLICY = HttpPolicy(max_age=100, stale_while_revalidate=50, stale_if_error=1_000)


def edition(withdrawn: datetime | None) -> Edition:
    """Return an edition of one source, from which a post was withdrawn."""
    snapshot = samples.source_snapshot(None, *samples.posts(2))
    return Edition.build([replace(snapshot, withdrawn=withdrawn)], at=samples.NOW)


@pytest.mark.parametrize(
    ("seconds_ago", "is_stored"), [(None, True), (5, False), (1_090, False), (1_110, True)]
)
@pytest.mark.parametrize("path", ["/feeds/all.json", "/feeds/all", "/", "/v1/posts"])
def test_nothing_is_stored_while_caches_may_have_the_post(
    path: str, seconds_ago: int | None, *, is_stored: bool
) -> None:
    """As long as the policy lets caches use what they have."""
    ago = None if seconds_ago is None else datetime.now(UTC) - timedelta(seconds=seconds_ago)
    client = AppClient(reader=SampleReader(current=edition(ago)), policy=POLICY)
    response = client.get(path, accept="text/html" if path == "/feeds/all" else "*/*")
    expected = POLICY.cache_control if is_stored else NO_STORE
    assert (response.status_code, response.headers["cache-control"]) == (200, expected)


def test_end_is_known_in_advance() -> None:
    """So that a repeated response does not say it for longer."""
    now = datetime.now(UTC)
    assert POLICY.no_store_until(edition(now)) == pytest.approx(time.time() + 1_100, abs=60)
    assert POLICY.no_store_until(edition(None)) == 0
