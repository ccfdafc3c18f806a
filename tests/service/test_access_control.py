"""Access control: tokens, sessions, and the audit log of both."""

import pathlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syndicate.errors import Unauthenticated
from syndicate.model.access_token import NewToken
from syndicate.model.audit import SERVICE, Actor
from syndicate.service.access_control import AccessControl, FailureLimit, make_access_control
from syndicate.storage.database import Database
from tests.databases import create_sqlite_database
from tests.samples import NOW
from tests.stepwise_service import sqlite_url

pytestmark = pytest.mark.anyio

ADDRESS = "192.0.2.1"
PARTNER = NewToken(role="partner", name="Example agency")


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands."""
    return Clock()


@pytest.fixture
async def access(tmp_path: pathlib.Path, clock: Clock) -> AsyncIterator[AccessControl]:
    """Return the access control of a database without tokens."""
    create_sqlite_database(sqlite_url(tmp_path))
    database = await Database.open(sqlite_url(tmp_path))
    yield make_access_control(database, clock)
    await database.close()


async def actions(access: AccessControl) -> list[str]:
    """Return the audited actions, oldest first."""
    return [entry.action for entry in reversed(await access.audit_log.latest())]


async def test_session_begins_and_ends(access: AccessControl) -> None:
    """Login and logout are audited."""
    token, text = await access.tokens.create(PARTNER, NOW, SERVICE)
    session_id = await access.log_in(text, ADDRESS)
    found = await access.session_token(session_id)
    assert found == replace(token, last_used=NOW)
    await access.log_out(session_id, Actor.from_token(token, ADDRESS))
    assert await access.session_token(session_id) is None
    assert await actions(access) == ["token.created", "portal.login", "portal.logout"]


async def test_session_ends_with_its_token(access: AccessControl, clock: Clock) -> None:
    """Whether it is revoked or expires."""
    soon = NOW + timedelta(minutes=10)
    revoked, revoked_text = await access.tokens.create(PARTNER, NOW, SERVICE)
    _, expiring_text = await access.tokens.create(replace(PARTNER, expires=soon), NOW, SERVICE)
    sessions = [await access.log_in(text, ADDRESS) for text in (revoked_text, expiring_text)]
    await access.tokens.revoke(revoked.id, NOW, SERVICE)
    assert await access.session_token(sessions[0]) is None
    assert await access.session_token(sessions[1]) is not None
    clock.now = soon
    assert await access.session_token(sessions[1]) is None


async def test_failed_login_starts_no_session(access: AccessControl, clock: Clock) -> None:
    """The error names the state of the token, the audit log the token."""
    token, text = await access.tokens.create(
        replace(PARTNER, expires=NOW + timedelta(days=1)), NOW, SERVICE
    )
    clock.now += timedelta(days=1)
    with pytest.raises(Unauthenticated) as caught:
        await access.log_in(text, ADDRESS)
    assert caught.value.code == "token-expired"
    (entry,) = await access.audit_log.latest(limit=1)
    assert (entry.action, entry.object_id) == ("authentication.failed", token.id)
    assert entry.actor.address == ADDRESS


async def test_failures_cannot_fill_the_audit_log(access: AccessControl, clock: Clock) -> None:
    """Some are only counted, and the next entry says how many."""
    limited = replace(access, failure_limit=FailureLimit(max_failures=2))
    for _ in range(5):
        await limited.record_failure("the token is unknown", ADDRESS)
    clock.now += timedelta(hours=1)
    await limited.record_failure("the token is unknown", ADDRESS)
    entries = await limited.audit_log.latest()
    assert [entry.detail.get("suppressed", 0) for entry in reversed(entries)] == [0, 0, 3]


async def test_settings_are_audited_when_they_change(access: AccessControl) -> None:
    """Not with every start."""
    for digest in ("a", "a", "b", "a"):
        await access.record_settings(digest)
    entries = await access.audit_log.latest()
    assert [entry.detail["sha256"] for entry in reversed(entries)] == ["a", "b", "a"]
