"""Publishes the posts of a folder once, with the `syndicate` package that is imported.

`python -m tests.publisher.publish_once FOLDER` prints the version of the renderer, what the posts
look like, and the titles in the events enqueued so far, as JSON.
"""

import asyncio
import json
import pathlib
import sys
from contextlib import suppress

from syndicate.errors import Conflict
from syndicate.model.subscription import SubscriptionId
from syndicate.render.messages import RENDERER_VERSION
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests.publisher.conftest import NOW, open_content_service
from tests.stepwise_service import sqlite_url, stepwise_service
from tests.storage.outbox_fixture import subscriber


async def publish_once(folder: pathlib.Path) -> dict[str, object]:
    """Record the edition of now in the database in ``folder``, which has one subscriber."""
    with open_content_service(folder) as content:
        async with stepwise_service(content, sqlite_url(folder)) as service:
            with suppress(Conflict):
                await Subscriptions(service.database, SecretStore()).add(subscriber("inbox"), NOW)
            await service.publish()
            deliveries = await DeliveryLog(service.database).list(SubscriptionId("sub_inbox"))
            posts = await service.render_posts(tuple(service.edition.posts), service.edition)
    bodies = [json.loads(delivery.body) for delivery in reversed(deliveries)]
    return {
        "version": RENDERER_VERSION,
        "content": {item.post.title: item.content for item in posts},
        "events": [body["data"]["post"]["title"] for body in bodies],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(publish_once(pathlib.Path(sys.argv[1])))))
