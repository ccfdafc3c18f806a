"""Announcing: what each audience hears of a commit."""

import asyncio
import json
import pathlib
from dataclasses import replace

from syndicate.model.subscription import SubscriptionId
from syndicate.publisher.event_builder import EventBuilder
from syndicate.service.content_service import ContentService
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests import samples
from tests.content_repository import ContentRepository
from tests.publisher.conftest import FIRST, SECOND, post_file
from tests.stepwise_service import sqlite_url, stepwise_service
from tests.storage.outbox_fixture import subscriber


def test_each_audience_hears_what_it_wants_in_its_form(
    content_service: ContentService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """The same event has the same id for all; positions are those of the ledger."""

    async def do() -> None:
        async with stepwise_service(content_service, sqlite_url(tmp_path)) as office:
            announcer = EventBuilder(content_service, samples.SERVICE_INFO, content_service.clock)
            office.ledger_writer.prepare_events = announcer.prepare
            await office.publish()
            whole, thin = subscriber("whole"), replace(subscriber("thin"), payload="thin")
            strict = replace(subscriber("strict"), minor=False)
            for one in (whole, thin, strict):
                await Subscriptions(office.database, SecretStore()).add(
                    one, content_service.clock()
                )
            content.commit({FIRST: post_file("First", "*Words.*"), SECOND: post_file("Second")})
            await office.publish()

            async def heard(which: SubscriptionId) -> dict[str, dict[str, object]]:
                found = await DeliveryLog(office.database).list(which)
                return {one.event: json.loads(one.body) for one in found}

            to_whole, to_thin = await heard(whole.id), await heard(thin.id)
            assert to_whole.keys() == to_thin.keys()
            assert len(to_whole) == 2
            (only,) = (await heard(strict.id)).values()
            assert only["type"] == "post.published"
            assert "content_html" in str(to_whole)
            assert "content_html" not in str(to_thin)
            assert "/v1/posts/" in str(to_thin)

    asyncio.run(do())
