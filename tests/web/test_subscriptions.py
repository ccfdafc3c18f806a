"""Subscriptions over the web."""

import json
import pathlib
from dataclasses import replace

import pytest

from syndicate.model.audit import SERVICE, Actor
from tests import samples
from tests.channels.receiver import respond, run_receiver
from tests.stepwise_service import sqlite_url
from tests.web.api_client import HOOK, open_api_client
from tests.web.app_client import app_client

PATH = "/v1/subscriptions"
PUBLIC = "https://feeds.example.gov"


async def test_subscription_is_created_shown_and_removed(address: str) -> None:
    """Its secret is shown once; nothing of it may be kept or read by scripts of other sites."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        made = await partner.request("POST", PATH, {"url": HOOK})
        assert made.status_code == 201
        said = made.json()
        place = f"{PATH}/{said['id']}"
        assert made.headers["location"] == f"{PUBLIC}{place}"
        assert said.pop("secret").startswith("whsec_")
        shown = await partner.request("GET", place)
        assert shown.json() == said
        assert {**said, "id": ""} == {
            "id": "",
            "url": HOOK,
            "selection": {
                "categories": [],
                "match": "any",
                "carousel": None,
                "sources": [],
                "languages": [],
            },
            "types": ["post.published", "post.updated", "post.removed"],
            "minor": True,
            "payload": "full",
            "headers": [],
            "backfill": False,
            "state": "active",
            "state_reason": "",
            "pending": 0,
            "last_attempt": None,
        }
        for one in (made, shown):
            assert one.headers["cache-control"] == "no-store"
            assert "access-control-allow-origin" not in one.headers
        gone = await partner.request("DELETE", place)
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await partner.request("GET", place)).json()["code"] == "unknown-subscription"


async def test_header_fields_are_shown_as_names(address: str) -> None:
    """The values are in no response, no audit entry, and encrypted in the database."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        headers = {"X-Api-Key": "0123456789", "Authorization": "Bearer wxyz"}
        made = await partner.request("POST", PATH, {"url": HOOK, "headers": headers})
        place = f"{PATH}/{made.json()['id']}"
        shown = await partner.request("GET", place)
        changed = await partner.request("PATCH", place, {"headers": {"X-Api-Key": "abc"}})
        kept = await partner.request("PATCH", place, {"minor": False})
        same = await partner.request("PATCH", place, {"url": f"{HOOK}/2"})
        none = await partner.request("PATCH", place, {"headers": {}})
        wrong = await partner.request("PATCH", place, {"headers": {"Host": "a.example"}})
    assert made.json()["headers"] == shown.json()["headers"] == ["X-Api-Key", "Authorization"]
    assert changed.json()["headers"] == kept.json()["headers"] == ["X-Api-Key"]
    assert same.json()["headers"] == ["X-Api-Key"]
    assert none.json()["headers"] == []
    assert "0123456789" not in made.text + shown.text + changed.text
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/headers")


