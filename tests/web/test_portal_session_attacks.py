"""Attacks on sessions of the portal: each fails, and each succeeds with its defense switched off.

A test takes ``is_defended``; where it is false, the function that defends is replaced by one that
does nothing, which shows that the attack is real and that nothing else stops it.
"""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import text
from starlette.responses import Response

from syndicate.model.access_token import AccessToken
from syndicate.model.audit import SERVICE
from syndicate.storage import portal_sessions
from syndicate.storage.database import Database
from syndicate.web import portal as portal_module
from syndicate.web.http import sessions
from tests import samples
from tests.web.portal_client import PortalClient, added, logged_in

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "undefended"]),
]

Patch = pytest.MonkeyPatch


async def answer_nothing(*_: object) -> None:
    """Find nothing and refuse nothing."""


def allow(*_: object, **__: object) -> None:
    """Refuse nothing."""


def set_plain_cookie(response: Response, _: object, session_id: str) -> None:
    """Set the cookie without any attribute that protects it."""
    response.set_cookie("__Host-session", session_id, samesite=None)


async def test_form_without_the_csrf_token_changes_nothing(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Cross-site request forgery: the browser adds the cookie, but cannot know the token."""
    if not is_defended:
        monkeypatch.setattr(portal_module, "check_csrf", allow)
    victim = await logged_in(portal)
    made = await added(victim)
    victim.csrf = ""
    forged = await victim.post(f"/portal/subscriptions/{made}/remove")
    assert forged.status_code == (403 if is_defended else 303)


async def test_csrf_token_of_another_session_is_refused(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """An attacker with a token has a valid CSRF token of their own."""
    if not is_defended:
        monkeypatch.setattr(sessions.Session, "csrf", "5a5a")
    victim, attacker = await logged_in(portal), await logged_in(portal, "attacker")
    made = await added(victim)
    victim.csrf = attacker.csrf if is_defended else "5a5a"
    forged = await victim.post(f"/portal/subscriptions/{made}/remove")
    assert forged.status_code == (403 if is_defended else 303)


@pytest.mark.parametrize(
    "header",
    [{"Origin": "https://evil.example"}, {"Origin": "http://["}, {"Sec_Fetch_Site": "cross-site"}],
)
async def test_form_of_another_site_is_refused(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool, header: dict[str, str]
) -> None:
    """Even with the CSRF token: a login form has none, and tokens may leak."""
    if not is_defended:
        monkeypatch.setattr(sessions, "check_origin", allow)
    victim = await logged_in(portal)
    made = await added(victim)
    forged = await victim.post(f"/portal/subscriptions/{made}/remove", None, **header)
    assert forged.status_code == (403 if is_defended else 303)


async def test_login_with_a_strangers_token_is_refused(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Login CSRF: the victim would work in the account of the attacker."""
    if not is_defended:
        monkeypatch.setattr(sessions, "check_origin", allow)
    attacker = await portal.api_client.with_token("attacker")
    victim = PortalClient(api_client=portal.api_client)
    forged = await victim.post(
        "/portal/login", {"token": attacker.token}, Origin="https://evil.example"
    )
    assert forged.status_code == (403 if is_defended else 303)


async def test_cookie_is_not_sent_by_other_sites(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """SameSite=Strict; the prefix __Host- keeps sibling hosts from setting it."""
    if not is_defended:
        monkeypatch.setattr(portal_module, "set_session_cookie", set_plain_cookie)
    owner = await portal.api_client.with_token()
    response = await portal.log_in(owner.token)
    attributes = set(response.headers["set-cookie"].split("; "))
    assert ({"SameSite=strict", "Secure"} <= attributes) == is_defended


async def test_scripts_cannot_read_the_cookie(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """HttpOnly."""
    if not is_defended:
        monkeypatch.setattr(portal_module, "set_session_cookie", set_plain_cookie)
    owner = await portal.api_client.with_token()
    response = await portal.log_in(owner.token)
    assert ("HttpOnly" in response.headers["set-cookie"]) == is_defended


async def test_session_id_that_an_attacker_chose_is_never_valid(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Session fixation: the login always makes a new id."""
    victim = await portal.api_client.with_token()
    if not is_defended:
        monkeypatch.setattr(secrets, "token_urlsafe", lambda _: "chosen")
        monkeypatch.setattr(portal_module, "find_session", answer_nothing)
    browser = PortalClient(api_client=portal.api_client, cookie="__Host-session=chosen")
    assert (await browser.log_in(victim.token)).status_code == 303
    attacker = PortalClient(api_client=portal.api_client, cookie="__Host-session=chosen")
    page = await attacker.get("/portal")
    assert page.status_code == (303 if is_defended else 200)


async def test_session_of_before_ends_with_the_login(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """A copied cookie of an earlier session in the same browser is useless."""
    if not is_defended:
        monkeypatch.setattr(portal_module, "find_session", answer_nothing)
    browser = await logged_in(portal)
    copied = PortalClient(api_client=portal.api_client, cookie=browser.cookie)
    assert (await browser.log_in(browser.api_client.token)).status_code == 303
    assert (await copied.get("/portal")).status_code == (303 if is_defended else 200)


async def test_cookie_is_useless_after_logout(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """The server forgets the session, not only the browser."""
    if not is_defended:
        monkeypatch.setattr(portal_sessions.PortalSessions, "remove", answer_nothing)
    browser = await logged_in(portal)
    copied = PortalClient(api_client=portal.api_client, cookie=browser.cookie)
    await browser.post("/portal/logout")
    assert (await copied.get("/portal")).status_code == (303 if is_defended else 200)


async def test_cookie_is_useless_after_the_token_was_revoked(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """At once, in all browsers."""
    browser = await logged_in(portal)
    access = portal.api_client.service.access
    for token in await access.tokens.list():
        await access.tokens.revoke(token.id, samples.NOW, SERVICE)
    if not is_defended:
        monkeypatch.setattr(AccessToken, "is_valid", lambda *_: True)
    assert (await browser.get("/portal")).status_code == (303 if is_defended else 200)


async def test_cookie_ends_after_an_hour_without_requests(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """On a computer that somebody left."""
    browser = await logged_in(portal)
    database = await Database.open(portal.api_client.database_url)
    async with database.write() as connection:
        statement = text("UPDATE portal_session SET last_seen_ms = last_seen_ms - 3600000")
        await connection.execute(statement)
    await database.close()
    if not is_defended:
        monkeypatch.setattr(portal_sessions, "MAX_IDLE", timedelta(days=9))
    assert (await browser.get("/portal")).status_code == (303 if is_defended else 200)


async def test_copy_of_the_database_opens_no_session(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """It holds digests of session ids only."""
    if not is_defended:
        monkeypatch.setattr(portal_sessions, "token_digest", lambda session_id: session_id)
    await logged_in(portal)
    database = await Database.open(portal.api_client.database_url)
    async with database.read() as connection:
        stolen = (await connection.execute(text("SELECT digest FROM portal_session"))).scalar_one()
    await database.close()
    thief = PortalClient(api_client=portal.api_client, cookie=f"__Host-session={stolen}")
    assert (await thief.get("/portal")).status_code == (303 if is_defended else 200)
