"""`syndicate check`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SETTINGS, Run
from tests.content_repository import ContentRepository

BROKEN = "news/2023-11-10-broken.md"


def test_what_is_wrong_is_told_with_file_and_line(run: Run, file: Path) -> None:
    """As editors and other programs can follow it, with what to do; findings exit 1."""
    outcome = run("check", "--config", file)

    first, hint = outcome.out.splitlines()
    assert outcome.code == 1
    assert first.startswith(f"{BROKEN}:3: error: the front matter cannot be read")
    assert first.endswith("[front-matter]")
    assert hint.startswith("    Correct the line")
    assert outcome.err == "1 error.\n"


@pytest.mark.parametrize("path", ["updates", "updates/uno.md", "news/2023-11-07-second.md"])
def test_other_files_can_be_left_out(run: Run, file: Path, path: str) -> None:
    """Nothing wrong exits 0."""
    outcome = run("check", path, "--config", file)

    assert (outcome.code, outcome.out, outcome.err) == (0, "", "Nothing is wrong.\n")


@pytest.mark.parametrize("path", ["news/", BROKEN])
def test_some_files_can_be_asked_for(run: Run, file: Path, path: str) -> None:
    """Folders and files of the repository."""
    assert run("check", path, "updates", "--config", file).code == 1


def test_a_path_without_files_is_wrong_usage(run: Run, file: Path) -> None:
    """A slip of the pen must not look like all is well."""
    outcome = run("check", "new", "--config", file)

    assert outcome.code == 2
    assert "no source has a file at new" in outcome.err
    assert "Known are: news, updates" in outcome.err


def test_programs_read_json(run: Run, file: Path) -> None:
    """Everything about each finding."""
    outcome = run("check", "--format", "json", "--config", file)

    (problem,) = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (1, "")
    assert problem["path"] == BROKEN
    assert (problem["level"], problem["rule"]) == ("error", "front-matter")
    assert (problem["source"], problem["line"]) == ("news", 3)


def test_a_notice_is_no_finding(run: Run, file: Path, content: ContentRepository) -> None:
    """It is told, and exits 0."""
    content.commit(
        {BROKEN: None, "news/2023-11-11-año.md": "---\ntitle: Año\ndate: 2023-11-11\n---\nW.\n"}
    )

    outcome = run("check", "--config", file)

    assert (outcome.code, outcome.err) == (0, "1 notice.\n")
    assert "news/2023-11-11-año.md: notice: " in outcome.out


def test_a_name_of_any_bytes_can_be_printed(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Without bytes that are no text and without what a terminal would obey."""
    content.commit({BROKEN: None, "news/2023-11-11-\udcff\x1b[31m.md": "---\ntitle: [\n---\n"})

    text = run("check", "--config", file)
    programs = run("check", "--config", file, "--format", "json")

    assert "news/2023-11-11-��[31m.md:" in text.out
    assert len(json.loads(programs.out)) == 1


def test_a_source_that_fails_is_a_finding(run: Run, file: Path, content: ContentRepository) -> None:
    """Unreadable, or older than its branch because its folder is empty there."""
    file.write_text(SETTINGS.replace('"content"', '"missing"', 1))
    content.commit({"updates/uno.md": None})

    outcome = run("check", "--config", file)

    assert outcome.code == 1
    assert [line.split(": ")[0:2] for line in outcome.out.splitlines()] == [
        ["updates", "error"],
        ["news", "error"],
    ]
    assert outcome.err.endswith("2 errors.\n")