async def test_all_fields_of_a_subscription_are_stored(address: str) -> None:
    """Categories may be called as in addresses of feeds."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        selection = {
            "categories": ["Tech Transformation", "technology"],
            "match": "all",
            "carousel": True,
            "sources": ["news"],
            "languages": ["es"],
        }
        said = await partner.subscribe(
            selection=selection,
            types=["post.removed", "post.published"],
            minor=False,
            payload="thin",
        )
        assert said["selection"] == {**selection, "categories": ["technology", "tts"]}
        assert said["types"] == ["post.published", "post.removed"]
        assert (said["minor"], said["payload"]) == (False, "thin")


WRONG = {
    "url": "https://10.0.0.1/",
    "types": ["post.fish"],
    "minor": "yes",
    "selection": {"categories": ["tts", "fish"], "carousel": 1, "match": "some"},
    "a/b": 1,
    "state": "active",
}


async def test_all_invalid_fields_are_reported_at_once(address: str) -> None:
    """By a pointer into what was sent, with what would be right."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        rejected = await partner.request("POST", PATH, WRONG)
        assert rejected.status_code == 422
        assert rejected.headers["content-type"] == "application/problem+json"
        said = rejected.json()
        assert (said["code"], said["title"]) == ("wrong-fields", "Unprocessable Content")
        errors = {error["pointer"]: error for error in said["errors"]}
        assert {pointer: error["code"] for pointer, error in errors.items()} == {
            "#/url": "forbidden-address",
            "#/types": "unknown-type",
            "#/minor": "wrong-type",
            "#/selection/categories/1": "unknown-category",
            "#/selection/carousel": "wrong-type",
            "#/selection/match": "unknown-value",
            "#/a~1b": "unknown-field",
            "#/state": "fixed-field",
        }
        assert "10.0.0.1" in errors["#/url"]["detail"]
        assert "allow_networks" in errors["#/url"]["hint"]
        assert errors["#/selection/categories/1"]["known"] == ["technology", "tts"]
        alone = await partner.request("POST", PATH, {"url": "https://10.0.0.1/"})
        assert (alone.status_code, alone.json()["code"]) == (422, "forbidden-address")
        assert [error["pointer"] for error in alone.json()["errors"]] == ["#/url"]
        blank = await partner.request("POST", PATH, {"url": HOOK, "minor": 1})
        assert [error["pointer"] for error in blank.json()["errors"]] == ["#/minor"]


async def test_invalid_subscription_is_rejected(tmp_path: pathlib.Path) -> None:
    """Before anything is done with it."""
    async with open_api_client(sqlite_url(tmp_path)) as counter:
        partner = await counter.with_token()
        token = {"Authorization": f"Bearer {partner.token}"}
        for body, kind, status, code in (
            (b"{", "application/json", 400, "malformed-json"),
            (b'"\xff"', "application/json", 400, "malformed-json"),
            (b"[" * 9_000, "application/json", 400, "malformed-json"),
            (b"[]", "application/json", 422, "wrong-type"),
            (b"{}", "application/json; charset=utf-8", 422, "missing-field"),
            (b"url=x", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
            (b"{}", "", 415, "unsupported-media-type"),
            (b" " * 20_000, "application/json", 413, "content-too-large"),
        ):
            rejected = await counter.app_client.request_async(
                PATH, method="POST", headers={**token, "Content-Type": kind}, content=body
            )
            assert (rejected.status_code, rejected.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "path", [PATH, f"{PATH}/sub_1", f"{PATH}/sub_1/deliveries", "/v1/deliveries/x"]
)
def test_request_without_a_token_gets_401(path: str) -> None:
    """Nothing is said of what there is, whether or not there is a database."""
    client = app_client()
    for fields in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}):
        rejected = client.request("GET", path, fields)
        assert (rejected.status_code, rejected.json()["code"]) == (401, "unauthorized")
        assert rejected.headers["www-authenticate"] == 'Bearer realm="syndicate"'
        assert rejected.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in rejected.headers
    assert client.request("GET", path, {"Authorization": "Bearer syn_x"}).status_code == 503


async def test_invalid_token_is_rejected(address: str) -> None:
    """Unknown, revoked or expired; the challenge says so (RFC 6750)."""
    async with open_api_client(address) as counter:
        admin, partner = await counter.with_token("ops", "admin"), await counter.with_token()
        late = await counter.with_token(expires=samples.NOW)
        revoked = replace(counter, token=partner.token)
        assert (await partner.request("GET", PATH)).status_code == 200
        for token in await counter.service.access.tokens.list():
            if token.name == "partner" and token.expires is None:
                await counter.service.access.tokens.revoke(token.id, samples.NOW, SERVICE)
        unknown = replace(counter, token=f"{partner.token}x")
        for one, code in (
            (unknown, "unauthorized"),
            (late, "token-expired"),
            (revoked, "token-revoked"),
        ):
            rejected = await one.request("GET", PATH)
            assert (rejected.status_code, rejected.json()["code"]) == (401, code)
            assert 'error="invalid_token"' in rejected.headers["www-authenticate"]
        assert (await admin.request("GET", PATH)).status_code == 200


