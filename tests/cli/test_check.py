"""`syndicate check`."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import FILES, SETTINGS, Run
from tests.content_repository import ContentRepository

ROOT = Path(__file__).parents[2]
BROKEN = "news/2023-11-10-broken.md"


def reported(text: str) -> list[tuple[str, str]]:
    """Return (rule, file) of each finding in ``text``."""
    return [
        (rule, file) for file, rule in re.findall(r"^([^:\s]+):.*\[([\w-]+)\]$", text, re.MULTILINE)
    ]


def test_problems_have_file_and_line(run: Run, file: Path) -> None:
    """In a form that editors parse, with hints; the exit code is 1."""
    outcome = run("check", "--config", file)

    lines = outcome.out.splitlines()
    assert outcome.code == 1
    assert reported(outcome.out) == [
        ("expired", "news/2023-11-08-over.md"),
        ("front-matter", BROKEN),
        ("future-date", "news/2099-11-07-later.md"),
    ]
    assert lines[0].startswith("news/2023-11-08-over.md:3: notice: the post expired on 2023-12-01")
    assert lines[2].startswith(f"{BROKEN}:2: error: the list of title is not closed")
    assert lines[3].startswith("    Write: title: [Broken]")
    assert outcome.err == "1 error, 2 notices.\n"


@pytest.mark.parametrize("path", ["updates", "./updates/uno.md", "news/2023-11-07-second.md"])
def test_paths_limit_the_check(run: Run, file: Path, path: str) -> None:
    """Without problems the exit code is 0."""
    outcome = run("check", path, "--config", file)

    assert (outcome.code, outcome.out, outcome.err) == (0, "", "No problems found.\n")


@pytest.mark.parametrize("path", ["news/", BROKEN])
def test_single_files_can_be_checked(run: Run, file: Path, path: str) -> None:
    """Files and folders of the repository."""
    assert run("check", path, "updates", "--config", file).code == 1


def test_path_without_files_is_a_usage_error(run: Run, file: Path) -> None:
    """A mistyped path must not pass."""
    outcome = run("check", "new", "--config", file)

    assert outcome.code == 2
    assert "no source has a file at new" in outcome.err
    assert "Valid values: news, updates" in outcome.err


def test_posts_are_checked_as_served(run: Run, file: Path, content: ContentRepository) -> None:
    """As rendered, with positions in the file."""
    content.commit({BROKEN: "---\ntitle: Repaired\n---\nWords.\n\n![](/x.png)\n[](/y) {% z %}\n"})

    outcome = run("check", BROKEN, "--config", file)

    assert [line.split(" ")[0] for line in outcome.out.splitlines()[::2]] == [
        f"{BROKEN}:6:5:",
        f"{BROKEN}:7:4:",
        f"{BROKEN}:7:8:",
    ]


def test_problems_as_json(run: Run, file: Path, content: ContentRepository) -> None:
    """With every field, and with the commit of the source."""
    outcome = run("check", "--format", "json", BROKEN, "--config", file)

    (problem,) = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (1, "")
    assert problem["path"] == BROKEN
    assert (problem["level"], problem["rule"]) == ("error", "front-matter")
    assert (problem["source"], problem["line"]) == ("news", 2)
    assert problem["commit"] == content.head()


def test_problems_as_workflow_commands(run: Run, file: Path) -> None:
    """One line for each problem, and nothing else."""
    outcome = run("check", "--format", "github", BROKEN, "--config", file)

    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.out.startswith(f"::error file={BROKEN},line=2,title=front-matter::")
    assert outcome.out.count("\n") == 1


def test_problems_as_sarif(run: Run, file: Path) -> None:
    """A complete log, also without problems."""
    outcome = run("check", "--format", "sarif", "updates", "--config", file)

    assert outcome.code == 0
    assert json.loads(outcome.out)["runs"][0]["results"] == []


@pytest.mark.slow
def test_comparison_reports_new_problems_only(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Not those that only have another file name or line."""
    content.commit({"news/2023-11-08-over.md": FILES[BROKEN].replace("---\n", "---\nx: y\n", 1)})
    content.create_branch("change")
    content.commit(
        {
            BROKEN: "---\ntitle: Repaired\n---\nWords.\n",
            "updates/dos.md": "---\ntitle: Dos\n---\nUna.\n",
        },
        branch="change",
        moves={"news/2099-11-07-later.md": "news/2099-11-07-much-later.md"},
    )

    outcome = run("check", "--rev", "main..change", "--config", file)

    assert outcome.code == 1
    assert reported(outcome.out) == [("missing-date", "updates/dos.md")]
    assert run("check", "--rev", "change..change", "--config", file).code == 0
    assert run("check", "--rev", "main..change", "news", "--config", file).code == 0


