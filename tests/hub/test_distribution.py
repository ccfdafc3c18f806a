"""Distributing: what can be said of a topic, and when nothing can."""

import asyncio
import pathlib
from collections.abc import Sequence

import pytest

from syndicate.errors import RepositoryError, StorageError, SyndicateError
from syndicate.model.edition import Edition, Unread
from syndicate.model.post import Item, Post
from tests import samples
from tests.hub.rig import HERE, edition, rig, until
from tests.hub.subscriber import subscriber
from tests.web.site import NAMED, POSTS, VOCABULARY

NEWS = "https://feeds.example.gov/feeds/news.json"
GONE = "https://feeds.example.gov/feeds/tech-carousel.json"


def unread() -> Edition:
    """Return an edition in which the second source is not read yet."""
    news = tuple(one for one in POSTS if one.source == "news")[1:]
    return Edition.of(
        [samples.part(samples.source("news"), *news)],
        at=samples.NOW,
        unread=[Unread(source=samples.source("updates"), failing="no answer")],
        vocabulary=VOCABULARY,
    )


def test_nothing_is_said_of_sources_that_are_not_read(tmp_path: pathlib.Path) -> None:
    """Neither that posts are missing, nor that a feed is no more; others are distributed."""

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path) as hub:
            await hub.subscribe(reader.url("/all"))
            await hub.subscribe(reader.url("/news"), NEWS)
            await hub.subscribe(reader.url("/gone"), GONE)
            assert NAMED not in unread().named
            hub.library.now = unread()
            await hub.distribute()
            await until(lambda: reader.contents)
            await until(hub.deliverer_is_idle)
            await until(hub.settled)
            assert [one.target for one in reader.contents] == ["/news"]
            assert len(await hub.subscribed()) == 3

    asyncio.run(act())


@pytest.mark.parametrize(
    "trouble",
    [
        RepositoryError("the object is missing"),
        SyndicateError("the renderer died"),
        ZeroDivisionError("nobody expected this"),
    ],
    ids=repr,
)
def test_a_topic_that_cannot_be_made_is_left_for_later(
    trouble: Exception, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are distributed."""

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path) as hub:
            await hub.subscribe(reader.url("/all"))
            await hub.subscribe(reader.url("/news"), NEWS)
            items = hub.library.items

            async def failing(posts: Sequence[Post], of: Edition) -> tuple[Item, ...]:
                if {post.source for post in posts} != {"news"}:
                    raise trouble
                return await items(posts, of)

            monkeypatch.setattr(hub.library, "items", failing)
            hub.library.now = edition(POSTS[1:])
            await hub.distribute()
            await until(lambda: reader.contents)
            await until(hub.deliverer_is_idle)
            assert [one.target for one in reader.contents] == ["/news"]
            monkeypatch.undo()
            await hub.distribute()
            await until(lambda: len(reader.contents) == 2)

    asyncio.run(act())


def test_who_may_not_tell_leaves_it_to_who_may(tmp_path: pathlib.Path) -> None:
    """Whoever has the right to tell compares as well; other failures are raised."""

    async def act() -> None:
        async with subscriber() as reader, rig(tmp_path) as hub:
            await hub.subscribe(reader.url())
            assert await hub.ledger.lease(HERE, hub.clock())
            hub.library.now = edition(POSTS[1:])
            await hub.distributor.distribute(hub.database, "elsewhere")
            assert await hub.deliverer_is_idle()
            async with hub.database.write() as connection:
                await connection.exec_driver_sql("ALTER TABLE event RENAME TO away")
            with pytest.raises(StorageError, match="event"):
                await hub.distribute()
            async with hub.database.write() as connection:
                await connection.exec_driver_sql("ALTER TABLE away RENAME TO event")
            await hub.distribute()
            await until(lambda: reader.contents)

    asyncio.run(act())
