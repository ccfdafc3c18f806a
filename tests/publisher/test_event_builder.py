"""Which events different subscriptions get of a commit."""

import json
import pathlib
from dataclasses import replace

import pytest

from syndicate.model.subscription import Subscription
from syndicate.service.content_service import ContentService
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests.content_repository import ContentRepository
from tests.publisher.conftest import FIRST, NOW, SECOND, post_file
from tests.stepwise_service import StepwiseService, sqlite_url, stepwise_service
from tests.storage.outbox_fixture import subscriber

pytestmark = pytest.mark.anyio


async def events_for(
    service: StepwiseService, subscription: Subscription
) -> dict[str, dict[str, object]]:
    """Return the bodies of what was enqueued for a subscription, by event id."""
    deliveries = await DeliveryLog(service.database).list(subscription.id)
    return {delivery.event: json.loads(delivery.body) for delivery in deliveries}


async def test_each_group_gets_its_events_in_its_payload_form(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """The same event has the same id for all; minor changes only for those that ask for them."""
    async with stepwise_service(content_service, sqlite_url(tmp_path)) as service:
        await service.publish()
        full, thin = subscriber("full"), replace(subscriber("thin"), payload="thin")
        major = replace(subscriber("major"), minor=False)
        for subscription in (full, thin, major):
            await Subscriptions(service.database, SecretStore()).add(subscription, NOW)
        content.commit({FIRST: post_file("First", "*Words.*"), SECOND: post_file("Second")})
        await service.publish()
        full_events, thin_events = (
            await events_for(service, full),
            await events_for(service, thin),
        )
        assert full_events.keys() == thin_events.keys()
        assert len(full_events) == 2
        (only,) = (await events_for(service, major)).values()
        assert only["type"] == "post.published"
        assert "content_html" in str(full_events)
        assert "content_html" not in str(thin_events)
        assert "/v1/posts/" in str(thin_events)
