"""What operators ask: alive, ready, and in numbers."""

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
    edition: Edition | None,
    *,
    settled: bool = True,
    database: str | None = None,
    deliveries: Backlog | None = None,
) -> AppClient:
    """Return a service in the given state."""
    readiness = Readiness(is_ready=settled, database_error=database, backlog=deliveries)
    return AppClient(reader=SampleReader(current=edition, readiness=readiness))


FINE = samples.edition(*POSTS)


def test_alive_is_whoever_answers() -> None:
    """200 whatever the state, and nothing to keep."""
    answer = at(None, settled=False).get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"


def test_ready_tells_of_every_source() -> None:
    """200 and ok while all is well."""
    answer = at(FINE).get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "sources": {"news": {"status": "ok"}, "updates": {"status": "ok"}},
        "database": None,
        "deliveries": None,
        "components": [],
    }


def test_ready_tells_how_much_is_on_its_way() -> None:
    """How many deliveries wait and for how long the oldest is overdue; to whom, nobody learns."""
    due = datetime.now(UTC) - timedelta(seconds=40)

    waiting = at(FINE, deliveries=Backlog(waiting=3, oldest_due=due)).get("/readyz").json()
    later = Backlog(waiting=1, oldest_due=due + timedelta(days=1))
    retried = at(FINE, deliveries=later).get("/readyz").json()
    failing = at(FINE, deliveries=Backlog(is_unavailable=True)).get("/readyz").json()

    assert waiting["deliveries"].pop("oldest_seconds") >= 40
    assert waiting["deliveries"] == {"status": "ok", "waiting": 3}
    assert retried["deliveries"] == {"status": "ok", "waiting": 1, "oldest_seconds": 0}
    assert at(FINE, deliveries=Backlog()).get("/readyz").json()["deliveries"]["waiting"] == 0
    assert failing["deliveries"] == {"status": "failing", "detail": "storage-error"}
    assert (waiting["status"], failing["status"]) == ("ok", "degraded")


def test_a_component_that_was_restarted_degrades() -> None:
    """It is named, while readers are served as ever."""
    readiness = Readiness(is_ready=True, restarted_components=("delivery",))
    answer = AppClient(reader=SampleReader(current=FINE, readiness=readiness)).get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["components"] == ["delivery"]


def test_what_fails_degrades_while_feeds_go_on() -> None:
    """A failing source or database is named, with a code of why, under 200."""
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


@pytest.mark.parametrize(("edition", "settled"), [(None, True), (None, False), (FINE, False)])
def test_not_ready_before_everything_was_tried_and_while_stopping(
    edition: Edition | None, *, settled: bool
) -> None:
    """503 with when to ask again; feeds that are there are served all the same."""
    here = at(edition, settled=settled)

    answer = here.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.headers["retry-after"] == "2"
    assert here.get("/feeds/all.json").status_code == (503 if edition is None else 200)


def test_metrics_are_for_everybody_unless_there_is_a_token() -> None:
    """The exposition in Prometheus' text format."""
    answer = app_client().get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    assert "syndicate_requests_total" in answer.text


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
def test_metrics_may_want_a_token(authorization: str, status: int) -> None:
    """Whoever has it sees them; everybody else is told how to show it."""
    here = app_client(policy=HttpPolicy(metrics_token="s3cret"))

    answer = here.request("GET", "/metrics", {"authorization": authorization})

    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "unauthorized"
        assert "syndicate_" not in answer.text


def test_the_library_of_the_tests_fails_as_the_service_does() -> None:
    """Before the first edition there is none to read from."""
    with pytest.raises(NotReady):
        SampleReader(current=None).edition  # noqa: B018 — the property raises
