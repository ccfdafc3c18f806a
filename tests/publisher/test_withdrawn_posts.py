"""A withdrawn post: announced as removed, gone from feeds and pages, published when restored."""

import asyncio
import pathlib

import pytest

from syndicate.content.withdrawn_posts import WithdrawnPosts
from syndicate.private_files import StateFile
from syndicate.service.content_service import ContentService
from syndicate.service.runtime import Runtime
from syndicate.settings import load
from tests import samples
from tests.content_repository import ContentRepository
from tests.publisher.conftest import FIRST, NOW, SECOND, SETTINGS, post_file
from tests.publisher.test_input_changes import service_of
from tests.publisher.test_ledger_service import wait_until
from tests.render_pool import render_pool
from tests.stepwise_service import PostMirror, served_posts

pytestmark = pytest.mark.anyio


async def test_withdrawn_post_is_removed_everywhere(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """With a tombstone; a mirror of the changes has the posts of the feed at each step."""
    content.commit({SECOND: post_file("Second")})
    async with service_of(tmp_path) as service:
        await service.publish()
        mirror = PostMirror()
        await mirror.sync(service.site)
        mirror.received.clear()
        (post,) = (post for post in service.edition.posts if post.path == SECOND)

        service.content.withdrawn_posts.withdraw(post, samples.COMMIT)
        assert await service.publish()
        await mirror.sync(service.site)
        assert mirror.received == [("post.removed", "unpublished")]
        assert mirror.posts == await served_posts(service.site)
        feed = await service.site.request_async("/feeds/all.json")
        assert [item["title"] for item in feed.json()["items"]] == ["First"]
        for path in (f"/posts/{post.key}", f"/v1/posts/{post.key}"):
            assert (await service.site.request_async(path)).status_code == 404

        service.content.withdrawn_posts.restore(post.key)
        assert await service.publish()
        await mirror.sync(service.site)
        assert mirror.received[1:] == [("post.published", "new")]
        assert mirror.posts == await served_posts(service.site)


async def test_withdrawal_is_announced_while_the_source_cannot_be_read(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Once: nothing is announced when the source can be read again."""
    async with service_of(tmp_path) as service:
        await service.publish()
        mirror = PostMirror()
        await mirror.sync(service.site)
        (post,) = service.edition.posts

        away = content.path.rename(tmp_path / "away")
        service.content.withdrawn_posts.withdraw(post, samples.COMMIT)
        assert await service.publish()
        await mirror.sync(service.site)
        assert mirror.received[1:] == [("post.removed", "unpublished")]

        away.rename(content.path)
        assert await service.publish()
        await mirror.sync(service.site)
        assert len(mirror.received) == 2
        assert mirror.posts == await served_posts(service.site) == {}


async def test_running_service_notices_a_withdrawal(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Also while the remote does not respond; a commit that removes the post ends it."""
    content.commit({SECOND: post_file("Second")})
    file = tmp_path / "syndicate.toml"
    file.write_text(SETTINGS)
    with ContentService(
        load(file, {}), clock=lambda: NOW, is_public=True, render_pool=render_pool()
    ) as service:
        runtime = Runtime(service)
        watching = asyncio.create_task(runtime.watcher.run())
        edition = await runtime.watcher.next_edition()
        (post,) = (post for post in edition.posts if post.path == SECOND)
        command = WithdrawnPosts(StateFile(tmp_path / "var" / "withdrawn.json"), lambda: NOW)
        command.withdraw(post, edition.snapshots[0].commit)
        without = await runtime.watcher.next_edition(edition)
        content.commit({SECOND: None})
        await wait_until(lambda: all(each.ended for each in command.withdrawals()))
        content.commit({SECOND: post_file("Second")})
        await wait_until(lambda: len(runtime.watcher.edition.posts) == 2)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        runtime.close()
    assert [post.path for post in without.posts] == [FIRST]
