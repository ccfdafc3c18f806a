"""The subscription API over HTTP: the whole service, and the guide for partners."""

import asyncio
import json
import os
import pathlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from syndicate.model.access_token import NewToken, Role
from syndicate.model.audit import SERVICE
from syndicate.service.subscription_service import open_subscription_service
from syndicate.settings import Settings, load
from tests.channels.receiver import Receiver, respond, run_receiver
from tests.content_repository import ContentRepository
from tests.project_documents import code_blocks, find_program
from tests.publisher.conftest import FIRST, SECOND, SETTINGS, post_file
from tests.running_service import running_service, wait_for_response

DELIVERY_SETTINGS = '\n[delivery]\nallow_http = true\nallow_networks = ["127.0.0.0/8"]\n'
CATEGORY_SETTINGS = '\n[[categories]]\nslug = "tts"\ntitle = "Technology"\n'
SUBSCRIPTIONS_PATH = "/v1/subscriptions"


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return the repository of the source ``news``, with a post and a broken file."""
    repository = ContentRepository.create(tmp_path / "content")
    repository.commit(
        {FIRST: post_file("First", tags="[tts]"), "news/2023-11-08-bad.md": "---\na: [\n---\n"}
    )
    return repository


@pytest.fixture
def settings(tmp_path: pathlib.Path, content: ContentRepository) -> Settings:
    """Return settings with the source ``content`` that allow receivers on this host."""
    assert content.path == tmp_path / "content"
    settings_file = tmp_path / "syndicate.toml"
    settings_file.write_text(SETTINGS + DELIVERY_SETTINGS + CATEGORY_SETTINGS)
    return load(settings_file, {"SYNDICATE_SERVICE__PORT": "0"})


async def token(settings: Settings, role: Role, name: str) -> str:
    """Create a token as the command does, while the service runs."""
    async with open_subscription_service(settings) as service:
        new = NewToken(role=role, name=name)
        return (await service.access.tokens.create(new, service.clock(), SERVICE))[1]


@asynccontextmanager
async def service_with_receiver(
    settings: Settings,
) -> AsyncIterator[tuple[httpx.AsyncClient, Receiver, httpx.AsyncClient]]:
    """Run the service; yield a partner's client, a receiver and an administrator's client."""
    async with running_service(settings, seconds=90) as client:
        await wait_for_response(client, "/v1/changes", lambda response: response.is_success)
        admin = httpx.AsyncClient(base_url=client.base_url, timeout=20)
        async with admin, run_receiver(respond(204)) as receiver:
            admin.headers["Authorization"] = f"Bearer {await token(settings, 'admin', 'ops')}"
            client.headers["Authorization"] = f"Bearer {await token(settings, 'partner', 'us')}"
            yield client, receiver, admin


def received_bodies(receiver: Receiver) -> list[dict[str, Any]]:
    """Return the bodies received so far."""
    return [json.loads(request.body) for request in receiver.requests]


async def wait_for_requests(receiver: Receiver, count: int) -> None:
    """Wait until ``count`` requests were received."""
    while len(receiver.requests) < count:  # noqa: ASYNC110 — a receiver has no event
        await asyncio.sleep(0.01)


async def check_recovery(
    client: httpx.AsyncClient, receiver: Receiver, subscription_path: str
) -> None:
    """Test an endpoint that received two events, and recover both."""
    assert (await client.post(f"{subscription_path}/test")).json()["status"] == 204
    assert (
        (await client.post(f"{subscription_path}/rotate-secret"))
        .json()["secret"]
        .startswith("whsec_")
    )
    await wait_for_response(
        client, subscription_path, lambda response: response.json()["pending"] == 0
    )
    recovered = await client.post(f"{subscription_path}/recover")
    assert recovered.json() == {"deliveries": 2}
    await wait_for_requests(receiver, 5)
    await wait_for_response(
        client, subscription_path, lambda response: response.json()["pending"] == 0
    )
    log = (await client.get(f"{subscription_path}/deliveries")).json()["items"]
    assert [delivery["seq"] for delivery in log] == [4, 3, 2, 1]
    first = log[-1]
    (attempt,) = (await client.get(f"/v1/deliveries/{first['id']}")).json()["attempts"]
    assert (attempt["status"], attempt["address"]) == (204, "127.0.0.1")
    assert (await client.post(f"/v1/deliveries/{first['id']}/replay")).status_code == 202
    await wait_for_requests(receiver, 6)
    assert receiver.requests[5].headers["webhook-id"] == first["event"]


async def test_subscription_life_cycle_of_a_partner(
    settings: Settings, content: ContentRepository
) -> None:
    """From a subscription with a backfill to its deletion."""
    async with service_with_receiver(settings) as (client, receiver, admin):
        body = {"url": receiver.url(), "selection": {"categories": ["tts"]}, "backfill": True}
        response = await client.post(SUBSCRIPTIONS_PATH, json=body)
        assert response.status_code == 201, response.text
        subscription_id = response.json()["id"]
        subscription_path = f"{SUBSCRIPTIONS_PATH}/{subscription_id}"
        assert response.headers["location"].endswith(subscription_path)
        await wait_for_requests(receiver, 1)
        content.commit({SECOND: post_file("Second")})
        await wait_for_response(
            client, "/v1/changes", lambda response: len(response.json()["items"]) == 2
        )
        wider = await client.patch(subscription_path, json={"selection": {}})
        assert wider.json()["selection"]["categories"] == []
        await wait_for_requests(receiver, 2)
        assert [
            (event["type"], event["data"]["reason"]) for event in received_bodies(receiver)
        ] == [
            ("post.published", "new"),
            ("post.published", "entered"),
        ]
        await check_recovery(client, receiver, subscription_path)
        assert [event["id"] for event in (await admin.get(SUBSCRIPTIONS_PATH)).json()["items"]] == [
            subscription_id
        ]
        (problem,) = (await admin.get("/v1/sources/news/problems")).json()["items"]
        assert problem["path"] == "news/2023-11-08-bad.md"
        assert (await client.get("/v1/sources/news/problems")).status_code == 403
        assert (await client.delete(subscription_path)).status_code == 204
        assert (await client.get(subscription_path)).status_code == 404


async def test_subscription_guide_works_as_printed(
    settings: Settings, tmp_path: pathlib.Path
) -> None:
    """All its commands work, run one after the other."""
    shell = find_program("bash")
    assert find_program("curl")
    script = "\n".join(["set -e", *code_blocks("docs/how-to/subscribe.md", "sh")])

    async with service_with_receiver(settings) as (client, receiver, admin):
        token_text = client.headers["Authorization"].removeprefix("Bearer ")
        host = str(client.base_url).rstrip("/")
        process = await asyncio.create_subprocess_exec(
            *(shell, "-c", script),
            cwd=tmp_path,
            env={**os.environ, "HOST": host, "TOKEN": token_text, "ENDPOINT": receiver.url()},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        assert b'"deliveries":' in output
        assert (await admin.get(SUBSCRIPTIONS_PATH)).json()["items"] == []
        kinds = [event["type"] for event in received_bodies(receiver)]
        assert "subscription.test" in kinds