async def test_rights_of_a_token_are_checked(tmp_path: pathlib.Path) -> None:
    """An editor sees no subscriptions; a token that is read-only changes none."""
    async with open_api_client(sqlite_url(tmp_path)) as counter:
        editor = await counter.with_token("web team", "editor")
        rejected = await editor.request("GET", PATH)
        assert (rejected.status_code, rejected.json()["code"]) == (403, "forbidden")
        assert rejected.json()["hint"] == "Use a token with the role admin or partner."
        reader = await counter.with_token(read_only=True)
        assert (await reader.request("GET", PATH)).status_code == 200
        assert (await reader.request("HEAD", PATH)).status_code == 200
        for method, path in (
            ("POST", PATH),
            ("PATCH", f"{PATH}/sub_1"),
            ("DELETE", f"{PATH}/sub_1"),
            ("POST", f"{PATH}/sub_1/rotate-secret"),
        ):
            rejected = await reader.request(method, path, {"url": HOOK})
            assert (rejected.status_code, rejected.json()["code"]) == (403, "read-only-token")
            assert 'error="insufficient_scope"' in rejected.headers["www-authenticate"]


async def test_changes_are_audited_with_token_and_address(tmp_path: pathlib.Path) -> None:
    """Host names only: the URL of an endpoint may hold a secret."""
    async with open_api_client(sqlite_url(tmp_path)) as counter:
        partner = await counter.with_token()
        made = (await partner.subscribe())["id"]
        await partner.request("PATCH", f"{PATH}/{made}", {"state": "paused"})
        await partner.request("POST", f"{PATH}/{made}/rotate-secret")
        await partner.request("POST", f"{PATH}/{made}/test?fault=signature")
        wrong = await partner.request("POST", f"{PATH}/{made}/test?fault=x")
        assert (wrong.status_code, wrong.json()["known"][0]) == (400, "none")
        await partner.request("POST", f"{PATH}/{made}/recover?since=2024-01-01T00:00:00Z")
        await partner.request("DELETE", f"{PATH}/{made}")
        await replace(partner, token="syn_x").request("GET", PATH)
        (token,) = await counter.service.access.tokens.list()
        assert token.last_used == samples.NOW
        actor = Actor.from_token(token, "127.0.0.1")
        stranger = Actor(name="unknown", address="127.0.0.1")
        entries = await counter.service.access.audit_log.latest()
        assert [(one.action, one.actor, one.detail) for one in reversed(entries)] == [
            ("token.created", SERVICE, {"role": "partner", "name": "partner", "read_only": False}),
            ("subscription.created", actor, {"host": "127.0.0.1"}),
            ("subscription.changed", actor, {"fields": ["state"]}),
            ("secret.rotated", actor, {}),
            ("subscription.tested", actor, {"status": None, "fault": "signature"}),
            (
                "subscription.recovered",
                actor,
                {"since": "2024-01-01 00:00:00+00:00", "deliveries": 6},
            ),
            ("subscription.removed", actor, {}),
            ("authentication.failed", stranger, {"reason": "the token is unknown"}),
        ]


async def test_duplicate_subscription_gets_409_with_the_id(address: str) -> None:
    """Of the same owner; another may have it too."""
    async with open_api_client(address) as counter:
        partner, other = await counter.with_token(), await counter.with_token("other")
        made = await partner.subscribe(selection={"categories": ["tts"]})
        again = await partner.request(
            "POST", PATH, {"url": HOOK, "selection": {"categories": ["TTS"]}, "payload": "thin"}
        )
        assert (again.status_code, again.json()["known"]) == (409, [made["id"]])
        await other.subscribe(selection={"categories": ["tts"]})
        second = await partner.subscribe()
        changed = await partner.request(
            "PATCH", f"{PATH}/{second['id']}", {"selection": {"categories": ["tts"]}}
        )
        assert (changed.status_code, changed.json()["known"]) == (409, [made["id"]])


