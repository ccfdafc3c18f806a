"""`syndicate refresh`."""

import json
from pathlib import Path

import pytest

from syndicate.service.content_service import ContentService
from syndicate.settings import load
from tests.cli.conftest import FILES, SETTINGS, Run, complete
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool
from tests.stepwise_service import stepwise_service


async def record_all(file: Path) -> None:
    """Record all posts in the ledger, as the first start of the service does."""
    with ContentService(load(file, {}), render_pool=render_pool()) as content_service:
        async with stepwise_service(
            content_service, content_service.settings.database_url
        ) as service:
            assert await service.ledger_writer.record(content_service.edition())


def test_refresh_prints_each_source_with_its_commit(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """One line each; the exit code is 0."""
    outcome = run("refresh", "--config", file)

    short = content.head()[:12]
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [f"news: 4 posts at {short}", f"updates: 1 post at {short}"]


def test_refresh_reports_an_unavailable_source(run: Run, file: Path) -> None:
    """The other sources are refreshed nevertheless."""
    file.write_text(SETTINGS.replace('"content"', '"missing"', 1))

    outcome = run("refresh", "--json", "--config", file)

    news, updates = json.loads(outcome.out)
    assert outcome.code == 1
    assert "missing" in news["failing"]
    assert (updates["posts"], updates["failing"], updates["accepted"]) == (1, "", [])


@pytest.mark.slow
def test_dry_run_does_not_fetch(run: Run, file: Path, content: ContentRepository) -> None:
    """Nothing is changed."""
    file.write_text(SETTINGS.replace('"content"', f'"file://{content.path}"'))

    asked = run("refresh", "--dry-run", "--config", file)
    fetched = run("refresh", "--config", file)
    content.commit({"updates/dos.md": FILES["updates/uno.md"]})

    assert (asked.code, fetched.code) == (1, 0)
    assert "has not been fetched yet" in asked.out
    assert "updates: 1 post " in run("refresh", "--dry-run", "--config", file).out
    assert "updates: 2 posts " in run("refresh", "--config", file).out


@pytest.mark.slow
def test_removal_is_accepted_permanently(run: Run, file: Path, content: ContentRepository) -> None:
    """The posts stay until the removal is accepted, in whatever order folders were emptied."""
    emptied = content.commit({path: None for path in FILES if path.startswith("news")})
    content.commit({"updates/uno.md": None})

    before = run("refresh", "--config", file)
    asked = run("refresh", "--dry-run", "--accept-removals", "--config", file)
    accepted = run("refresh", "--accept-removals", "--config", file)
    after = run("refresh", "--accept-removals", "--config", file)

    assert before.code == 1
    assert "news had posts and has none now" in before.out
    assert asked.code == 0
    assert f"news: removals of commit {emptied[:12]} would be accepted" in asked.out
    assert f"news: removals of commit {emptied[:12]} accepted" in accepted.out
    audited = json.loads(run("audit", "list", "--json", "--config", file).out)
    assert {(one["action"], one["object"], one["detail"]["commit"]) for one in audited} >= {
        ("removals.accepted", "news", emptied)
    }
    assert f"updates: 0 posts at {content.head()[:12]}" in accepted.out
    assert (accepted.code, after.code) == (0, 0)
    assert "accepted" not in after.out
    assert set(json.loads((file.parent / "var" / "accepted.json").read_text())) == {
        "news",
        "updates",
    }


SITE = """
[service]
title = "Example agency feeds"

[[sources]]
name = "news"
repository = "site"
id_authority = "agency.gov"
"""
CONFIG = "url: https://agency.gov\npermalink: /news/:title/\n"


@pytest.mark.slow
def test_change_of_many_posts_is_accepted_permanently(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """A dry run accepts nothing; until it is accepted, what was served stays in service."""
    site = ContentRepository.create(content.path.parent / "site")
    post = "---\ntitle: A\n---\nWords.\n"
    site.commit({"_config.yml": CONFIG} | {f"_posts/2024-01-02-p{n}.md": post for n in range(21)})
    file.write_text(SITE)
    assert run("refresh", "--config", file).code == 0
    moving = site.commit({"_config.yml": CONFIG.replace("/news/", "/blog/")})

    before = run("refresh", "--config", file)
    checked = run("doctor", "--config", file)
    asked = run("refresh", "--dry-run", "--accept-changes", "--config", file)
    others = run("refresh", "--accept-removals", "--config", file)
    accepted = run("refresh", "--accept-changes", "--config", file)
    after = run("refresh", "--json", "--config", file)

    assert (before.code, others.code) == (1, 1)
    assert "visibility of 21 of 21 posts" in before.out
    assert "syndicate refresh --accept-changes" in checked.out
    assert f"news: changes of commit {moving[:12]} would be accepted" in asked.out
    assert f"news: changes of commit {moving[:12]} accepted" in accepted.out
    (audited,) = json.loads(run("audit", "list", "--json", "--config", file).out)
    assert (audited["action"], audited["object"]) == ("changes.accepted", "news")
    assert f"news: 21 posts at {moving[:12]}" in accepted.out
    (source,) = json.loads(after.out)
    assert (source["failing"], source["accepted"], source["accepted_changes"]) == ("", [], [])


def test_dry_run_before_the_first_start_shows_no_events(run: Run, file: Path) -> None:
    """The first edition is a baseline; no database is created."""
    outcome = run("refresh", "--dry-run", "--config", file)

    assert outcome.code == 0
    assert outcome.out.splitlines()[-1] == "No events would be sent."
    assert "first start" in outcome.err
    assert not (file.parent / "var" / "syndicate.db").exists()


def test_dry_run_with_an_empty_ledger_shows_no_events(run: Run, file: Path) -> None:
    """As after `db upgrade`."""
    assert run("db", "upgrade", "--config", file).code == 0
    assert "first start" in run("refresh", "--dry-run", "--config", file).err


@pytest.mark.slow
def test_dry_run_shows_the_events(run: Run, file: Path, content: ContentRepository) -> None:
    """With their reasons, as text and JSON, any number of times."""
    complete(record_all(file))
    assert run("refresh", "--dry-run", "--config", file).out.endswith("No events would be sent.\n")
    content.commit(
        {
            "news/2023-11-06-first.md": None,
            "news/2023-11-07-second.md": "---\ntitle: New title\n---\nOther words.\n",
            "news/2023-11-12-third.md": "---\ntitle: Third\n---\nThird words.\n",
        }
    )

    outcome = run("refresh", "--dry-run", "--config", file)
    events = json.loads(run("refresh", "--dry-run", "--json", "--config", file).out)["events"]

    site = "https://www.example.gov"
    assert sorted(line.split() for line in outcome.out.splitlines()[2:]) == [
        ["post.published", "new", f"{site}/news/2023-11-12-third", "Third"],
        ["post.removed", "deleted", f"{site}/first"],
        [
            "post.updated",
            "title,",
            "summary,",
            "words,",
            "image",
            f"{site}/news/2023-11-07-second",
            "New",
            "title",
        ],
    ]
    assert {event["type"] for event in events} == {"post.published", "post.removed", "post.updated"}
    (third,) = [event["data"] for event in events if event["type"] == "post.published"]
    assert third["post"]["title"] == "Third"
    assert third["commit"] == content.head()
    assert third.keys() == {"post", "source", "commit", "reason", "changed", "minor"}


@pytest.mark.slow
def test_dry_run_shows_the_events_of_accepted_removals(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Without acceptance there are none, and nothing is accepted afterwards."""
    complete(record_all(file))
    content.commit({path: None for path in FILES if path.startswith("news")})

    kept = run("refresh", "--dry-run", "--config", file)
    gone = run("refresh", "--dry-run", "--accept-removals", "--config", file)

    assert kept.out.endswith("No events would be sent.\n")
    assert gone.out.count("post.removed") == 2
    assert not (file.parent / "var" / "accepted.json").exists()
