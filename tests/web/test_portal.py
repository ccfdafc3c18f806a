"""The portal: login, subscriptions, deliveries and tokens, by the forms of its pages."""

import pathlib
import re

import pytest

from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.channels.receiver import respond, run_receiver
from tests.stepwise_service import sqlite_url
from tests.web.api_client import HOOK
from tests.web.app_client import POSTS
from tests.web.portal_client import (
    PortalClient,
    added,
    answered,
    location,
    logged_in,
    open_portal,
    text_of,
)

pytestmark = pytest.mark.anyio

SINCE = "2024-01-01T00:00"


async def test_login_starts_a_session_and_logout_ends_it(portal: PortalClient) -> None:
    """The page that was asked for follows the login."""
    assert location(await portal.get("/portal?after=x")) == "/portal/login?next=/portal%3Fafter%3Dx"
    assert location(await portal.post("/portal/replay")) == "/portal/login?next=/portal"
    owner = await portal.api_client.with_token()
    form = await portal.get("/portal/login?next=/portal/add")
    assert 'name="next" value="/portal/add"' in form.text
    asked = "/explain?post=https%3A%2F%2Fwww.example.gov%2Fa"
    assert location(await portal.log_in(owner.token, asked)) == asked
    response = await portal.log_in(owner.token, "/portal/add")
    assert location(response) == "/portal/add"
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    page = await portal.get("/portal")
    assert "Signed in as partner (partner)" in text_of(page)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    session = portal.cookie
    left = await portal.post("/portal/logout")
    assert location(left) == "/portal/login"
    assert "Max-Age=0" in left.headers["set-cookie"]
    portal.cookie = session
    assert location(await portal.get("/portal")).startswith("/portal/login")


@pytest.mark.parametrize(
    ("public_url", "name"),
    [
        ("http://127.0.0.1:8000", "session"),
        ("http://localhost:8000", "session"),
        ("http://feeds.example.gov", "__Host-session"),
    ],
)
async def test_cookie_is_secure_unless_the_service_is_on_loopback(
    tmp_path: pathlib.Path, public_url: str, name: str
) -> None:
    """Only there browsers would refuse it, and nobody can listen."""
    async with open_portal(sqlite_url(tmp_path), public_url=public_url) as portal:
        owner = await portal.api_client.with_token()
        cookie = (await portal.log_in(owner.token)).headers["set-cookie"]
        assert cookie.startswith(f"{name}=")
        assert ("Secure" in cookie) == (name == "__Host-session")
        assert "Subscriptions" in text_of(await portal.get("/portal"))


async def test_invalid_token_is_refused_with_the_reason(portal: PortalClient) -> None:
    """On the page of the login; too many are refused for a while."""
    expired = await portal.api_client.with_token(expires=samples.NOW)
    refused = await portal.log_in(expired.token)
    assert (refused.status_code, portal.cookie) == (401, "")
    assert "The token has expired." in text_of(refused)
    wrong_type = await portal.post("/portal/login", {"token": "x"}, Content_Type="text/plain")
    assert wrong_type.status_code == 415
    malformed = await portal.post("/portal/login", {str(number): 1 for number in range(300)})
    assert (malformed.status_code, malformed.json()["code"]) == (400, "malformed-request")


async def test_logins_without_a_limit(tmp_path: pathlib.Path) -> None:
    """Where the operator set none."""
    policy = HttpPolicy(failed_authentications_per_minute=0)
    async with open_portal(sqlite_url(tmp_path), policy=policy) as portal:
        for _ in range(3):
            assert (await portal.log_in("syn_x")).status_code == 401


