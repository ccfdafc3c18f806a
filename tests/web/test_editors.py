"""The pages for editors, on a real repository with a branch and a real database."""

import asyncio
import pathlib
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from syndicate.errors import NotReady, UnknownName
from syndicate.service.content_service import ContentService
from syndicate.service.editor_reports import EditorReports
from syndicate.settings import load
from tests.content_repository import ContentRepository
from tests.publisher.conftest import NOW
from tests.render_pool import render_pool
from tests.web.editor_client import (
    BROKEN,
    FIRST,
    GONE,
    GOOD,
    LATER,
    PREVIEW_SETTINGS,
    editor_of,
)

pytestmark = pytest.mark.anyio


async def test_published_post_is_explained_in_words(tmp_path: pathlib.Path) -> None:
    """Each value with its origin; feeds, history, and numbers of partners without names."""
    async with editor_of(tmp_path) as editor:
        text = await editor.text("/explain", post="https://www.example.gov/news/2024-01-05-first/")

    assert "Published." in text
    assert "Date January 5, 2024 file name" in text
    assert "Author Ada Editor key authors, line 3" in text
    assert "Picture https://www.example.gov/lake.png key image, line 6" in text
    assert "Categories forms key tags, line 4" in text
    assert "In the carousel yes key carousel_show, line 5" in text
    assert "Minutes to read 1 word count" in text
    assert "In all , carousel , news , forms" in text
    assert "1 partner: wait for it" in text
    assert "inbox" not in text
    assert "(this version is published)" in text
    assert "Other posts with this title news/2024-02-05-later.md" in text


async def test_post_that_is_not_published_says_why(tmp_path: pathlib.Path) -> None:
    """Scheduled, broken with the corrected line, removed, or unknown."""
    async with editor_of(tmp_path) as editor:
        scheduled = await editor.text("/explain", post="2024-02-05-later.md")
        monday = await editor.text("/explain", post=LATER, at="2024-02-06T09:00")
        broken = await editor.text("/explain", post=BROKEN)
        gone = await editor.text("/explain", post=GONE)
        unknown = await editor.text("/explain", post="nowhere.md", status=404)
        unrelated = await editor.text("/explain", post="https://nowhere.example", status=404)
        similar = await editor.text("/explain", post="https://x.gov/2024/later/", status=404)
        empty = await editor.text("/explain")

    assert "Not published: scheduled for February 5, 2024, 12:00 a.m. EST" in scheduled
    assert "Author nobody is named; write authors: in the front matter" in scheduled
    assert "Published. This is how it will be at February 6, 2024, 9:00 a.m. EST ." in monday
    assert 'Write: title: "Update: broken"' in broken
    assert "Not published: the file was removed or renamed on January 1, 2024 ." in gone
    assert "No post found for “nowhere.md”" in unknown
    assert "No post found for" in unrelated
    assert "Did you mean" not in unrelated
    assert "Did you mean: news/2024-02-05-later.md" in similar
    assert "URL or file name of the post" in empty


@pytest.mark.parametrize(
    "date",
    ["2024-13-45", "2024-02-30", "2024-01-05T25:00:00-05:00", "0001-01-01T00:00:00+14:00"],
)
async def test_impossible_date_is_quoted(tmp_path: pathlib.Path, date: str) -> None:
    """As the editor wrote it, on each page that lists problems."""
    async with editor_of(tmp_path) as editor:
        content = ContentRepository(path=tmp_path / "content")
        content.commit({LATER: f"---\ntitle: Later\ndate: {date}\n---\nWords.\n"})
        await editor.service.publish()
        pages = [
            await editor.text("/check"),
            await editor.text("/explain", post=LATER),
            (await editor.get("/sources/news")).text,
        ]

    assert all(f"date is not a valid date: {date}." in page for page in pages)


async def test_branch_is_explained_and_checked(tmp_path: pathlib.Path) -> None:
    """As the repository on this host has it; what is served stays as it is."""
    async with editor_of(tmp_path) as editor:
        before = editor.service.edition
        branch = await editor.text("/explain", post=FIRST, rev="editorial")
        later = await editor.text("/explain", post=FIRST, rev="editorial", at="2024-03-01")
        again = await editor.text("/explain", post=FIRST, rev="editorial", at="2024-03-01")
        problems = await editor.text("/check", rev="editorial")
        unknown = await editor.get("/explain", post=FIRST, rev="nowhere")
        unchecked = await editor.text("/check", rev="nowhere", status=404)

    assert "This is how it will be with the branch editorial." in branch
    assert "Picture none; write image: in the front matter" in branch
    assert "What to correct Warning, line 5: the post is in the carousel and has no pic" in branch
    assert later == again
    assert "Problems that the branch adds 1 warning in 1 file of news." in problems
    assert "the post is in the carousel and has no picture" in problems
    assert "Problems that were there before: 2 news/2024-01-06-broken.md" in problems
    assert editor.service.edition is before
    assert "No source has the branch, tag or commit" in unknown.text
    assert "No post found" not in unknown.text
    assert "No source has the branch, tag or commit 'nowhere' here." in unchecked
    assert unknown.status_code == 404


