"""Push hooks: valid credentials are accepted, others are rejected and counted."""

import asyncio
import hashlib
import hmac
import pathlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

import pytest
from starlette.types import Message

from syndicate.telemetry import exposition
from syndicate.web import push_hooks
from syndicate.web.http import request_body
from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.stepwise_service import sqlite_url
from tests.subscription_services import subscription_service_with_ledger
from tests.web.api_client import ApiClient
from tests.web.app_client import POSTS, AppClient, AppResponse, SampleReader

SECRET: Final = "hush"  # noqa: S105 — a test's
PATH: Final = "/v1/sources/news/refresh"


class HookedApp:
    """A service of the sources ``news``, which has a secret, and ``updates``, which has none."""

    def __init__(self) -> None:
        self.reader = SampleReader(current=samples.edition(*POSTS))
        self.app_client = AppClient(
            reader=self.reader, policy=HttpPolicy(hook_secrets={"news": SECRET, "removed": SECRET})
        )

    def post(
        self,
        shown: Mapping[str, str],
        content: bytes | AsyncIterator[bytes] = b"{}",
        path: str = PATH,
    ) -> AppResponse:
        """Return the answer to a hook that shows some header fields."""
        return self.app_client.request("POST", path, shown, content)


@pytest.fixture
def hooked_app() -> HookedApp:
    """Return a service that nobody has asked for anything."""
    return HookedApp()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the header fields of a signature, as GitHub sends them."""
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={made}"}


def counted(outcome: str) -> float:
    """Return the value of a counter."""
    start = f'syndicate_hooks_total{{outcome="{outcome}"}} '
    lines = exposition().decode().splitlines()
    return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))


def test_push_hook_with_a_valid_signature_is_accepted(hooked_app: HookedApp) -> None:
    """Before the source is fetched; it is counted."""
    before = counted("accepted")

    response = hooked_app.post(signed(b'{"zen":"x"}'), b'{"zen":"x"}')

    assert response.status_code == 202
    assert response.json() == {"source": "news", "status": "accepted"}
    assert response.headers["cache-control"] == "no-store"
    assert hooked_app.reader.refreshed == ["news"]
    assert counted("accepted") == before + 1


def test_push_hook_with_the_secret_is_accepted(hooked_app: HookedApp) -> None:
    """GitLab sends the secret itself."""
    assert hooked_app.post({"X-Gitlab-Token": SECRET}).status_code == 202
    assert hooked_app.reader.refreshed == ["news"]


@pytest.mark.parametrize(
    ("path", "shown", "why"),
    [
        (PATH, {}, "authentication required"),
        (PATH, {"X-Hub-Signature": "sha1=0"}, "authentication required"),
        (PATH, signed(b"{}", "other"), "hook_secret of the source 'news'"),
        (PATH, signed(b"{} "), "hook_secret of the source 'news'"),
        (PATH, {"X-Gitlab-Token": "hus"}, "hook_secret of the source 'news'"),
        ("/v1/sources/updates/refresh", signed(b"{}", ""), "no hook_secret is set"),
        ("/v1/sources/updates/refresh", {"X-Gitlab-Token": ""}, "authentication required"),
        ("/v1/sources/nobody/refresh", signed(b"{}"), "no hook_secret is set"),
    ],
)
def test_push_hook_without_credentials_is_rejected(
    hooked_app: HookedApp, path: str, shown: dict[str, str], why: str
) -> None:
    """401 with a reason that does not reveal whether the source exists; it is counted."""
    before = counted("refused")

    response = hooked_app.post(shown, path=path)

    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
    assert why in response.json()["detail"]
    assert response.headers["www-authenticate"] == 'Bearer realm="syndicate"'
    assert hooked_app.reader.refreshed == []
    assert counted("refused") == before + 1


async def test_push_hook_with_an_administrators_token_is_accepted(
    hooked_app: HookedApp, tmp_path: pathlib.Path
) -> None:
    """Without a signature; the token of a partner, or one beside an invalid signature, is not."""
    async with subscription_service_with_ledger(sqlite_url(tmp_path), hooked_app.reader) as service:
        hooked_app.reader.service = service
        counter = ApiClient(app_client=hooked_app.app_client, service=service, database_url="")
        admin, partner = await counter.with_token("ops", "admin"), await counter.with_token()
        for path in (PATH, "/v1/sources/updates/refresh"):
            assert (await admin.request("POST", path)).status_code == 202
        assert hooked_app.reader.refreshed == ["news", "updates"]
        before = counted("refused")
        assert (await partner.request("POST", PATH)).status_code == 403
        mixed = {**signed(b"x"), "Authorization": f"Bearer {admin.token}"}
        assert (
            await hooked_app.app_client.request_async(PATH, method="POST", headers=mixed)
        ).status_code == 401
        assert counted("refused") == before + 2
        (failure,) = await service.access.audit_log.latest(limit=1)
        assert failure.action == "authentication.failed"
        assert str(failure.detail["reason"]).startswith("the credentials do not match")
        unknown = await admin.request("POST", "/v1/sources/fish/refresh")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-source")


def test_push_hook_of_a_removed_source_gets_404(hooked_app: HookedApp) -> None:
    """With the names of the sources, since the secret is known."""
    response = hooked_app.post(signed(b"{}"), path="/v1/sources/removed/refresh")

    assert (response.status_code, response.json()["code"]) == (404, "unknown-source")
    assert response.json()["known"] == ["news", "updates"]


def test_push_hook_requires_post(hooked_app: HookedApp) -> None:
    """GET gets 405."""
    response = hooked_app.app_client.get(PATH)

    assert (response.status_code, response.headers["allow"]) == (405, "OPTIONS, POST")


def test_long_body_is_not_held_in_memory(hooked_app: HookedApp) -> None:
    """Up to the limit of GitHub it is accepted; one byte more is rejected."""
    piece = b"x" * 2**20

    async def content(extra: bytes) -> AsyncIterator[bytes]:
        for _ in range(push_hooks.MAX_BODY_BYTES // len(piece)):
            yield piece
        yield extra

    complete = hmac.new(SECRET.encode(), digestmod="sha256")
    for _ in range(push_hooks.MAX_BODY_BYTES // len(piece)):
        complete.update(piece)
    shown = {"X-Hub-Signature-256": f"sha256={complete.hexdigest()}"}

    assert hooked_app.post(shown, content(b"")).status_code == 202
    rejected = hooked_app.post(shown, content(b"x"))
    assert (rejected.status_code, rejected.json()["code"]) == (413, "content-too-large")
    assert hooked_app.reader.refreshed == ["news"]


def test_slow_body_gets_408(hooked_app: HookedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the connection is closed."""
    monkeypatch.setattr(request_body, "_TIMEOUT_SECONDS", 0.05)

    async def content() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    response = hooked_app.post(signed(b"{}"), content())

    assert (response.status_code, response.json()["code"]) == (408, "request-timeout")
    assert response.headers["connection"] == "close"
    assert hooked_app.reader.refreshed == []


async def test_incomplete_body_is_rejected(hooked_app: HookedApp) -> None:
    """Even if the received part was signed."""
    coming: list[Message] = [
        {"type": "http.request", "body": b"{}", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []
    ((name, value),) = signed(b"{}").items()
    scope = {
        "type": "http",
        "http_version": "1.0",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode())],
    }

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await hooked_app.app_client.app(scope, receive, send)

    assert sent[0]["status"] == 400
    assert hooked_app.reader.refreshed == []
