"""The reading side as a whole: real folders and large ones, in three formats, over HTTP."""

import pathlib
from collections.abc import Callable

import feedparser
import httpx
import pytest

from syndicate.settings import Settings, load
from tests.content_repository import ContentRepository
from tests.running import serving, until

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
    """Return settings of the two first sites, login.gov at ``ref``."""
    file = folder / "syndicate.toml"
    file.write_text(CORPORA.format(usds=clones("usds"), login=clones("login"), ref=ref))
    return load(file, {})


def items(answer: httpx.Response) -> list[tuple[str, str, str]]:
    """Return (id, title, address) of what a feed in any format holds; it must be flawless."""
    if "json" in answer.headers["Content-Type"]:
        return [(one["id"], one["title"], one["url"]) for one in answer.json()["items"]]
    parsed = feedparser.parse(answer.content)
    assert not parsed.bozo
    return [(one.id, one.title, one.link) for one in parsed.entries]


@pytest.mark.corpora
def test_two_real_folders_are_served_right(clones: Clones, tmp_path: pathlib.Path) -> None:
    """7 and 13 posts, and the seven of the carousel by file name, the newest first."""

    async def visit(client: httpx.AsyncClient) -> None:
        counts = {
            one["name"]: one["posts"] for one in (await client.get("/v1/sources")).json()["items"]
        }
        assert counts == {"usds": 7, "login": 13}
        carousel = (await client.get("/feeds/carousel.json")).json()["items"]
        assert [one["_syndicate"]["date"] for one in carousel] == [
            "2025-01-07",
            "2024-11-20",
            "2024-08-19",
            "2024-08-13",
            "2024-01-29",
            "2023-08-11",
            "2022-11-10",
        ]
        assert all(one["_syndicate"]["carousel"]["image_alt"] for one in carousel)

    serving(real(clones, tmp_path, "main"), visit)


@pytest.mark.corpora
def test_every_spelling_of_a_category_and_every_format_give_the_same_posts(
    clones: Clones, tmp_path: pathlib.Path
) -> None:
    """The post filed in Technology and TTS is found by slug, title and alias."""

    async def visit(client: httpx.AsyncClient) -> None:
        plain = await client.get("/feeds/tts.json")
        (seed,) = items(plain)
        assert seed[1].startswith("Empowering responsible AI")
        for address in (
            "/feeds/technology.json",
            "/feeds/all.json?category=TTS",
            "/feeds/all.json?category=Technology%20Transformation%20Services",
        ):
            assert items(await client.get(address)) == [seed]
        for name in ("all", "carousel", "technology", "tts", "usds", "login"):
            expected = items(await client.get(f"/feeds/{name}.json"))
            assert expected
            for suffix in ("rss", "atom"):
                assert items(await client.get(f"/feeds/{name}.{suffix}")) == expected
        refused = await client.get("/feeds/all.json?categories=tts")
        assert refused.status_code == 400
        assert "category" in refused.json()["known"]
        tracked = await client.get("/feeds/tts.json?utm_source=newsletter")
        assert tracked.content == plain.content

    serving(real(clones, tmp_path, SEED), visit)


@pytest.mark.corpora
def test_two_runs_give_the_same_bytes(clones: Clones, tmp_path: pathlib.Path) -> None:
    """With an empty store and no cache as with a full one."""
    found: list[dict[str, bytes]] = []

    async def visit(client: httpx.AsyncClient) -> None:
        found.append(
            {
                suffix: (await client.get(f"/feeds/all.{suffix}?limit=200")).content
                for suffix in ("json", "rss", "atom")
            }
        )

    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        serving(real(clones, tmp_path / folder, "main"), visit)
    serving(real(clones, tmp_path / "two", "main"), visit)
    assert found[0] == found[1] == found[2]


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
    """Return how many files the metrics say were parsed."""
    for line in (await client.get("/metrics")).text.splitlines():
        if line.startswith('syndicate_posts_parsed_total{source="updates"}'):
            return round(float(line.rpartition(" ")[2]))
    return 0


def test_an_edit_of_one_post_of_500_parses_one_post(tmp_path: pathlib.Path) -> None:
    """As the metrics show; and the edit is served."""
    content, settings = large(tmp_path, 500)

    async def visit(client: httpx.AsyncClient) -> None:
        before = await parsed(client)
        content.commit({"updates/post-0123.md": "---\ntitle: Edited\n---\nNew words.\n"})
        await until(client, "/feeds/all.json?limit=1", lambda one: b'"Edited"' in one.content)
        assert await parsed(client) - before == 1

    serving(settings, visit)


def test_pages_lead_to_the_last_post(tmp_path: pathlib.Path) -> None:
    """Following next_url gives every post once."""
    _, settings = large(tmp_path, 130)

    async def visit(client: httpx.AsyncClient) -> None:
        address, titles = "/feeds/technology.json", list[str]()
        while address:
            page = (await client.get(address)).json()
            titles += [one["title"] for one in page["items"]]
            address = page.get("next_url", "").partition(str(settings.masthead.public_url))[2]
        assert len(titles) == len(set(titles)) == 130

    serving(settings, visit)