async def test_preview_shows_what_changes_in_feeds(tmp_path: pathlib.Path) -> None:
    """Of a branch since it began, whatever was published since, and until another time."""
    async with editor_of(tmp_path) as editor:
        content = ContentRepository(path=tmp_path / "content")
        content.commit({"news/2024-01-08-other.md": "---\ntitle: Other\n---\nWords.\n"})
        expiring = "---\ntitle: Short\nexpires: 2024-02-15\n---\nWords.\n"
        content.commit({"news/2024-01-09-short.md": expiring}, branch="editorial")
        content.commit({BROKEN: "---\ntitle: Fine\ndraft: true\n---\nWords.\n"}, branch="editorial")
        await editor.service.publish()
        branch = await editor.text("/check", rev="editorial")
        later = await editor.text("/check", rev="editorial", at="2024-03-01")
        unchanged = await editor.text("/check", at="2024-01-20")
        hidden = await editor.text("/explain", post=BROKEN, rev="editorial")
        links = (await editor.get("/check", rev="editorial", at="2024-03-01")).text
        served = await editor.text("/check")

    assert "With editorial, compared with the commit where that branch began:" in branch
    assert "Appears: Short , news/2024-01-09-short.md" in branch
    assert "Changes: First (carousel, picture), news/2024-01-05-first.md" in branch
    assert "Vanishes: Fine (draft: true), news/2024-01-06-broken.md" in branch
    assert "the post is published on February 5, 2024, 12:00 a.m. EST" in branch
    assert "Other" not in branch
    assert "Not published: the front matter sets draft to true (line 3). Remove that key" in hidden
    assert "at March 1, 2024, 12:00 a.m. EST :" in later
    assert "Appears: First , news/2024-02-05-later.md" in later
    assert "Appears: Short , expired, news/2024-01-09-short.md" in later
    assert f"/explain?post={BROKEN}&amp;rev=editorial&amp;at=2024-03-01" in links
    assert "Without a new commit, at January 20, 2024" in unchanged
    assert "No post appears, changes or vanishes." in unchanged
    assert "What changes in feeds" not in served


async def test_problems_of_a_source_have_file_and_line(tmp_path: pathlib.Path) -> None:
    """With links to the explanation of each file, and a source that is unknown."""
    async with editor_of(tmp_path) as editor:
        page = await editor.text("/check", source="news")
        unknown = await editor.get("/check", source="nowhere")
        links = (await editor.get("/check", at="2024-03-01")).text
        others = (await editor.get("/explain", post=FIRST, rev="editorial", at="2024-03-01")).text

    assert "1 error, 1 notice in 2 files of news." in page
    assert "Error, line 2: title has a colon followed by a space" in page
    assert unknown.status_code == 404
    assert "/explain?post=news/2024-01-06-broken.md&amp;at=2024-03-01" in links
    assert "?post=news/2024-02-05-later.md&amp;rev=editorial&amp;at=2024-03-01" in others
    assert '<a href="/explain">Where is my post?</a>' in links
    assert '<a href="/check">Problems in posts</a>' in others


async def test_time_and_length_of_parameters_are_checked(tmp_path: pathlib.Path) -> None:
    """Malformed values are errors of the request."""
    async with editor_of(tmp_path) as editor:
        monday = await editor.get("/explain", post=FIRST, at="monday")
        long = await editor.get("/explain", post="x" * 3000)
        zone = await editor.get("/explain", post=FIRST, at="2024-03-01T09:00:00Z")

    assert (monday.status_code, long.status_code, zone.status_code) == (400, 400, 200)


@pytest.mark.parametrize(
    ("is_open", "query", "status"),
    [
        (False, {"post": FIRST}, 401),
        (True, {"post": FIRST}, 200),
        (True, {"post": FIRST, "rev": "editorial"}, 401),
        (True, {"post": FIRST, "at": "2024-03-01"}, 401),
    ],
)
async def test_open_pages_show_what_is_served_now(
    tmp_path: pathlib.Path, is_open: bool, query: dict[str, str], status: int
) -> None:
    """Branches, other times and numbers of partners are for editors."""
    async with editor_of(tmp_path, is_open=is_open) as editor:
        response = await editor.stranger.request("GET", f"/explain?{urlencode(query)}")
        check = await editor.stranger.request("GET", "/check")
        with_token = await editor.text("/explain", post=FIRST)

    assert response.status_code == status
    assert "partner:" not in response.text
    assert check.status_code == (200 if is_open else 401)
    assert "access-control-allow-origin" not in response.headers
    assert "1 partner: wait for it" in with_token