async def test_subscription_is_added_changed_and_removed(portal: PortalClient) -> None:
    """Everything that the API does; the secret is shown once."""
    browser = await logged_in(portal)
    assert "There are no subscriptions." in text_of(await browser.get("/portal"))
    made = await added(browser, categories="TTS", match="all", carousel="true", minor="true")
    path = f"/portal/subscriptions/{made}"
    listed = await browser.get("/portal")
    assert f"{made} active , 0 pending deliveries" in text_of(listed)
    assert "198.51.100.0/28" in text_of(listed)
    form = await browser.get(f"{path}/edit")
    assert 'name="categories" value="tts"' in form.text
    fields = {"url": HOOK, "sources": "news, updates", "languages": "es", "payload": "thin"}
    changed = await browser.post(f"{path}/edit", {**fields, "types": "post.removed"})
    assert location(changed) == f"{path}?done=changed"
    shown = text_of(await browser.get(location(changed)))
    assert "The subscription was changed." in shown
    assert "post.removed, without minor updates" in shown
    assert "whsec_" not in shown
    for action, done, state in (("pause", "paused", "paused"), ("resume", "resumed", "active")):
        response = await browser.post(f"{path}/{action}")
        assert location(response) == f"{path}?done={done}"
        assert f"State {state}" in text_of(await browser.get(path))
    rotated = await browser.post(f"{path}/rotate-secret")
    assert "Store this secret now" in text_of(rotated)
    assert len(set(re.findall(r"whsec_[^<]+", rotated.text))) == 1
    recovered = await browser.post(f"{path}/recover", {"since": ""})
    assert location(recovered) == f"{path}?count=0"
    assert "Deliveries sent again: 0." in text_of(await browser.get(location(recovered)))
    assert location(await browser.post(f"{path}/remove")) == "/portal?done=removed"
    assert (await browser.get(path)).status_code == 404
    api = await browser.api_client.request("GET", "/v1/subscriptions")
    assert api.json()["items"] == []


async def test_form_names_every_error(portal: PortalClient) -> None:
    """With a link to the field, and with the values that were sent."""
    browser = await logged_in(portal)
    await browser.get("/portal/add")
    wrong = await browser.post(
        "/portal/add", {"url": "ftp://x", "categories": "fish, tts", "sources": "nowhere"}
    )
    assert wrong.status_code == 422
    for name in ("categories", "sources", "types"):
        assert f'<a href="#field-{name}">' in wrong.text
        assert f'id="error-{name}"' in wrong.text
    assert 'value="fish, tts"' in wrong.text
    types = {"url": HOOK, "types": "post.removed", "minor": "true"}
    made = await added(browser)
    duplicate = await browser.post("/portal/add", types)
    assert duplicate.status_code == 409
    assert "The form was not accepted" in text_of(duplicate)
    changed = await browser.post(f"/portal/subscriptions/{made}/edit", {**types, "url": "x"})
    assert changed.status_code == 422


async def test_endpoint_is_tested_also_with_faulty_requests(portal: PortalClient) -> None:
    """One that verifies rejects them."""
    browser = await logged_in(portal)
    async with run_receiver(
        respond(204), respond(401), respond(401), respond(204), respond(500)
    ) as endpoint:
        made = await added(browser, url=endpoint.url())
        path = f"/portal/subscriptions/{made}/test"
        expected = [
            ("none", "The test event was delivered"),
            ("signature", "The endpoint rejected a request with an invalid signature"),
            ("timestamp", "The endpoint rejected a request with an old timestamp"),
            ("signature", "The endpoint accepted a request with an invalid signature"),
            ("none", "The test event failed"),
        ]
        for fault, message in expected:
            assert message in text_of(await browser.post(path, {"fault": fault}))
        sent = [int(one.headers["webhook-timestamp"]) for one in endpoint.requests]
        assert sent[2] == sent[0] - 3600
        signatures = {one.headers["webhook-signature"] for one in endpoint.requests}
        assert len(signatures) == len(sent)
    unreachable = await browser.post(path, {"fault": "timestamp"})
    assert "There was no response" in text_of(unreachable)
    assert (await browser.post(path, {"fault": "x"})).status_code == 400