async def test_partners_see_their_own_subscriptions_only(address: str) -> None:
    """What is another's is not there; an administrator sees everything."""
    async with open_api_client(address) as counter:
        partner, other = await counter.with_token("partner"), await counter.with_token("other")
        admin, successor = (
            await counter.with_token("ops", "admin"),
            await counter.with_token("partner"),
        )
        made = await partner.subscribe(backfill=True)
        place, delivery = f"{PATH}/{made['id']}", f"/v1/deliveries/{made['id']}.1"
        for method, path, body in (
            ("GET", place, None),
            ("PATCH", place, {"state": "paused"}),
            ("DELETE", place, None),
            ("POST", f"{place}/test", None),
            ("POST", f"{place}/rotate-secret", None),
            ("POST", f"{place}/recover", None),
            ("GET", f"{place}/deliveries", None),
            ("GET", delivery, None),
            ("POST", f"{delivery}/replay", None),
        ):
            foreign = await other.request(method, path, body)
            missing = await other.request(method, path.replace(made["id"], "sub_none"), body)
            said = [
                (one.status_code, one.text.replace(made["id"], "sub_none"))
                for one in (foreign, missing)
            ]
            assert said[0] == said[1]
            assert foreign.status_code == 404
        assert (await other.request("GET", PATH)).json()["items"] == []
        for one in (admin, successor):
            assert [x["id"] for x in (await one.request("GET", PATH)).json()["items"]] == [
                made["id"]
            ]
            assert (await one.request("GET", delivery)).status_code == 200


async def test_subscriptions_are_listed_in_pages(address: str) -> None:
    """The oldest first; what comes meanwhile is at the end."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        made = {(await partner.subscribe(url=f"{HOOK}/{n}"))["id"] for n in range(3)}
        first = (await partner.request("GET", f"{PATH}?limit=2")).json()
        assert first["next_url"].startswith(f"{PUBLIC}{PATH}?after=")
        second = (await partner.request("GET", first["next_url"].removeprefix(PUBLIC))).json()
        assert second["next_url"] is None
        listed = [one["id"] for one in first["items"] + second["items"]]
        assert (len(listed), {*listed}) == (3, made)
        for query in ("limit=0", "after=x"):
            assert (await partner.request("GET", f"{PATH}?{query}")).status_code == 400


async def test_secret_is_rotated(address: str) -> None:
    """And the new one shown."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        made = await partner.subscribe()
        rotated = await partner.request("POST", f"{PATH}/{made['id']}/rotate-secret")
        assert rotated.status_code == 200
        assert rotated.json()["id"] == made["id"]
        assert rotated.json()["secret"] != made["secret"]


async def test_test_event_returns_its_attempt(address: str) -> None:
    """Also where the endpoint fails, and where it may not be asked at all."""
    async with open_api_client(address) as counter:
        partner = await counter.with_token()
        async with run_receiver(respond(204), respond(500, b"no")) as receiver:
            made = await partner.subscribe(url=receiver.url())
            path = f"{PATH}/{made['id']}/test"
            well, ill = [(await partner.request("POST", path)).json() for _ in range(2)]
            assert (well["status"], well["error"], well["address"]) == (204, "", "127.0.0.1")
            assert well["trigger"] == "manual"
            assert (ill["status"], ill["response"]) == (500, "no")
            assert json.loads(receiver.requests[0].body)["type"] == "subscription.test"


async def test_options_lists_the_methods(address: str) -> None:
    """To who asks for it, without a word to scripts of other sites."""
    async with open_api_client(address) as counter:
        options = await counter.request("OPTIONS", PATH, Origin="https://partner.example")
        assert options.status_code == 204
        assert options.headers["allow"] == "GET, HEAD, OPTIONS, POST"
        rejected = await counter.request("PUT", PATH)
        assert (rejected.status_code, rejected.headers["allow"]) == (
            405,
            "GET, HEAD, OPTIONS, POST",
        )
        for one in (options, rejected):
            assert not [name for name in one.headers if name.startswith("access-control")]
        partner = await counter.with_token()
        head = await partner.request("HEAD", PATH)
        assert (head.status_code, head.content) == (200, b"")
