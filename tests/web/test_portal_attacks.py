"""Attacks on the portal: each fails, and each succeeds with its defense switched off.

A test takes ``is_defended``; where it is false, the function that defends is replaced by one that
does nothing, which shows that the attack is real and that nothing else stops it.
"""

import pytest

from syndicate.model.access_token import AccessToken
from syndicate.render.pages import jinja
from syndicate.service.subscription_service import SubscriptionService
from syndicate.web import portal as portal_module
from syndicate.web.http import middleware, sessions
from syndicate.web.http.auth import AuthenticatedRoute
from tests.channels.receiver import respond, run_receiver
from tests.web.portal_client import PortalClient, added, answered, logged_in, text_of

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "undefended"]),
]

Patch = pytest.MonkeyPatch


async def answer_nothing(*_: object) -> None:
    """Find nothing and refuse nothing."""


def allow(*_: object, **__: object) -> None:
    """Refuse nothing."""


@pytest.mark.parametrize("path", ["", "/edit"])
async def test_subscription_of_another_partner_is_not_shown(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool, path: str
) -> None:
    """By its id, which is no secret."""
    victim, attacker = await logged_in(portal), await logged_in(portal, "attacker")
    made = await added(victim)
    if not is_defended:
        monkeypatch.setattr(AccessToken, "owner", None)
    found = await attacker.get(f"/portal/subscriptions/{made}{path}")
    assert found.status_code == (404 if is_defended else 200)


@pytest.mark.parametrize("action", ["pause", "rotate-secret", "recover", "test", "remove"])
async def test_subscription_of_another_partner_is_not_changed(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool, action: str
) -> None:
    """With the attacker's own session and CSRF token."""
    victim, attacker = await logged_in(portal), await logged_in(portal, "attacker")
    made = await added(victim)
    if not is_defended:
        monkeypatch.setattr(AccessToken, "owner", None)
    changed = await attacker.post(f"/portal/subscriptions/{made}/{action}")
    assert (changed.status_code == 404) == is_defended
    assert (changed.status_code in {200, 303}) != is_defended