async def test_header_fields_are_stored_and_only_named(portal: PortalClient) -> None:
    """They stay when the form leaves them out, and go when it says so."""
    browser = await logged_in(portal)
    made = await added(browser, headers="X-Api-Key: s3cret\n\nX-Team: web")
    path = f"/portal/subscriptions/{made}"
    fields = {"url": HOOK, "types": "post.removed"}
    form = await browser.get(f"{path}/edit")
    assert "Stored: X-Api-Key, X-Team. What you enter replaces all stored ones." in text_of(form)
    assert "a URL on another host removes them" in text_of(form)
    assert "encrypted" not in text_of(form)
    assert "Enter the header fields again." not in text_of(form)
    refused = await browser.post(f"{path}/edit", {**fields, "headers": "Host: example.gov"})
    assert refused.status_code == 422
    assert 'id="error-headers"' in refused.text
    assert "Host: example.gov" not in refused.text
    assert "Enter the header fields again." in text_of(refused)
    unrelated = await browser.post(f"{path}/edit", {**fields, "languages": "?"})
    assert unrelated.status_code == 422
    assert "Enter the header fields again." not in text_of(unrelated)
    await browser.post(f"{path}/edit", fields)
    kept = await browser.get(path)
    assert "Header fields X-Api-Key, X-Team" in text_of(kept)
    assert "s3cret" not in form.text + kept.text
    await browser.post(f"{path}/edit", {**fields, "remove_headers": "true"})
    assert "Header fields" not in text_of(await browser.get(path))


async def test_deliveries_are_searched_shown_and_sent_again(portal: PortalClient) -> None:
    """With request and responses, but no signature."""
    browser = await logged_in(portal)
    made = await added(browser, backfill="true")
    path = f"/portal/subscriptions/{made}"
    await answered(portal, 500)
    page = text_of(await browser.get(path))
    assert page.count("the response status was 500") == 1
    for search, count in (
        ("state=pending", len(POSTS)),
        ("state=gone", 0),
        ("state=x", len(POSTS)),
        (f"post={POSTS[0].id}", 1),
        (f"post={POSTS[0].key}", 1),
        (f"post={POSTS[0].url}", 1),
        ("post=none", 0),
        ("after=2", 1),
    ):
        found = await browser.get(f"{path}?{search}")
        assert len(re.findall(r">Delivery \d+<", found.text)) == count, search
    delivery = await browser.get(f"/portal/deliveries/{made}.1")
    shown = text_of(delivery)
    assert "webhook-id: evt_" in shown
    assert '"type": "post.published"' in shown
    assert "Attempt 1: status 500 June 1, 2024, 12:00:00 p.m. UTC , 7 ms" in shown
    assert "Event Published: 2024 01 29 a post, June 1, 2024, 12:00:00 p.m. UTC" in shown
    assert "some text" in shown
    assert "v1," not in shown
    await answered(portal, 410)
    replayed = await browser.post(f"/portal/deliveries/{made}.1/replay")
    assert location(replayed) == f"/portal/deliveries/{made}.1?count=1"
    assert "Nothing was sent yet." in text_of(await browser.get(f"/portal/deliveries/{made}.2"))


async def test_failed_deliveries_are_sent_again(portal: PortalClient) -> None:
    """Of one subscription, or of all that the person has."""
    browser, other = await logged_in(portal), await logged_in(portal, "other")
    made = await added(browser, backfill="true")
    await added(other, backfill="true")
    await answered(portal, 410)
    path = f"/portal/subscriptions/{made}"
    for since, count in (("2100-01-01T00:00", 0), (SINCE, 1)):
        replayed = await browser.post(f"{path}/replay-failed", {"since": since})
        assert location(replayed) == f"{path}?count={count}"
    assert location(await other.post("/portal/replay", {"since": SINCE})) == "/portal?count=1"
    for since in ("", "yesterday"):
        assert (await other.post("/portal/replay", {"since": since})).status_code == 400


