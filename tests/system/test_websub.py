"""From a commit to a WebSub subscriber: the whole service, with git, HTTP and the example."""

import asyncio
import pathlib
import socket
import sys

from syndicate.settings import load
from tests.content_repository import ContentRepository
from tests.project_documents import code_blocks
from tests.publisher.conftest import FIRST, SECOND, SETTINGS, post_file
from tests.running_service import running_service

DELIVERY_SETTINGS = '\n[delivery]\nallow_http = true\nallow_networks = ["127.0.0.0/8"]\n'
GUIDE = "docs/how-to/follow-with-websub.md"


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def test_websub_example_receives_a_commit(tmp_path: pathlib.Path) -> None:
    """It discovers the hub, confirms, and receives the signed feed when it changes."""
    content = ContentRepository.create(tmp_path / "content")
    content.commit({FIRST: post_file("First")})
    settings_file = tmp_path / "syndicate.toml"
    settings_file.write_text(SETTINGS + DELIVERY_SETTINGS)
    settings = load(settings_file, {"SYNDICATE_SERVICE__PORT": str(free_port())})
    (example,) = code_blocks(GUIDE, "python")
    program = tmp_path / "follow.py"
    program.write_text(example)

    async with running_service(settings, seconds=60) as client:
        callback = f"http://127.0.0.1:{free_port()}/websub?id=7"
        topic = f"{settings.service_info.public_url}/feeds/all.atom"
        subscriber = await asyncio.create_subprocess_exec(
            sys.executable,
            str(program),
            topic,
            callback,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert subscriber.stdout is not None
        try:
            assert await subscriber.stdout.readline() == b"subscribed for 864000 seconds\n"
            content.commit({SECOND: post_file("Second")})
            notification = await subscriber.stdout.readline()
            feed = await client.get("/feeds/all.atom")
            assert b"Second" in feed.content
            size = f"{len(feed.content)} bytes"
            assert notification.decode() == f"received {feed.headers['content-type']} {size}\n"
        finally:
            subscriber.kill()
            await subscriber.wait()