async def test_partner_may_not_see_the_pages(tmp_path: pathlib.Path) -> None:
    """Their role is another one."""
    async with editor_of(tmp_path) as editor:
        partner = await editor.stranger.with_token("partner")
        response = await partner.request("GET", f"/explain?post={FIRST}")

    assert response.status_code == 403


async def test_few_reports_wait(tmp_path: pathlib.Path) -> None:
    """One is made at a time; of many at once, the last have to come back."""
    async with editor_of(tmp_path) as editor:
        reports = editor.service.editor_reports
        found = await asyncio.gather(
            *(reports.explain(FIRST) for _ in range(10)), return_exceptions=True
        )

    assert [isinstance(each, NotReady) for each in found] == [False] * 8 + [True] * 2


async def test_post_that_no_partner_was_sent_says_so(tmp_path: pathlib.Path) -> None:
    """Nothing changed since anybody subscribed."""
    async with editor_of(tmp_path) as editor:
        await editor.service.publish(timedelta(days=30))
        text = await editor.text("/explain", post=BROKEN)

    assert "Published in an older version: the last change cannot be read." in text
    assert "No partner was sent this post" in text


async def test_browser_is_asked_to_log_in_and_comes_back(tmp_path: pathlib.Path) -> None:
    """With the session of the portal; a partner's session is not sufficient."""
    async with editor_of(tmp_path) as editor:
        address = "198.51.100.7"
        access = editor.service.subscriptions.access
        partner = await editor.stranger.with_token("partner")
        cookies = [
            f"__Host-session={await access.log_in(each.token, address)}"
            for each in (editor.client, partner)
        ]
        asked = await editor.stranger.request("GET", f"/explain?post={FIRST}", accept="text/html")
        answers = [
            await editor.stranger.request(
                "GET", f"/explain?post={FIRST}", accept="text/html", cookie=cookie
            )
            for cookie in cookies
        ]

    assert asked.status_code == 303
    assert asked.headers["location"].startswith("/portal/login?next=")
    assert [answer.status_code for answer in answers] == [200, 403]


async def test_session_of_an_editor_shows_more_on_open_pages(tmp_path: pathlib.Path) -> None:
    """The session of a partner, and none, show what everybody sees."""
    async with editor_of(tmp_path, is_open=True) as editor:
        access = editor.service.subscriptions.access
        partner = await editor.stranger.with_token("partner")
        pages = [
            await editor.stranger.request(
                "GET",
                f"/explain?post={FIRST}",
                accept="text/html",
                cookie=f"__Host-session={await access.log_in(each.token, '198.51.100.7')}",
            )
            for each in (editor.client, partner)
        ]

    assert [page.status_code for page in pages] == [200, 200]
    assert ["1 partner:" in page.text for page in pages] == [True, False]


async def test_pull_request_of_a_remote_is_shown(tmp_path: pathlib.Path) -> None:
    """Once the watcher has fetched it, also into a partial clone; no request fetches anything."""
    content = ContentRepository.create(tmp_path / "upstream", bare=True)
    content.git("config", "uploadpack.allowFilter", "true")
    content.commit({FIRST: GOOD, BROKEN: GOOD.replace("First", "Before"), "lake.png": b"x"})
    content.create_branch("fix")
    content.commit({FIRST: GOOD.replace("First", "Corrected")}, branch="fix")
    content.git("update-ref", "refs/pull/7/head", "fix")
    settings = PREVIEW_SETTINGS.format(url=content.path.as_uri())
    (tmp_path / "syndicate.toml").write_text(settings)
    with ContentService(
        load(tmp_path / "syndicate.toml", {}), clock=lambda: NOW, render_pool=render_pool()
    ) as content_service:
        (reader,) = content_service.source_readers()
        reader.fetch_previews()  # nothing was polled
        edition = content_service.build_edition([reader.poll()])
        reports = EditorReports(content_service, lambda: edition)
        with pytest.raises(UnknownName, match="pull/7/head"):
            await reports.explain(FIRST, rev="pull/7/head")
        reader.fetch_previews()
        (found,) = await reports.explain(FIRST, rev="pull/7/head")
        other = await reports.explain(BROKEN, rev="pull/7/head")
        checked = await reports.check(rev="pull/7/head")
        upstream = content.path.rename(tmp_path / "away")
        reader.fetch_previews()
        reader.fetch_previews()
        failed = reader.preview_error
        upstream.rename(content.path)
        reader.fetch_previews()
        reports.close()

    assert (found.title, found.hidden) == ("Corrected", "")
    assert [change.details for change in checked.changes or ()] == [("title",)]
    assert other[0].title == "Before"
    assert "does not appear to be a git repository" in failed
    assert reader.preview_error == ""