async def test_deliveries_are_paged(portal: PortalClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the search."""
    monkeypatch.setattr("syndicate.web.portal_subscriptions._PAGE_SIZE", 3)
    monkeypatch.setattr("syndicate.web.portal._PAGE_SIZE", 1)
    browser = await logged_in(portal)
    made = await added(browser, backfill="true")
    await added(browser, url=f"{HOOK}/2")
    page = await browser.get(f"/portal/subscriptions/{made}?state=pending")
    assert "?after=3&amp;state=pending&amp;post=" in page.text
    first = await browser.get("/portal")
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    second = await browser.get(following[1])
    assert 'rel="next"' not in second.text
    pages = [text_of(page).replace(" ", "") for page in (first, second)]
    assert sorted(f"{HOOK}/2" in page for page in pages) == [False, True]


async def test_read_only_person_sees_no_forms(portal: PortalClient) -> None:
    """And can still log out."""
    owner = await logged_in(portal)
    made = await added(owner)
    reader = await logged_in(portal, read_only=True)
    page = await reader.get(f"/portal/subscriptions/{made}")
    assert "read-only" in text_of(page)
    assert 'method="post"' in page.text.partition("Sign out")[0]
    assert 'method="post"' not in page.text.partition("Sign out")[2]
    assert (await reader.get("/portal/add")).status_code == 403
    assert (await reader.post(f"/portal/subscriptions/{made}/pause")).status_code == 403
    assert location(await reader.post("/portal/logout")) == "/portal/login"


async def test_editor_finds_the_pages_for_editors(portal: PortalClient) -> None:
    """And no subscriptions."""
    editor = await logged_in(portal, "web team", "editor")
    assert 'href="/explain"' in (await editor.get("/portal")).text
    assert (await editor.get("/portal/add")).status_code == 403


async def test_administrator_manages_tokens_and_all_subscriptions(portal: PortalClient) -> None:
    """A new token is shown once."""
    partner, admin = await logged_in(portal), await logged_in(portal, "ops", "admin")
    made = await added(partner)
    assert f"{made}, partner active" in text_of(await admin.get("/portal"))
    assert "Owner partner" in text_of(await admin.get(f"/portal/subscriptions/{made}"))
    assert (await partner.get("/portal/tokens")).status_code == 403
    await admin.get("/portal/tokens")
    fields = {"name": "Web team", "role": "editor", "contact": "web@example.gov"}
    created = await admin.post(
        "/portal/tokens", {**fields, "expires": "2040-01-01T00:00", "read_only": "true"}
    )
    (text,) = set(re.findall(r"syn_[\w-]{20,}", created.text))
    assert (await PortalClient(api_client=portal.api_client).log_in(text)).status_code == 303
    listed = await admin.get("/portal/tokens")
    assert text not in listed.text
    assert "editor, read-only, web@example.gov" in text_of(listed)
    token = await portal.api_client.service.access.tokens.find(text)
    assert token
    assert token.expires
    assert token.expires.year == 2040
    revoked = await admin.post(f"/portal/tokens/{token.id}/revoke")
    assert location(revoked) == "/portal/tokens?done=revoked"
    assert "The token was revoked." in text_of(await admin.get(location(revoked)))
    assert (await admin.post("/portal/tokens/tok_x/revoke")).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("role", "king"),
        ("contact", "nobody"),
        ("contact", "https://["),
        ("expires", "9999-12-31T23:59-14:00"),
        ("expires", "2020-01-01T00:00"),
        ("expires", "soon"),
    ],
)
async def test_form_of_a_token_names_the_wrong_field(
    portal: PortalClient, field: str, value: str
) -> None:
    """And keeps the others."""
    admin = await logged_in(portal, "ops", "admin")
    await admin.get("/portal/tokens")
    fields = {"name": "Web team", "role": "editor", "contact": "web@example.gov"}
    wrong = await admin.post("/portal/tokens", {**fields, field: value})
    assert wrong.status_code == 400
    assert f'<a href="#field-{field}">' in wrong.text
    if field != "contact":
        assert 'value="web@example.gov"' in wrong.text
