"""`syndicate diff`."""

import json
from pathlib import Path

from tests.cli.conftest import FILES, SETTINGS, Run
from tests.content_repository import ContentRepository

UPDATED = FILES["news/2023-11-07-second.md"].replace("Second words.", "Second *words*.")


def edit(content: ContentRepository) -> tuple[str, str]:
    """Commit an update, a removal, what nobody sees, and a new post; return both commits."""
    before = content.head()
    after = content.commit(
        {
            "news/2023-11-06-first.md": None,
            "news/2023-11-07-second.md": UPDATED,
            "news/2023-11-09-draft.md": FILES["news/2023-11-09-draft.md"].replace("to", "yet to"),
            "updates/uno.md": FILES["updates/uno.md"] + "\n",
            "updates/dos.md": FILES["updates/uno.md"].replace("Uno", "Dos tres"),
        }
    )
    return before, after


def test_diff_prints_a_line_for_each_event(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Type, reason, URL and title; no events of hidden files."""
    outcome = run("diff", *edit(content), "--config", file)

    assert (outcome.code, outcome.err) == (0, "")
    rows = sorted(outcome.out.splitlines())
    assert [row.split() for row in rows] == [
        ["post.published", "new", "https://partners.example.gov/updates/dos/", "Dos", "tres"],
        ["post.removed", "deleted", "https://www.example.gov/first"],
        [
            *("post.updated", "markup,", "minor"),
            *("https://www.example.gov/news/2023-11-07-second", "Second"),
        ],
    ]
    assert len({row.index("https:") for row in rows}) == 1


def test_diff_needs_no_database(run: Run, file: Path, content: ContentRepository) -> None:
    """Only git is read."""
    file.write_text(SETTINGS + '\n[database]\nurl = "postgresql://nobody@127.0.0.1:1/none"\n')

    assert run("diff", *edit(content), "--config", file).code == 0
    assert not (file.parent / "var" / "syndicate.db").exists()


def test_diff_as_json_prints_webhook_bodies(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Thin bodies with the commit; the opposite direction has the opposite events."""
    before, after = edit(content)

    there = json.loads(run("diff", before, after, "--json", "--config", file).out)
    back = json.loads(run("diff", after, before, "--json", "--config", file).out)

    (published,) = [event for event in there if event["type"] == "post.published"]
    assert published["data"] == {
        "post": {
            "id": published["data"]["post"]["id"],
            "url": "https://partners.example.gov/updates/dos/",
            "title": "Dos tres",
            "_syndicate": {"self": published["data"]["post"]["_syndicate"]["self"]},
        },
        "source": "updates",
        "commit": after,
        "reason": "new",
        "changed": [],
        "minor": False,
    }
    opposite = {"post.published": "post.removed", "post.removed": "post.published"}
    assert sorted(event["data"]["post"]["id"] for event in back) == sorted(
        event["data"]["post"]["id"] for event in there
    )
    assert {event["data"]["post"]["id"]: event["type"] for event in back} == {
        event["data"]["post"]["id"]: opposite.get(event["type"], event["type"]) for event in there
    }


def test_diff_of_a_single_source(run: Run, file: Path, content: ContentRepository) -> None:
    """An unknown source is an error that lists the valid ones."""
    before, after = edit(content)

    outcome = run("diff", "--source", "updates", before, after, "--config", file)
    wrong = run("diff", "--source", "nothing", before, after, "--config", file)

    assert [line.split()[0] for line in outcome.out.splitlines()] == ["post.published"]
    assert wrong.code == 2
    assert "news, updates" in wrong.err


def test_diff_without_events_says_so(run: Run, file: Path, content: ContentRepository) -> None:
    """As text and as an empty list."""
    commit = content.head()
    assert run("diff", commit, commit, "--config", file).out == "No events would be sent.\n"
    assert json.loads(run("diff", commit, commit, "--json", "--config", file).out) == []


def test_unknown_revisions_are_an_error(run: Run, file: Path) -> None:
    """The error lists what exists."""
    outcome = run("diff", "main", "nowhere", "--config", file)

    assert (outcome.code, outcome.out) == (1, "")
    assert "nowhere does not exist" in outcome.err
    assert "main" in outcome.err


def test_source_without_both_revisions_is_left_out(
    run: Run, file: Path, content: ContentRepository, tmp_path: Path
) -> None:
    """There is nothing to compare with."""
    other = ContentRepository.create(tmp_path / "other")
    other.commit(FILES)
    other.commit({"updates/uno.md": None, "updates/dos.md": FILES["updates/uno.md"]})
    first, rest = SETTINGS.split('name = "updates"')
    file.write_text(f'{first}name = "updates"{rest.replace("content", "other", 1)}')
    content.git("branch", "editorial")
    content.commit({"news/2023-11-07-second.md": UPDATED})

    outcome = run("diff", "editorial", "main", "--config", file)

    assert [line.split()[0] for line in outcome.out.splitlines()] == ["post.updated"]


def test_source_errors_are_printed_on_stderr(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """An emptied folder keeps its posts; an unreachable remote stays at its last state."""
    file.write_text(SETTINGS.replace('"content"', f'"{content.path.as_uri()}"'))
    before = content.head()
    after = content.commit({path: None for path in FILES if path.startswith("news")})
    kept = run("diff", before, after, "--config", file)
    content.path.rename(content.path.with_name("away"))
    away = run("diff", before, after, "--source", "updates", "--config", file)

    assert kept.out == away.out == "No events would be sent.\n"
    assert "had posts and has none now" in kept.err
    assert away.err.startswith("Warning: source updates")
