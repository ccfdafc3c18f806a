"""Health checks and metrics."""

from datetime import UTC, datetime, timedelta

import pytest

from syndicate.errors import NotReady
from syndicate.model.delivery import Backlog
from syndicate.model.edition import Edition, UnavailableSource
from syndicate.web.http_policy import HttpPolicy
from syndicate.web.services import Readiness
from tests import samples
from tests.web.app_client import POSTS, AppClient, SampleReader, app_client


def at(
    edition: Edition,
    *,
    database: str | None = None,
    deliveries: Backlog | None = None,
) -> AppClient:
    """Return a service in the given state."""
    readiness = Readiness(is_ready=True, database_error=database, backlog=deliveries)
    return AppClient(reader=SampleReader(current=edition, readiness=readiness))


FINE = samples.edition(*POSTS)


def test_healthz_is_200_in_any_state() -> None:
    """Not cacheable."""
    reader = SampleReader(current=None, readiness=Readiness(is_ready=False))
    response = AppClient(reader=reader).get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["cache-control"] == "no-store"


def test_readyz_lists_all_sources() -> None:
    """200 and ok without errors."""
    response = at(FINE).get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "sources": {"news": {"status": "ok"}, "updates": {"status": "ok"}},
        "database": None,
        "deliveries": None,
        "components": [],
    }


def test_readyz_says_that_the_database_was_lost() -> None:
    """It works, but is another one."""
    readiness = Readiness(is_ready=True, database_error="", is_database_lost=True)
    body = AppClient(reader=SampleReader(current=FINE, readiness=readiness)).get("/readyz").json()
    assert body["status"] == "degraded"
    assert body["database"] == {"status": "failing", "detail": "database-lost"}


def test_readyz_says_that_the_secret_key_is_wrong() -> None:
    """Feeds go on, and nothing is delivered."""
    body = at(FINE, deliveries=Backlog(has_wrong_key=True)).get("/readyz").json()
    assert body["status"] == "degraded"
    assert body["deliveries"] == {"status": "failing", "detail": "wrong-secret-key"}


def test_readyz_has_the_backlog_of_deliveries() -> None:
    """The number that waits and for how long the oldest is overdue, without recipients."""
    due = datetime.now(UTC) - timedelta(seconds=40)

    waiting = at(FINE, deliveries=Backlog(waiting=3, oldest_due=due)).get("/readyz").json()
    later = Backlog(waiting=1, oldest_due=due + timedelta(days=1))
    retried = at(FINE, deliveries=later).get("/readyz").json()
    failing = at(FINE, deliveries=Backlog(is_unavailable=True)).get("/readyz").json()

    held = at(FINE, deliveries=Backlog(waiting=1, held_since=due)).get("/readyz").json()

    assert waiting["deliveries"].pop("oldest_seconds") >= 40
    assert waiting["deliveries"] == {"status": "ok", "waiting": 3}
    assert retried["deliveries"] == {"status": "ok", "waiting": 1, "oldest_seconds": 0}
    assert at(FINE, deliveries=Backlog()).get("/readyz").json()["deliveries"]["waiting"] == 0
    assert failing["deliveries"] == {"status": "failing", "detail": "storage-error"}
    assert held["deliveries"] == {"status": "held", "waiting": 1, "oldest_seconds": 0}
    assert (waiting["status"], failing["status"]) == ("ok", "degraded")
    assert held["status"] == "degraded"


def test_restarted_component_degrades_readyz() -> None:
    """It is named; feeds are served."""
    readiness = Readiness(is_ready=True, restarted_components=("delivery",))
    response = AppClient(reader=SampleReader(current=FINE, readiness=readiness)).get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["components"] == ["delivery"]


def test_failing_source_or_database_degrades_readyz() -> None:
    """With a code of the error, under 200."""
    old = samples.source_snapshot(samples.source("old"), error="/srv", error_code="folder-emptied")
    lost = UnavailableSource(
        source=samples.source("lost"), error="no \udcff", error_code="unreachable"
    )
    edition = Edition.build([old], unavailable=[lost], at=samples.NOW)

    sources = at(edition).get("/readyz")
    database = at(FINE, database="it is locked").get("/readyz")
    well = at(FINE, database="").get("/readyz")

    assert sources.status_code == database.status_code == well.status_code == 200
    assert sources.json()["status"] == database.json()["status"] == "degraded"
    assert sources.json()["sources"] == {
        "old": {"status": "failing", "detail": "folder-emptied"},
        "lost": {"status": "failing", "detail": "unreachable"},
    }
    assert database.json()["database"] == {"status": "failing", "detail": "storage-error"}
    assert (well.json()["status"], well.json()["database"]) == ("ok", {"status": "ok"})


def test_readyz_names_a_database_that_is_being_opened() -> None:
    """Which degrades nothing: feeds and pages do not wait for it."""
    readiness = Readiness(is_ready=True, is_database_starting=True)
    response = AppClient(reader=SampleReader(current=FINE, readiness=readiness)).get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response.json()["database"] == {"status": "starting"}


@pytest.mark.parametrize(
    ("edition", "readiness", "status"),
    [
        (None, Readiness(is_ready=True), "starting"),
        (None, Readiness(is_ready=False), "starting"),
        (FINE, Readiness(is_ready=False), "starting"),
        (FINE, Readiness(is_ready=False, is_stopping=True), "stopping"),
    ],
)
def test_readyz_is_503_at_the_start_and_while_stopping(
    edition: Edition | None, readiness: Readiness, status: str
) -> None:
    """With Retry-After; feeds that exist are served."""
    client = AppClient(reader=SampleReader(current=edition, readiness=readiness))

    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (503, {"status": status})
    assert response.headers["retry-after"] == "2"
    assert client.get("/feeds/all.json").status_code == (503 if edition is None else 200)


def test_metrics_are_public_without_a_token() -> None:
    """In the text format of Prometheus."""
    response = app_client().get("/metrics")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert response.headers["cache-control"] == "no-store"
    assert "syndicate_requests_total" in response.text


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer s3cret", 200),
        ("bearer s3cret", 200),
        ("Bearer s3cre", 401),
        ("Bearer s3cret ", 200),
        ("Bearer é", 401),
        ("Basic s3cret", 401),
        ("s3cret", 401),
        ("", 401),
    ],
)
def test_metrics_require_the_token_if_there_is_one(authorization: str, status: int) -> None:
    """Else 401 says how to send it."""
    client = app_client(policy=HttpPolicy(metrics_token="s3cret"))

    response = client.request("GET", "/metrics", {"authorization": authorization})

    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.json()["code"] == "unauthorized"
        assert "syndicate_" not in response.text


def test_sample_reader_raises_without_an_edition() -> None:
    """As the service does."""
    with pytest.raises(NotReady):
        SampleReader(current=None).edition  # noqa: B018 — the property raises
