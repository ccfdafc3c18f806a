"""From a commit to a receiver: the whole service, with git and HTTP."""

import asyncio
import json
import pathlib

import httpx

from syndicate.model.signature import Secret, fault
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.service.newsroom import now
from syndicate.service.partners import partners
from syndicate.settings import load
from tests.channels.receiver import answer, receiving
from tests.content_repository import ContentRepository
from tests.publisher.conftest import FIRST, SECOND, SETTINGS, file
from tests.running import serving

DELIVERY = '\n[delivery]\nallow_http = true\nallow_networks = ["127.0.0.0/8"]\n'


def test_a_commit_is_heard_of_by_who_subscribed(tmp_path: pathlib.Path) -> None:
    """Signed; nobody hears of what was there before, everybody of what comes."""
    content = ContentRepository.create(tmp_path / "content")
    content.commit({FIRST: file("First")})
    written = tmp_path / "syndicate.toml"
    written.write_text(SETTINGS + DELIVERY)
    settings = load(written, {"SYNDICATE_SERVICE__PORT": "0"})

    async def visit(client: httpx.AsyncClient) -> None:
        async with receiving(answer(204)) as receiver, partners(settings) as office:
            while not (await client.get("/v1/changes")).is_success:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            wish = Subscription(id=SubscriptionId(""), url=receiver.url())
            made = await office.subscribe(wish)
            content.commit({SECOND: file("Second")})
            while not receiver.requests:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            (received,) = receiver.requests
            secrets: tuple[Secret, ...] = made.secrets
            assert not fault(secrets, headers=received.headers, body=received.body, now=now())
            told = json.loads(received.body)
            posts = (await client.get("/v1/posts?limit=1")).json()["items"]
            assert (told["type"], told["data"]["reason"]) == ("post.published", "new")
            assert [told["data"]["post"]] == posts
            cursor = told["data"]["cursor"]
            rest = (await client.get(f"/v1/changes?after={cursor}")).json()
            assert rest["items"] == []
            ready = (await client.get("/readyz")).json()
            assert ready["deliveries"]["status"] == "ok"

    serving(settings, visit, seconds=40)