async def test_delivery_of_another_partner_is_neither_shown_nor_sent(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Its request holds posts of the partner's selection."""
    victim, attacker = await logged_in(portal), await logged_in(portal, "attacker")
    made = await added(victim, backfill="true")
    if not is_defended:
        monkeypatch.setattr(AccessToken, "owner", None)
    shown = await attacker.get(f"/portal/deliveries/{made}.1")
    replayed = await attacker.post(f"/portal/deliveries/{made}.1/replay")
    assert (shown.status_code, replayed.status_code) == ((404, 404) if is_defended else (200, 303))


async def test_failed_deliveries_of_other_partners_are_not_sent_again(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """A partner could flood others."""
    victim, attacker = await logged_in(portal), await logged_in(portal, "attacker")
    await added(victim, backfill="true")
    await answered(portal, 410)
    if not is_defended:
        monkeypatch.setattr(AccessToken, "owner", None)
    replayed = await attacker.post("/portal/replay", {"since": "2024-01-01T00:00"})
    assert replayed.headers["location"] == f"/portal?count={0 if is_defended else 1}"


async def test_partner_creates_no_tokens(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Not even by sending the form that they do not see."""
    if not is_defended:
        monkeypatch.setattr(portal_module, "check_rights", allow)
    attacker = await logged_in(portal, "attacker")
    created = await attacker.post("/portal/tokens", {"name": "attacker", "role": "admin"})
    assert created.status_code == (403 if is_defended else 200)
    assert ("Store this token now" in created.text) != is_defended


async def test_read_only_token_changes_nothing(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Not even by sending the form that its holder does not see."""
    owner = await logged_in(portal)
    made = await added(owner)
    if not is_defended:
        monkeypatch.setattr(portal_module, "check_rights", allow)
    reader = await logged_in(portal, read_only=True)
    changed = await reader.post(f"/portal/subscriptions/{made}/pause")
    assert changed.status_code == (403 if is_defended else 303)


async def test_script_in_the_response_of_an_endpoint_is_text(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Stored cross-site scripting: an administrator looks at it."""
    if not is_defended:
        for environment in map(jinja._environment, ("", ""), ("en", "es")):  # noqa: SLF001
            monkeypatch.setattr(environment, "autoescape", False)
            environment.cache.clear()  # type: ignore[union-attr]
    browser = await logged_in(portal)
    script = b"<script>alert(1)</script>"
    async with run_receiver(respond(500, script)) as endpoint:
        made = await added(browser, url=endpoint.url())
        page = await browser.post(f"/portal/subscriptions/{made}/test", {"fault": "none"})
    jinja._environment.cache_clear()  # noqa: SLF001 — templates are compiled with the setting
    assert (script.decode() in page.text) != is_defended
    assert ("&lt;script&gt;" in page.text) == is_defended


async def test_injected_script_would_not_run(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Content-Security-Policy, the second defense."""
    if not is_defended:
        monkeypatch.setattr(portal_module, "content_security_policy", lambda _: "img-src *")
    browser = await logged_in(portal)
    policy = (await browser.get("/portal")).headers["content-security-policy"]
    assert ("default-src 'none'" in policy and "script-src" not in policy) == is_defended


async def test_other_sites_cannot_frame_the_portal(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Clickjacking: a transparent frame over a button of another site."""
    if not is_defended:
        monkeypatch.setattr(portal_module, "content_security_policy", lambda _: "img-src *")
    browser = await logged_in(portal)
    policy = (await browser.get("/portal")).headers["content-security-policy"]
    assert ("frame-ancestors 'none'" in policy) == is_defended


async def test_scripts_of_other_sites_cannot_read_pages(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """No CORS, unlike feeds."""
    if not is_defended:

        class Never(AuthenticatedRoute):
            """No route is one of these, so all get the headers of public ones."""

        monkeypatch.setattr(middleware, "AuthenticatedRoute", Never)
    browser = await logged_in(portal)
    page = await browser.get("/portal")
    assert ("access-control-allow-origin" not in page.headers) == is_defended


async def test_caches_keep_no_page(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """The next user of a computer or proxy would see it."""
    if not is_defended:
        monkeypatch.setattr(portal_module, "NO_STORE", "public, max-age=300")
    browser = await logged_in(portal)
    page = await browser.get("/portal")
    assert (page.headers["cache-control"] == "no-store") == is_defended


async def test_tokens_cannot_be_tried_in_masses(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Brute force: 20 wrong ones in a minute, then even a valid one has to wait."""
    if not is_defended:
        monkeypatch.setattr(portal_module.Portal, "wait_seconds", lambda *_: 0)
    owner = await portal.api_client.with_token()
    for number in range(20):
        assert (await portal.log_in(f"syn_{number}")).status_code == 401
    late = await portal.log_in(owner.token)
    assert late.status_code == (429 if is_defended else 303)
    assert ("retry-after" in late.headers) == is_defended


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/portal@evil"]
)
async def test_login_leads_to_no_other_site(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool, target: str
) -> None:
    """Open redirect: a link to our login that ends at a copy of it."""
    if not is_defended:
        monkeypatch.setattr(portal_module, "return_path", lambda path: path)
        monkeypatch.setattr(portal_module, "local_url", lambda _, path: path)
    owner = await portal.api_client.with_token()
    response = await portal.log_in(owner.token, target)
    assert (response.headers["location"] == "/portal") == is_defended
    assert (response.headers["location"] == target) != is_defended


async def test_subscription_to_an_internal_address_is_refused(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Server-side request forgery, as in the API."""
    if not is_defended:
        monkeypatch.setattr(SubscriptionService, "check_url", answer_nothing)
    browser = await logged_in(portal)
    await browser.get("/portal/add")
    fields = {"url": "http://169.254.169.254/latest", "types": "post.published"}
    response = await browser.post("/portal/add", fields)
    assert response.status_code == (422 if is_defended else 200)


async def test_message_of_a_page_cannot_be_forged(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Content spoofing: a link that makes the portal say what an attacker wrote."""
    if not is_defended:
        text_of_the_link = "Call 555-0100"
        monkeypatch.setattr(portal_module, "_MESSAGES", {text_of_the_link: text_of_the_link})
    browser = await logged_in(portal)
    page = text_of(await browser.get("/portal?done=Call+555-0100"))
    assert ("Call 555-0100" in page) != is_defended


async def test_huge_form_is_refused(
    portal: PortalClient, monkeypatch: Patch, is_defended: bool
) -> None:
    """Before anybody has logged in."""
    if not is_defended:
        monkeypatch.setattr(sessions, "MAX_FORM_BYTES", 10**9)
    response = await portal.post("/portal/login", {"token": "x" * 20_000})
    assert response.status_code == (413 if is_defended else 401)
