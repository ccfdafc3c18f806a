"""Problems in formats for other programs."""

from dataclasses import replace

from syndicate.content.checks.report_formats import (
    gitlab_code_quality,
    sarif,
    workflow_command,
)
from syndicate.content.checks.rules import RULES
from syndicate.model.edition import Problem
from syndicate.model.post import Path

PROBLEM = Problem(
    level="notice",
    rule="image-alt",
    source="news",
    path=Path("news/a, b: 100%.md"),
    line=3,
    column=5,
    message="100% wrong:\nno words",
    hint="Say it.",
)
SOURCE = Problem(level="error", rule="source-failing", source="news", message="no such ref")
FILE = Problem(
    level="warning", rule="missing-date", source="x", path=Path("\udcff.md"), message="w"
)


def test_workflow_command_annotates_the_line() -> None:
    """Characters that end a property or the line are escaped."""
    assert workflow_command(PROBLEM) == (
        "::notice file=news/a%2C b%3A 100%25.md,line=3,col=5,title=image-alt"
        "::100%25 wrong:%0Ano words%0ASay it."
    )


def test_workflow_command_without_a_position() -> None:
    """Problems of a whole file, and without a file."""
    assert workflow_command(SOURCE) == "::error title=source-failing::no such ref"
    assert workflow_command(FILE).startswith("::warning file=\udcff.md,title=missing-date::")


def test_sarif_has_every_rule_and_result() -> None:
    """Each result refers to its rule and to its position, if it has one."""
    log = sarif([PROBLEM, SOURCE, FILE], version="1.2.3")

    assert log["version"] == "2.1.0"
    runs = log["runs"]
    assert isinstance(runs, list)
    (run,) = runs
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("syndicate", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    noted, source, whole = run["results"]
    assert driver["rules"][noted["ruleIndex"]]["id"] == noted["ruleId"] == "image-alt"
    assert noted["level"] == "note"
    assert noted["message"] == {"text": "100% wrong:\nno words\nSay it."}
    assert noted["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {
                    "uri": "news/a%2C%20b%3A%20100%25.md",
                    "uriBaseId": "SRCROOT",
                },
                "region": {"startLine": 3, "startColumn": 5},
            }
        }
    ]
    assert source["locations"] == []
    assert whole["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "%FF.md", "uriBaseId": "SRCROOT"}
    }


def test_sarif_region_of_a_line_without_a_column() -> None:
    """The region is the whole line."""
    log = sarif(
        [Problem(level="error", rule="expired", source="x", path=Path("a"), line=2, message="w")],
        version="1",
    )

    assert "'region': {'startLine': 2}" in str(log)


def test_sarif_fingerprint_depends_on_the_content() -> None:
    """Another line has the same fingerprint, so that programs recognize a problem."""
    moved = Problem(
        level="notice",
        rule="image-alt",
        source="news",
        path=PROBLEM.path,
        line=9,
        message=PROBLEM.message,
    )
    prints = [
        str(sarif([problem], version="1")).partition("partialFingerprints")[2].partition("}")[0]
        for problem in (PROBLEM, moved, SOURCE)
    ]

    assert prints[0] == prints[1] != prints[2]


def test_gitlab_report_has_a_fingerprint_for_each_problem() -> None:
    """Equal problems of one file have different ones; the line is no part of them."""
    first, second, source = gitlab_code_quality([PROBLEM, PROBLEM, SOURCE])
    (moved,) = gitlab_code_quality([replace(PROBLEM, line=30)])

    assert first["fingerprint"] == moved["fingerprint"] != second["fingerprint"]
    assert {name: first[name] for name in ("description", "check_name", "severity")} == {
        "description": "100% wrong:\nno words. Say it.",
        "check_name": "image-alt",
        "severity": "info",
    }
    assert first["location"] == {"path": "news/a, b: 100%.md", "lines": {"begin": 3}}
    assert source["location"] == {"path": "news", "lines": {"begin": 1}}
