"""A service whose database was lost says so, to its operator and to partners."""

import pathlib
from datetime import UTC, datetime

import httpx
import pytest

from syndicate.model.access_token import NewToken
from syndicate.model.audit import SERVICE
from syndicate.storage.tokens import Tokens
from tests.content_repository import ContentRepository
from tests.databases import open_database
from tests.running_service import running_service, wait_for_response
from tests.service.conftest import settings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def create_token(url: str) -> dict[str, str]:
    """Create a token of a partner, and return the header with it."""
    async with open_database(url) as database:
        token = NewToken(role="partner", name="partner", contact="")
        _, text = await Tokens(database).create(token, datetime.now(UTC), SERVICE)
    return {"Authorization": f"Bearer {text}"}


async def log_in(
    client: httpx.AsyncClient, settings_file: pathlib.Path, header: dict[str, str]
) -> httpx.Response:
    """Log in to the portal with the token in ``header``."""
    origin = settings(settings_file).service_info.public_url
    form = {"token": header["Authorization"].removeprefix("Bearer ")}
    return await client.post("/portal/login", data=form, headers={"Origin": origin})


async def test_lost_database_is_reported(
    settings_file: pathlib.Path,
    content: ContentRepository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the log, at /readyz, and to partners by 410; a new token ends that."""
    assert content.head()
    monkeypatch.setattr("syndicate.storage.known_database._CHECK_SECONDS", 0.05)
    url = settings(settings_file).database_url
    header = await create_token(url)
    async with running_service(settings(settings_file)) as client:
        before = await wait_for_response(
            client, "/v1/changes", lambda response: response.status_code == 200
        )
        assert (await client.get("/v1/subscriptions", headers=header)).status_code == 200
    for file in pathlib.Path(url.removeprefix("sqlite:///")).parent.glob("syndicate.db*"):
        file.unlink()

    async with running_service(settings(settings_file)) as client:
        ready = await wait_for_response(
            client, "/readyz", lambda each: each.json()["database"] != {"status": "starting"}
        )
        assert ready.json()["database"] == {"status": "failing", "detail": "database-lost"}
        assert "database lost" in capsys.readouterr().err
        gone = await client.get("/v1/subscriptions", headers=header)
        assert (gone.status_code, gone.json()["code"]) == (410, "database-lost")
        assert "subscribe again" in gone.json()["hint"]
        assert (await client.get("/v1/subscriptions")).status_code == 401
        login = await log_in(client, settings_file, header)
        assert (login.status_code, "subscribe again" in login.text) == (410, True)
        path = before.json()["next_url"]
        changes = await client.get(path[path.index("/v1/") :])
        assert (changes.status_code, changes.json()["code"]) == (410, "cursor-gone")
        new_header = await create_token(url)
        await wait_for_response(
            client, "/readyz", lambda each: each.json()["database"] == {"status": "ok"}
        )
        assert (await client.get("/v1/subscriptions", headers=new_header)).status_code == 200
        assert (await client.get("/v1/subscriptions", headers=header)).status_code == 401
