"""Posts that render slowly, and what is served meanwhile."""

import asyncio
import pathlib
import time

import pytest

from syndicate.feeds import FeedCache, FeedRequest, Representation
from syndicate.feeds.formats import FORMATS
from syndicate.model.query import Query
from syndicate.service.content_service import ContentService
from tests.content_repository import ContentRepository
from tests.service.conftest import FIRST, POST, SETTINGS, settings
from tests.service.running_site import commit_and_wait, is_ok, running_site, wait_until

pytestmark = pytest.mark.anyio

PARAGRAPHS = 10_000
SLOW = "*a* b\n\n" * PARAGRAPHS
"""A body that takes today's renderer about a second, within the 2 s of CPU that a post may take."""

SLOW_POST = f"---\ntitle: Slow\nsummary: Many words.\ntags: [tts]\n---\n{SLOW}"


@pytest.fixture
def other(tmp_path: pathlib.Path, settings_file: pathlib.Path) -> ContentRepository:
    """Return the repository of a second source, ``other``, with one post."""
    made = ContentRepository.create(tmp_path / "other")
    made.commit({"news/2023-11-08-third.md": POST.format("Third", "Third words.")})
    source = SETTINGS[SETTINGS.index("[[sources]]") : SETTINGS.index("[[categories]]")]
    source = source.replace('"news"\n', '"other"\n', 1).replace('"content"', '"other"')
    settings_file.write_text(SETTINGS + source)
    return made


