"""Announcing: what each audience hears of a commit."""

import asyncio
import json
import pathlib
from dataclasses import replace

from syndicate.model.subscription import SubscriptionId
from syndicate.publisher.announcing import Announcer
from syndicate.service.newsroom import Newsroom
from syndicate.storage.journal import Journal
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions
from tests import samples
from tests.content_repository import ContentRepository
from tests.mirror import bureau, sqlite
from tests.publisher.conftest import FIRST, SECOND, file
from tests.storage.mailroom import subscriber


def test_each_audience_hears_what_it_wants_in_its_form(
    newsroom: Newsroom, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """The same event has the same id for all; positions are those of the ledger."""

    async def do() -> None:
        async with bureau(newsroom, sqlite(tmp_path)) as office:
            announcer = Announcer(newsroom, samples.MASTHEAD, newsroom.clock)
            office.teller.announce = announcer.announce
            await office.publish()
            whole, thin = subscriber("whole"), replace(subscriber("thin"), payload="thin")
            strict = replace(subscriber("strict"), minor=False)
            for one in (whole, thin, strict):
                await Subscriptions(office.database, Safe()).add(one, newsroom.clock())
            content.commit({FIRST: file("First", "*Words.*"), SECOND: file("Second")})
            await office.publish()

            async def heard(which: SubscriptionId) -> dict[str, dict[str, object]]:
                found = await Journal(office.database).list(which)
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