@pytest.mark.parametrize("rev", ["..", "main..", "..main", "main...main"])
def test_incomplete_revision_range_is_a_usage_error(run: Run, file: Path, rev: str) -> None:
    """With an example of a valid range."""
    outcome = run("check", "--rev", rev, "--config", file)

    assert (outcome.code, outcome.out) == (2, "")
    assert "separated by two dots" in outcome.err


def test_notices_do_not_fail_the_check(run: Run, file: Path, content: ContentRepository) -> None:
    """They are printed, and the exit code is 0."""
    content.commit(
        {BROKEN: None, "news/2023-11-11-año.md": "---\ntitle: Año\ndate: 2023-11-11\n---\nW.\n"}
    )

    outcome = run("check", "--config", file)

    assert (outcome.code, outcome.err) == (0, "3 notices.\n")
    assert "news/2023-11-11-año.md: notice: " in outcome.out


@pytest.mark.slow
def test_file_name_of_any_bytes_is_printed(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Without bytes that are not text and without control characters."""
    content.commit({BROKEN: None, "news/2023-11-11-\udcff\x1b[31m.md": "---\ntitle: [\n---\n"})

    text = run("check", "--config", file)

    assert "news/2023-11-11-��[31m.md:" in text.out
    for form in ("json", "github", "sarif"):
        assert "front-matter" in run("check", "--config", file, "--format", form).out


def test_failing_source_is_a_problem(run: Run, file: Path, content: ContentRepository) -> None:
    """An unreadable source, and one that stays at an older commit after a folder was emptied."""
    file.write_text(SETTINGS.replace('"content"', '"missing"', 1))
    content.commit({"updates/uno.md": None})

    outcome = run("check", "--config", file)

    assert outcome.code == 1
    assert [line.split(": ")[0:2] for line in outcome.out.splitlines()] == [
        ["news", "error"],
        ["updates", "error"],
    ]
    assert outcome.err.endswith("2 errors.\n")


def test_pre_commit_hook_runs_an_existing_command(run: Run, file: Path) -> None:
    """The entry of the hook file, with a file to check."""
    (entry,) = re.findall(r"entry: syndicate (.*)", (ROOT / ".pre-commit-hooks.yaml").read_text())

    assert run(*entry.split(), "updates/uno.md", "--config", file).code == 0


def test_problems_as_gitlab_code_quality(run: Run, file: Path) -> None:
    """A list that GitLab shows beside the lines of a merge request."""
    outcome = run("check", "--format", "gitlab", BROKEN, "--config", file)

    (issue,) = json.loads(outcome.out)
    assert (issue["check_name"], issue["severity"]) == ("front-matter", "critical")
    assert issue["location"] == {"path": BROKEN, "lines": {"begin": 2}}


def test_uncommitted_files_are_named_and_checked_on_request(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Without `--worktree` the last commit is checked, and the command says so."""
    content.git("reset", "--hard", "--quiet")
    for number in range(7):
        text = f"---\ntitle: Forms {number}: new\ndate: 2023-11-07\n---\nWords.\n"
        (content.path / "updates" / f"n{number}.md").write_text(text)

    committed = run("check", "updates", "--config", file)
    every = run("check", "--worktree", "updates", "--config", file)
    (content.path / "updates" / "n0.md").unlink()

    assert (committed.code, committed.out) == (0, "")
    assert "updates/n0.md, updates/n1.md, " in committed.err
    assert "and 2 others are not committed and were not checked: add --worktree" in committed.err
    assert every.code == 1
    assert reported(every.out) == [("front-matter", f"updates/n{n}.md") for n in range(7)]
    assert "--worktree" not in every.err
    assert run("check", "--worktree", "--rev", "main", "--config", file).code == 2


def test_single_uncommitted_file_is_named(run: Run, file: Path, content: ContentRepository) -> None:
    """In the singular."""
    content.git("reset", "--hard", "--quiet")
    (content.path / "updates" / "uno.md").write_text("---\ntitle: Uno\n---\nMore.\n")

    outcome = run("check", "updates", "--config", file)

    assert "updates/uno.md is not committed and was not checked: add --worktree" in outcome.err
