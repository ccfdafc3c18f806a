"""The polling programs in docs/how-to keep an exact copy of the service."""

import asyncio
import json
import socket
import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

import httpx
import pytest

from syndicate.settings import load
from tests.content_repository import Content, ContentRepository
from tests.project_documents import ROOT, code_blocks, find_program
from tests.running_service import running_service, wait_for_response

FIREWALL_GUIDE: Final = "docs/how-to/behind-a-firewall.md"
CMS_GUIDE: Final = "docs/how-to/pull-into-wordpress-drupal-hugo-eleventy.md"
RUN_PLUGIN: Final = ROOT / "tests" / "data" / "wordpress" / "run.php"
SETTINGS: Final = """
[service]
public_url = "http://127.0.0.1:{port}"
port = {port}

[[sources]]
name = "news"
repository = "repository"
folders = ["posts"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
"""


def post(title: str, **more: str) -> str:
    """Return the file of a post."""
    lines = "".join(f"{key}: {value}\n" for key, value in {"title": title, **more}.items())
    return f"---\n{lines}---\nWords about {title}.\n"


class AgencyService:
    """An agency with posts in a repository, and its service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = ContentRepository.create(folder / "repository", bare=True)
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.base_url = f"http://127.0.0.1:{server.getsockname()[1]}"
        port = self.base_url.rpartition(":")[2]
        (folder / "syndicate.toml").write_text(SETTINGS.format(port=port))

    def commit(self, **posts: Content) -> None:
        """Commit posts of January 2024, named by the part after `day`."""
        files = {f"posts/2024-01-{day[3:]}-post.md": text for day, text in posts.items()}
        self.repository.commit(files)

    def serve(self) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """Run the service and yield a client."""
        return running_service(load(self.folder / "syndicate.toml", {}))

    async def titles(self, client: httpx.AsyncClient, *titles: str) -> None:
        """Wait until the served posts have these titles."""
        await wait_for_response(
            client,
            "/v1/posts",
            lambda response: [item["title"] for item in response.json()["items"]] == [*titles],
        )


@pytest.fixture
def agency(tmp_path: Path) -> AgencyService:
    """Return an agency with three posts."""
    service = AgencyService(tmp_path)
    service.commit(day01=post("One"), day02=post("Two"), day03=post("Three"))
    return service


class PolledCopy:
    """The folder that the documented program writes."""

    def __init__(self, agency: AgencyService) -> None:
        self.start = f"{agency.base_url}/v1/changes?limit=2"
        self.folder = agency.folder / "copy"
        self.program = agency.folder / "pull.py"
        self.program.write_text(code_blocks(FIREWALL_GUIDE, "python")[0])

    def pull(self) -> subprocess.CompletedProcess[str]:
        """Run the program as cron does."""
        return subprocess.run(
            [sys.executable, self.program, self.start, self.folder],
            capture_output=True,
            text=True,
            check=False,
        )

    async def is_exact(self, client: httpx.AsyncClient) -> bool:
        """Pull, and return whether the copy equals the posts of the service."""
        completed = await asyncio.to_thread(self.pull)
        assert (completed.returncode, completed.stderr) == (0, "")
        stored = [json.loads(file.read_text()) for file in self.folder.glob("*.json")]
        items = (await client.get("/v1/posts")).json()["items"]
        assert len(items) == len({item["id"] for item in items})
        return sorted(stored, key=lambda item: item["id"]) == sorted(
            items, key=lambda item: item["id"]
        )


async def test_polled_copy_is_exact(agency: AgencyService) -> None:
    """Edits, removals and new posts arrive, and an outage changes nothing."""
    copy = PolledCopy(agency)

    async with agency.serve() as client:
        assert await copy.is_exact(client)
        agency.commit(
            day01=None,
            day02=post("Two again"),
            day03=post("Three", draft="true"),
            day04=post("New"),
        )
        await agency.titles(client, "New", "Two again")
        assert await copy.is_exact(client)
        agency.commit(day01=post("One"))
        await agency.titles(client, "New", "Two again", "One")
        assert await copy.is_exact(client)
    before = {file.name: file.read_bytes() for file in copy.folder.iterdir()}
    completed = copy.pull()
    assert completed.returncode == 1
    assert copy.start in completed.stderr
    assert {file.name: file.read_bytes() for file in copy.folder.iterdir()} == before


async def test_copy_restarts_after_its_cursor_became_invalid(agency: AgencyService) -> None:
    """After the service lost its database, removed posts leave the copy too."""
    copy = PolledCopy(agency)

    async with agency.serve() as client:
        assert await copy.is_exact(client)
    for file in (agency.folder / "var").glob("syndicate.db*"):
        file.unlink()
    agency.commit(day01=None)
    async with agency.serve() as client:
        assert await copy.is_exact(client)
    assert len([*copy.folder.glob("*.json")]) == 2


async def test_eleventy_reads_all_pages(agency: AgencyService) -> None:
    """The data file returns every post, in the order of the service."""
    node = find_program("node")
    (module,) = code_blocks(CMS_GUIDE, "js")
    documented_url = "https://feeds.example.gov/v1/posts?category=tts&limit=200"
    assert documented_url in module
    text = module.replace(documented_url, f"{agency.base_url}/v1/posts?limit=2")
    (agency.folder / "news.mjs").write_text(text)
    driver = 'import news from "./news.mjs"; console.log(JSON.stringify(await news()));'

    async with agency.serve() as client:
        completed = await asyncio.to_thread(
            subprocess.run,
            [node, "--input-type=module", "--eval", driver],
            cwd=agency.folder,
            capture_output=True,
            check=True,
        )
        assert json.loads(completed.stdout) == (await client.get("/v1/posts")).json()["items"]
        assert len(json.loads(completed.stdout)) == 3


async def test_wordpress_holds_the_published_posts(agency: AgencyService) -> None:
    """An edit updates the post, a removal trashes it, a return publishes it."""
    php = find_program("php")
    (plugin,) = code_blocks(CMS_GUIDE, "php")
    documented_url = "https://feeds.example.gov/v1/changes?category=tts"
    assert documented_url in plugin
    text = plugin.replace(documented_url, f"{agency.base_url}/v1/changes?limit=2")
    (agency.folder / "plugin.php").write_text(text)
    site = agency.folder / "site.json"

    def pull() -> dict[str, str]:
        """Run the plugin, and return the status of each post by its title."""
        completed = subprocess.run(
            [php, RUN_PLUGIN], cwd=agency.folder, check=True, capture_output=True
        )
        assert completed.stdout == b""
        posts = json.loads(site.read_text())["posts"].values()
        assert len({post["meta_input"]["syndicate_id"] for post in posts}) == len(posts)
        return {post["post_title"]: post["post_status"] for post in posts}

    async with agency.serve() as client:
        assert [*await asyncio.to_thread(pull)] == ["One", "Two", "Three"]
        agency.commit(day01=None, day02=post("Two again"))
        await agency.titles(client, "Three", "Two again")
        output = await asyncio.to_thread(pull)
        assert output == {"One": "trash", "Two again": "publish", "Three": "publish"}
        agency.commit(day01=post("One"))
        await agency.titles(client, "Three", "Two again", "One")
        assert {*(await asyncio.to_thread(pull)).values()} == {"publish"}
