"""WebSub distribution: which topics are enqueued, and when none are."""

import json
import pathlib
from collections.abc import Sequence

import pytest

from syndicate.errors import RepositoryError, StorageError, SyndicateError
from syndicate.model.edition import Edition, UnavailableSource
from syndicate.model.post import Post, RenderedPost
from tests import samples
from tests.web.app_client import NAMED, POSTS, VOCABULARY
from tests.worker.hub_fixture import HOLDER, edition, open_hub, wait_until
from tests.worker.websub_subscriber import run_subscriber

NEWS = "https://feeds.example.gov/feeds/news.json"
GONE = "https://feeds.example.gov/feeds/tech-carousel.json"


def partial_edition() -> Edition:
    """Return an edition in which the second source is unavailable."""
    news = tuple(post for post in POSTS if post.source == "news")[1:]
    return Edition.build(
        [samples.source_snapshot(samples.source("news"), *news)],
        at=samples.NOW,
        unavailable=[UnavailableSource(source=samples.source("updates"), error="no answer")],
        vocabulary=VOCABULARY,
    )


async def test_topics_of_unavailable_sources_are_skipped(tmp_path: pathlib.Path) -> None:
    """Their posts are not missing, and their feeds do not end; other topics are distributed."""
    async with run_subscriber() as reader, open_hub(tmp_path) as hub:
        await hub.subscribe(reader.url("/all"))
        await hub.subscribe(reader.url("/news"), NEWS)
        await hub.subscribe(reader.url("/gone"), GONE)
        assert NAMED not in partial_edition().named_feeds
        hub.reader.current = partial_edition()
        await hub.distribute()
        await wait_until(lambda: reader.deliveries)
        await wait_until(hub.is_idle)
        await wait_until(hub.is_verified)
        assert [request.target for request in reader.deliveries] == ["/news"]
        assert len(await hub.list_subscriptions()) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "trouble",
    [
        RepositoryError("the object is missing"),
        SyndicateError("the renderer died"),
        ZeroDivisionError("nobody expected this"),
    ],
    ids=repr,
)
async def test_topic_with_an_error_is_retried_later(
    trouble: Exception, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other topics are distributed."""

    async def act() -> None:
        async with run_subscriber() as reader, open_hub(tmp_path) as hub:
            await hub.subscribe(reader.url("/all"))
            await hub.subscribe(reader.url("/news"), NEWS)
            items = hub.reader.render_posts

            async def failing(posts: Sequence[Post], of: Edition) -> tuple[RenderedPost, ...]:
                if {post.source for post in posts} != {"news"}:
                    raise trouble
                return await items(posts, of)

            monkeypatch.setattr(hub.reader, "render_posts", failing)
            hub.reader.current = edition(POSTS[1:])
            await hub.distribute()
            await wait_until(lambda: reader.deliveries)
            await wait_until(hub.is_idle)
            assert [request.target for request in reader.deliveries] == ["/news"]
            monkeypatch.undo()
            await hub.distribute()
            await wait_until(lambda: len(reader.deliveries) == 2)

    await act()


async def test_only_the_lease_holder_distributes(tmp_path: pathlib.Path) -> None:
    """Another process distributes instead; other database errors are raised."""
    async with run_subscriber() as reader, open_hub(tmp_path) as hub:
        await hub.subscribe(reader.url())
        assert await hub.ledger.acquire_lease(HOLDER, hub.clock())
        hub.reader.current = edition(POSTS[1:])
        await hub.distributor.distribute(hub.database, "elsewhere")
        assert await hub.is_idle()
        async with hub.database.write() as connection:
            await connection.exec_driver_sql("ALTER TABLE event RENAME TO away")
        with pytest.raises(StorageError, match="event"):
            await hub.distribute()
        async with hub.database.write() as connection:
            await connection.exec_driver_sql("ALTER TABLE away RENAME TO event")
        await hub.distribute()
        await wait_until(lambda: reader.deliveries)


async def test_feed_that_was_renamed_keeps_its_subscribers(tmp_path: pathlib.Path) -> None:
    """They are sent the feed at its new URL, and can renew; without a redirect, the topic ends."""
    old, new = "https://feeds.example.gov/feeds/old.json", NEWS
    async with run_subscriber() as reader, open_hub(tmp_path) as hub:
        hub.redirect({"/feeds/old": "/feeds/news"})
        await hub.subscribe(reader.url("/callback"), old)
        hub.reader.current = partial_edition()
        hub.reader.current = Edition.build(
            hub.reader.current.snapshots, at=samples.NOW, vocabulary=VOCABULARY
        )
        await hub.distribute()
        await wait_until(lambda: reader.deliveries)
        (delivery,) = reader.deliveries
        assert json.loads(delivery.body)["feed_url"] == new
        assert (
            await hub.send_request("subscribe", reader.url("/callback"), old)
        ).status_code == 202
        await wait_until(hub.is_verified)
        (kept,) = await hub.list_subscriptions()
        assert kept.topic == old
        hub.redirect({})
        await hub.distribute()
        await wait_until(hub.is_verified)
        assert await hub.list_subscriptions() == ()
