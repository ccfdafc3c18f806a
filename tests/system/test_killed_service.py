"""A service that is killed at any instant continues after a restart, without repair."""

import asyncio
import pathlib
import random
import subprocess
import sys

from syndicate.settings import load
from tests.content_repository import git_environment
from tests.running_service import get_rendered, running_service
from tests.system.test_served_repositories import large

KILLS = 5


async def test_killed_service_serves_the_same_bytes_after_restart(tmp_path: pathlib.Path) -> None:
    """It is killed while indexing, writing or serving."""
    _, settings = large(tmp_path, 400)
    chance = random.Random(7)  # noqa: S311 — instants, not secrets
    command = [sys.executable, "-m", "syndicate", "--config", str(settings.file), "serve"]
    for _ in range(KILLS):
        process = await asyncio.create_subprocess_exec(
            *command,
            env=git_environment({"PYTHONPATH": "src"}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await asyncio.sleep(chance.uniform(0.2, 2.5))
        process.kill()
        await process.wait()
    responses: list[bytes] = []

    without_cache = load(settings.file, {"SYNDICATE_SERVICE__DATA": str(tmp_path / "new")})
    for restarted in (settings, without_cache):
        async with running_service(restarted) as client:
            responses.append((await get_rendered(client, "/feeds/all.json?limit=200")).content)
    assert responses[0] == responses[1]
    assert b'"Post 399"' in responses[0]