@pytest.mark.slow
async def test_feed_waits_for_a_post_without_a_rendering(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Formats and API respond 503 `rendering` in time, and later with the complete post."""
    content.commit({FIRST: SLOW_POST})
    async with running_site(settings_file) as site:
        for path in ("/feeds/all.json", "/feeds/news.rss", "/feeds/tts.atom", "/v1/posts"):
            began = time.monotonic()
            answer = await site.request_async(path)
            assert time.monotonic() - began < 5
            assert answer.status_code == 503
            assert answer.json()["code"] == "rendering"
            assert answer.headers["retry-after"] == "5"
        answer = await wait_until(site, "/feeds/all.json", is_ok)
        items = {item["title"]: item for item in answer.json()["items"]}
        assert items["Slow"]["content_html"].count("<p>") == PARAGRAPHS


@pytest.mark.slow
async def test_pages_show_title_and_summary_of_an_unrendered_post(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """With a note, beside complete posts; the page is not cached."""
    content.commit({FIRST: SLOW_POST})
    async with running_site(settings_file) as site:
        (key,) = [post.key for post in site.reader.edition.posts if post.title == "Slow"]
        paths = ("/feeds/all", f"/posts/{key}")
        headers = {"accept": "text/html"}
        answers = await asyncio.gather(
            *(site.request_async(path, headers=headers) for path in paths)
        )
        for answer in answers:
            assert answer.status_code == 200
            assert "Slow" in answer.text
            assert "Many words." in answer.text
            assert "still being rendered" in answer.text
            assert answer.headers["cache-control"] == "no-cache"
            assert "last-modified" not in answer.headers
        assert "Second" in answers[0].text


@pytest.mark.slow
async def test_previous_rendering_is_served_meanwhile(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """In every format and the API, until the new version is rendered."""
    async with running_site(settings_file) as site:
        first = await wait_until(site, "/feeds/all.json", is_ok)
        await commit_and_wait(site, content, {FIRST: SLOW_POST})
        (key,) = [post.key for post in site.reader.edition.posts if post.title == "Slow"]
        for path in ("/feeds/all.json", "/feeds/all.rss", "/v1/posts", f"/v1/posts/{key}"):
            answer = await site.request_async(path)
            assert answer.status_code == 200
            assert "First words." in answer.text
            assert answer.headers["cache-control"] == "no-cache"
            assert "last-modified" not in answer.headers
        since = {"if-modified-since": first.headers["last-modified"]}
        await wait_until(site, "/feeds/all.json", lambda answer: "First words." not in answer.text)
        assert (await site.request_async("/feeds/all.json", headers=since)).status_code == 200


@pytest.mark.slow
async def test_the_last_rendering_survives_a_restart(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """As it is on disk, whatever renderer made it."""
    async with running_site(settings_file, render_wait_seconds=30) as site:
        before = (await site.request_async("/feeds/all.json")).json()["items"]
    content.commit({FIRST: SLOW_POST})
    async with running_site(settings_file) as site:
        after = (await site.request_async("/feeds/all.json")).json()["items"]
        assert after == before


@pytest.mark.slow
async def test_rendering_of_a_preview_is_never_served(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """A draft on another branch is not a previous rendering."""
    content.create_branch("editorial")
    content.commit({FIRST: POST.format("Draft", "Secret words.")}, branch="editorial")
    with ContentService(settings(settings_file)) as content_service:
        edition = content_service.edition(rev="editorial")
        assert [item.text for item in content_service.render_posts(edition.posts, edition)][
            1
        ] == "Secret words."
    content.commit({FIRST: SLOW_POST})
    async with running_site(settings_file) as site:
        assert (await site.request_async("/feeds/all.json")).status_code == 503


@pytest.mark.slow
async def test_slow_posts_do_not_delay_other_sources(
    settings_file: pathlib.Path, content: ContentRepository, other: ContentRepository
) -> None:
    """Their feeds respond at once, whatever the length of the queue."""
    content.commit({f"news/2023-12-{n % 28 + 1:02}-slow-{n}.md": SLOW_POST for n in range(50)})
    async with running_site(settings_file, render_wait_seconds=4) as site:
        slow = asyncio.create_task(site.request_async("/feeds/news.json"))
        await asyncio.sleep(0.5)
        began = time.monotonic()
        answer = await site.request_async("/feeds/other.json")
        assert [item["title"] for item in answer.json()["items"]] == ["Third"]
        assert time.monotonic() - began < 4
        await commit_and_wait(
            site, other, {"news/2023-11-09-4th.md": POST.format("4th", "New words.")}
        )
        assert "New words." in (await site.request_async("/feeds/other.json")).text
        assert (await slow).status_code == 503


@pytest.mark.slow
async def test_service_stops_without_waiting_for_slow_posts(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Neither for those of requests nor for those of the prerendering."""
    slow = {f"news/2023-12-{n % 28 + 1:02}-slow-{n}.md": SLOW_POST for n in range(50)}
    async with running_site(settings_file, is_prerendered=True) as site:
        await wait_until(site, "/feeds/all.json", is_ok)
        await commit_and_wait(site, content, slow)
        assert (await site.request_async("/feeds/all.json")).status_code == 503
        began = time.monotonic()
    assert time.monotonic() - began < 20


@pytest.mark.slow
async def test_requests_for_a_slow_post_share_its_rendering(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Twenty take as long as one, and later ones respond at once."""
    content.commit({FIRST: SLOW_POST})
    async with running_site(settings_file, render_wait_seconds=1) as site:
        began = time.monotonic()
        paths = [f"/feeds/all.{form}" for form in FORMATS] * 7
        answers = await asyncio.gather(*map(site.request_async, paths))
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert time.monotonic() - began < 5


@pytest.mark.slow
async def test_waiting_callers_get_the_current_rendering(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """WebSub distributes complete feeds, also while an outdated one is served."""
    async with running_site(settings_file) as site:
        feed_cache, reader = FeedCache(site.service_info), site.reader
        request = FeedRequest(name="all", query=Query(), feed_format=FORMATS["json"])

        async def get_feed(*, wait: bool = False) -> Representation:
            return await feed_cache.get(reader, reader.edition, request, wait=wait)

        await get_feed(wait=True)
        await commit_and_wait(site, content, {FIRST: SLOW_POST})
        outdated = await get_feed()
        assert outdated.is_provisional
        assert b"First words." in outdated.body
        assert await get_feed() is outdated
        current = await get_feed(wait=True)
        assert b"First words." not in current.body
        assert not current.is_provisional
        assert await get_feed() is current


async def test_posts_not_read_in_time_are_still_rendering(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """The response comes in time, whatever delays the disk or git."""
    content.commit({FIRST: SLOW_POST})
    async with running_site(settings_file, response_seconds=0) as site:
        answer = await site.request_async("/feeds/all.json")
        assert (answer.status_code, answer.json()["code"]) == (503, "rendering")
