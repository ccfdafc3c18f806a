"""`syndicate refresh`."""

import json
from pathlib import Path

from tests.cli.conftest import FILES, SETTINGS, Run
from tests.content_repository import ContentRepository


def test_every_source_is_told_with_its_commit(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """One line each; all is well."""
    outcome = run("refresh", "--config", file)

    short = content.head()[:12]
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [f"news: 4 posts at {short}", f"updates: 1 post at {short}"]


def test_a_source_that_cannot_be_read_is_told(run: Run, file: Path) -> None:
    """The others are looked at all the same."""
    file.write_text(SETTINGS.replace('"content"', '"missing"', 1))

    outcome = run("refresh", "--json", "--config", file)

    news, updates = json.loads(outcome.out)
    assert outcome.code == 1
    assert "missing" in news["failing"]
    assert (updates["posts"], updates["failing"], updates["accepted"]) == (1, "", [])


def test_a_remote_is_fetched_unless_only_asked(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """A dry run leaves everything as it is."""
    file.write_text(SETTINGS.replace('"content"', f'"file://{content.path}"'))

    asked = run("refresh", "--dry-run", "--config", file)
    fetched = run("refresh", "--config", file)
    content.commit({"updates/dos.md": FILES["updates/uno.md"]})

    assert (asked.code, fetched.code) == (1, 0)
    assert "has not been fetched yet" in asked.out
    assert "updates: 1 post " in run("refresh", "--dry-run", "--config", file).out
    assert "updates: 2 posts " in run("refresh", "--config", file).out


def test_a_removal_is_accepted_once_and_for_all(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """First the posts stay; accepted they go, in whatever order folders were emptied."""
    emptied = content.commit({path: None for path in FILES if path.startswith("news")})
    content.commit({"updates/uno.md": None})

    before = run("refresh", "--config", file)
    asked = run("refresh", "--dry-run", "--accept-removals", "--config", file)
    accepted = run("refresh", "--accept-removals", "--config", file)
    after = run("refresh", "--accept-removals", "--config", file)

    assert before.code == 1
    assert "news had posts and has none now" in before.out
    assert asked.code == 0
    assert f"news: what {emptied[:12]} removed would be accepted" in asked.out
    assert f"news: what {emptied[:12]} removed is accepted" in accepted.out
    assert f"updates: 0 posts at {content.head()[:12]}" in accepted.out
    assert (accepted.code, after.code) == (0, 0)
    assert "accepted" not in after.out
    assert set(json.loads((file.parent / "var" / "accepted.json").read_text())) == {
        "news",
        "updates",
    }
