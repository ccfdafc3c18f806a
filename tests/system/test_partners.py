"""Partners over real HTTP: the service as a whole, and the guide that is handed to them."""

import asyncio
import json
import os
import pathlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from syndicate.model.token import Role
from syndicate.service.partners import partners
from syndicate.settings import Settings, load
from tests.channels.receiver import Receiver, answer, receiving
from tests.content_repository import ContentRepository
from tests.documents import blocks, program
from tests.publisher.conftest import FIRST, SECOND, SETTINGS, file
from tests.running import serving, until

DELIVERY = '\n[delivery]\nallow_http = true\nallow_networks = ["127.0.0.0/8"]\n'
CATEGORY = '\n[[categories]]\nslug = "tts"\ntitle = "Technology"\n'
PATH = "/v1/subscriptions"


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return the repository of the source ``news``, with a post, and a file that is no good."""
    made = ContentRepository.create(tmp_path / "content")
    made.commit({FIRST: file("First", tags="[tts]"), "news/2023-11-08-bad.md": "---\na: [\n---\n"})
    return made


@pytest.fixture
def settings(tmp_path: pathlib.Path, content: ContentRepository) -> Settings:
    """Return settings whose only source is ``content``, and receivers on this host."""
    assert content.path == tmp_path / "content"
    written = tmp_path / "syndicate.toml"
    written.write_text(SETTINGS + DELIVERY + CATEGORY)
    return load(written, {"SYNDICATE_SERVICE__PORT": "0"})


async def token(settings: Settings, role: Role, name: str) -> str:
    """Make a token as the command does, beside the service."""
    async with partners(settings) as office:
        return (await office.tokens.create(role, name, office.clock()))[1]


def visited(
    settings: Settings,
    visit: Callable[[httpx.AsyncClient, Receiver, httpx.AsyncClient], Awaitable[None]],
) -> None:
    """Serve, with a receiver; the visitor is a partner, and asks as an administrator as well."""

    async def enter(client: httpx.AsyncClient) -> None:
        await until(client, "/v1/changes", lambda one: one.is_success)
        admin = httpx.AsyncClient(base_url=client.base_url, timeout=20)
        async with admin, receiving(answer(204)) as receiver:
            admin.headers["Authorization"] = f"Bearer {await token(settings, 'admin', 'ops')}"
            client.headers["Authorization"] = f"Bearer {await token(settings, 'partner', 'us')}"
            await visit(client, receiver, admin)

    serving(settings, enter, seconds=90)


def told(receiver: Receiver) -> list[dict[str, Any]]:
    """Return what came so far."""
    return [json.loads(one.body) for one in receiver.requests]


async def heard(receiver: Receiver, count: int) -> None:
    """Wait until so many requests came."""
    while len(receiver.requests) < count:  # noqa: ASYNC110 — a receiver has no event
        await asyncio.sleep(0.01)


async def repair(client: httpx.AsyncClient, receiver: Receiver, place: str) -> None:
    """Try an endpoint that heard of two posts, and have all of it told again."""
    assert (await client.post(f"{place}/test")).json()["status"] == 204
    assert (await client.post(f"{place}/rotate-secret")).json()["secret"].startswith("whsec_")
    await until(client, place, lambda one: one.json()["pending"] == 0)
    again = await client.post(f"{place}/recover")
    assert again.json() == {"deliveries": 2}
    await heard(receiver, 5)
    await until(client, place, lambda one: one.json()["pending"] == 0)
    log = (await client.get(f"{place}/deliveries")).json()["items"]
    assert [one["seq"] for one in log] == [4, 3, 2, 1]
    first = log[-1]
    (attempt,) = (await client.get(f"/v1/deliveries/{first['id']}")).json()["attempts"]
    assert (attempt["status"], attempt["address"]) == (204, "127.0.0.1")
    assert (await client.post(f"/v1/deliveries/{first['id']}/replay")).status_code == 202
    await heard(receiver, 6)
    assert receiver.requests[5].headers["webhook-id"] == first["event"]


def test_a_partner_goes_through_everything(settings: Settings, content: ContentRepository) -> None:
    """From a subscription with everything that is there, to its end."""

    async def visit(
        client: httpx.AsyncClient, receiver: Receiver, admin: httpx.AsyncClient
    ) -> None:
        wish = {"url": receiver.url(), "selection": {"categories": ["tts"]}, "backfill": True}
        made = await client.post(PATH, json=wish)
        assert made.status_code == 201, made.text
        which = made.json()["id"]
        place = f"{PATH}/{which}"
        assert made.headers["location"].endswith(place)
        await heard(receiver, 1)
        content.commit({SECOND: file("Second")})
        await until(client, "/v1/changes", lambda one: len(one.json()["items"]) == 2)
        wider = await client.patch(place, json={"selection": {}})
        assert wider.json()["selection"]["categories"] == []
        await heard(receiver, 2)
        assert [(one["type"], one["data"]["reason"]) for one in told(receiver)] == [
            ("post.published", "new"),
            ("post.published", "entered"),
        ]
        await repair(client, receiver, place)
        assert [one["id"] for one in (await admin.get(PATH)).json()["items"]] == [which]
        (problem,) = (await admin.get("/v1/sources/news/problems")).json()["items"]
        assert problem["path"] == "news/2023-11-08-bad.md"
        assert (await client.get("/v1/sources/news/problems")).status_code == 403
        assert (await client.delete(place)).status_code == 204
        assert (await client.get(place)).status_code == 404

    visited(settings, visit)


def test_the_guide_works_as_printed(settings: Settings, tmp_path: pathlib.Path) -> None:
    """Whoever types it after one another gets through."""
    shell = program("bash")
    assert program("curl")
    script = "\n".join(["set -e", *blocks("docs/how-to/subscribe.md", "sh")])

    async def visit(
        client: httpx.AsyncClient, receiver: Receiver, admin: httpx.AsyncClient
    ) -> None:
        shown = client.headers["Authorization"].removeprefix("Bearer ")
        host = str(client.base_url).rstrip("/")
        typed = await asyncio.create_subprocess_exec(
            *(shell, "-c", script),
            cwd=tmp_path,
            env={**os.environ, "HOST": host, "TOKEN": shown, "ENDPOINT": receiver.url()},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await typed.communicate()
        assert typed.returncode == 0, said.decode()
        assert b'"deliveries":' in said
        assert (await admin.get(PATH)).json()["items"] == []
        kinds = [one["type"] for one in told(receiver)]
        assert "subscription.test" in kinds

    visited(settings, visit)
