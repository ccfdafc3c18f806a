"""From a commit to a webhook: the whole service, with git and HTTP."""

import asyncio
import json
import pathlib

from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.webhook_signature import Secret, verification_error
from syndicate.service.content_service import current_time
from syndicate.service.subscription_service import open_subscription_service
from syndicate.settings import load
from tests.channels.receiver import respond, run_receiver
from tests.content_repository import ContentRepository
from tests.publisher.conftest import FIRST, SECOND, SETTINGS, post_file
from tests.running_service import running_service

DELIVERY_SETTINGS = '\n[delivery]\nallow_http = true\nallow_networks = ["127.0.0.0/8"]\n'


async def test_commit_is_delivered_to_a_subscriber(tmp_path: pathlib.Path) -> None:
    """The event is signed; nothing is sent for posts that existed before."""
    content = ContentRepository.create(tmp_path / "content")
    content.commit({FIRST: post_file("First")})
    settings_file = tmp_path / "syndicate.toml"
    settings_file.write_text(SETTINGS + DELIVERY_SETTINGS)
    settings = load(settings_file, {"SYNDICATE_SERVICE__PORT": "0"})

    async with (
        running_service(settings, seconds=40) as client,
        run_receiver(respond(204)) as receiver,
        open_subscription_service(settings) as service,
    ):
        while not (await client.get("/v1/changes")).is_success:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        requested = Subscription(id=SubscriptionId(""), url=receiver.url())
        subscription = await service.subscribe(requested)
        content.commit({SECOND: post_file("Second")})
        while not receiver.requests:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        (received,) = receiver.requests
        secrets: tuple[Secret, ...] = subscription.secrets
        assert not verification_error(
            secrets, headers=received.headers, body=received.body, now=current_time()
        )
        body = json.loads(received.body)
        posts = (await client.get("/v1/posts?limit=1")).json()["items"]
        assert (body["type"], body["data"]["reason"]) == ("post.published", "new")
        assert [body["data"]["post"]] == posts
        cursor = body["data"]["cursor"]
        remaining = (await client.get(f"/v1/changes?after={cursor}")).json()
        assert remaining["items"] == []
        ready = (await client.get("/readyz")).json()
        assert ready["deliveries"]["status"] == "ok"
