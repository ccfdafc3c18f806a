"""The new problems of a change."""

from dataclasses import replace

from syndicate.content.checks.new_problems import new_problems
from syndicate.model.edition import Edition, Problem
from syndicate.model.post import Path
from tests import samples

POST = samples.post("news/one.md")
OLD = samples.edition(POST)
RENAMED = samples.edition(replace(POST, path=Path("news/two.md")))
PROBLEM = Problem(
    level="error",
    rule="front-matter",
    source="news",
    path=Path("news/one.md"),
    line=3,
    message="news/one.md: cannot be read: line 3, column 5",
)


def find_new(before: list[Problem], after: list[Problem], new: Edition = OLD) -> list[Problem]:
    """Return the problems of ``after`` that ``before`` lacks."""
    return list(new_problems(before, after, old_edition=OLD, new_edition=new))


def test_old_problems_are_not_new() -> None:
    """A problem may move to another line."""
    moved = replace(PROBLEM, line=7, message="news/one.md: cannot be read: line 7, column 5")

    assert find_new([PROBLEM], [moved]) == []


def test_new_problems_are_reported() -> None:
    """Another rule, another message, or a repetition is new."""
    other = replace(PROBLEM, rule="lost-fence")
    said = replace(PROBLEM, message="news/one.md: something else")

    assert find_new([PROBLEM], [PROBLEM, other, said, PROBLEM]) == [other, said, PROBLEM]
    assert find_new([], [PROBLEM]) == [PROBLEM]


def test_problems_of_a_renamed_file_are_not_new() -> None:
    """Problems are compared by the id of the post, so the same problem of another file is new."""
    renamed = replace(
        PROBLEM, path=Path("news/two.md"), message="news/two.md: cannot be read: line 3"
    )
    before = replace(PROBLEM, message="news/one.md: cannot be read: line 3")
    other = replace(renamed, path=Path("news/three.md"))

    assert find_new([before], [renamed, other], RENAMED) == [other]


def test_problems_of_a_source_are_compared_without_file() -> None:
    """Problems without a file are compared by their message."""
    failing = replace(PROBLEM, path=Path(""), rule="source-failing", message="no such ref")

    assert find_new([failing], [failing]) == []
