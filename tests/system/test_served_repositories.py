"""Real and large repositories are served in three formats over HTTP."""

import pathlib
from collections.abc import Callable

import feedparser
import httpx
import pytest

from syndicate.settings import Settings, load
from tests.content_repository import ContentRepository
from tests.running_service import get_rendered, running_service, wait_for_response

CORPORA = """
[service]
title = "Real feeds"
public_url = "https://feeds.example.gov"
port = 0

[[sources]]
name = "usds"
title = "U.S. Digital Service"
repository = "{usds}"
folders = ["_news-and-blog"]
dialect = "news-and-blog"
site_url = "https://www.usds.gov"
permalink = "/news-and-blog/:name"
timezone = "America/New_York"

[[sources]]
name = "login"
title = "Login.gov"
repository = "{login}"
ref = "{ref}"
folders = ["content/_program_updates"]
dialect = "program-updates"
site_url = "https://www.login.gov"
permalink = "/partners/program-updates/:name/"

[[categories]]
slug = "technology"
title = "Technology"

[[categories]]
slug = "tts"
title = "Technology Transformation Services"
aliases = ["TTS"]
"""

SEED = "cms/program_updates/empowering-responsible-ai"

Clones = Callable[[str], pathlib.Path]


def real(clones: Clones, folder: pathlib.Path, ref: str) -> Settings:
    """Return settings for the first two sites, with login.gov at ``ref``."""
    file = folder / "syndicate.toml"
    file.write_text(CORPORA.format(usds=clones("usds"), login=clones("login"), ref=ref))
    return load(file, {})


def items(response: httpx.Response) -> list[tuple[str, str, str]]:
    """Return (id, title, URL) of the posts of a feed in any format, which must be well-formed."""
    if "json" in response.headers["Content-Type"]:
        return [(item["id"], item["title"], item["url"]) for item in response.json()["items"]]
    parsed = feedparser.parse(response.content)
    assert not parsed.bozo
    return [(item.id, item.title, item.link) for item in parsed.entries]


@pytest.mark.corpora
async def test_two_real_folders_are_served(clones: Clones, tmp_path: pathlib.Path) -> None:
    """7 and 13 posts, and the seven of the carousel by file name, newest first."""
    async with running_service(real(clones, tmp_path, "main")) as client:
        counts = {
            source["name"]: source["posts"]
            for source in (await client.get("/v1/sources")).json()["items"]
        }
        assert counts == {"usds": 7, "login": 13}
        carousel = (await get_rendered(client, "/feeds/carousel.json")).json()["items"]
        assert [source["_syndicate"]["date"] for source in carousel] == [
            "2025-01-07",
            "2024-11-20",
            "2024-08-19",
            "2024-08-13",
            "2024-01-29",
            "2023-08-11",
            "2022-11-10",
        ]
        assert all(source["_syndicate"]["carousel"]["image_alt"] for source in carousel)


@pytest.mark.corpora
async def test_category_aliases_and_formats_give_the_same_posts(
    clones: Clones, tmp_path: pathlib.Path
) -> None:
    """A post in Technology and TTS is found by slug, title and alias."""
    async with running_service(real(clones, tmp_path, SEED)) as client:
        plain = await get_rendered(client, "/feeds/tts.json")
        (seed,) = items(plain)
        assert seed[1].startswith("Empowering responsible AI")
        for path in (
            "/feeds/technology.json",
            "/feeds/all.json?category=TTS",
            "/feeds/all.json?category=Technology%20Transformation%20Services",
        ):
            assert items(await get_rendered(client, path)) == [seed]
        for name in ("all", "carousel", "technology", "tts", "usds", "login"):
            expected = items(await get_rendered(client, f"/feeds/{name}.json"))
            assert expected
            for suffix in ("rss", "atom"):
                assert items(await get_rendered(client, f"/feeds/{name}.{suffix}")) == expected
        refused = await client.get("/feeds/all.json?categories=tts")
        assert refused.status_code == 400
        assert "category" in refused.json()["known"]
        tracked = await client.get("/feeds/tts.json?utm_source=newsletter")
        assert tracked.content == plain.content


@pytest.mark.corpora
async def test_two_runs_give_the_same_bytes(clones: Clones, tmp_path: pathlib.Path) -> None:
    """With an empty cache and with a full one."""
    runs: list[dict[str, bytes]] = []

    for folder in ("one", "two", "two"):
        (tmp_path / folder).mkdir(exist_ok=True)
        async with running_service(real(clones, tmp_path / folder, "main")) as client:
            runs.append(
                {
                    suffix: (await get_rendered(client, f"/feeds/all.{suffix}?limit=200")).content
                    for suffix in ("json", "rss", "atom")
                }
            )
    assert runs[0] == runs[1] == runs[2]


def large(folder: pathlib.Path, posts: int) -> tuple[ContentRepository, Settings]:
    """Return a repository of ``posts`` generated posts, and settings that serve it."""
    content = ContentRepository.create(folder / "content")
    content.commit(
        {
            f"updates/post-{n:04}.md": f"---\ntitle: Post {n}\ndate: 2024-01-01T00:00:00Z\n---\n"
            f"Post filed in: [Technology](https://example.gov/?category=Technology)\n\nWords {n}.\n"
            for n in range(posts)
        }
    )
    file = folder / "syndicate.toml"
    file.write_text(
        "[service]\nport = 0\n"
        '[[sources]]\nname = "updates"\nrepository = "content"\nfolders = ["updates"]\n'
        'dialect = "program-updates"\nsite_url = "https://www.example.gov"\n'
    )
    return content, load(file, {})


async def parsed(client: httpx.AsyncClient) -> int:
    """Return the number of parsed files from the metrics."""
    for line in (await client.get("/metrics")).text.splitlines():
        if line.startswith('syndicate_posts_parsed_total{source="updates"}'):
            return round(float(line.rpartition(" ")[2]))
    return 0


async def test_an_edit_of_one_post_of_500_parses_one_post(tmp_path: pathlib.Path) -> None:
    """The metrics show it, and the edit is served."""
    content, settings = large(tmp_path, 500)

    async with running_service(settings) as client:
        before = await parsed(client)
        content.commit({"updates/post-0123.md": "---\ntitle: Edited\n---\nNew words.\n"})
        await wait_for_response(
            client, "/feeds/all.json?limit=1", lambda feed: b'"Edited"' in feed.content
        )
        assert await parsed(client) - before == 1


async def test_pages_lead_to_the_last_post(tmp_path: pathlib.Path) -> None:
    """Following next_url gives every post once."""
    _, settings = large(tmp_path, 130)

    async with running_service(settings) as client:
        path, titles = "/feeds/technology.json", list[str]()
        while path:
            page = (await get_rendered(client, path)).json()
            titles += [item["title"] for item in page["items"]]
            path = page.get("next_url", "").partition(str(settings.service_info.public_url))[2]
        assert len(titles) == len(set(titles)) == 130
