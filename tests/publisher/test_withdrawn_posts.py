"""A withdrawn post: announced as removed, gone from feeds and pages, published when restored."""

import pathlib

import pytest

from syndicate.content.withdrawn_posts import WithdrawnPosts
from syndicate.private_files import StateFile
from tests.content_repository import ContentRepository
from tests.publisher.conftest import NOW, SECOND, post_file
from tests.publisher.test_input_changes import service_of
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

        service.content.withdrawn_posts.withdraw(post)
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


async def test_running_service_notices_a_withdrawal(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """The fingerprint of the source changes, as with a commit."""
    assert content.path == tmp_path / "content"
    async with service_of(tmp_path) as service:
        (reader,) = service.content.source_readers()
        first = reader.poll()
        before = reader.fingerprint()
        (post,) = service.edition.posts
        command = WithdrawnPosts(StateFile(tmp_path / "var" / "withdrawn.json"), lambda: NOW)
        command.withdraw(post)
        assert reader.fingerprint() != before
        assert reader.poll() != first
