"""What a change brought in."""

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


def brought(before: list[Problem], after: list[Problem], new: Edition = OLD) -> list[Problem]:
    """Return what ``after`` has that ``before`` had not."""
    return list(new_problems(before, after, old_edition=OLD, new_edition=new))


def test_what_was_there_before_is_not_told() -> None:
    """Also where it moved to another line."""
    moved = replace(PROBLEM, line=7, message="news/one.md: cannot be read: line 7, column 5")

    assert brought([PROBLEM], [moved]) == []


def test_what_is_new_is_told() -> None:
    """Another rule, other words, or once more the same."""
    other = replace(PROBLEM, rule="lost-fence")
    said = replace(PROBLEM, message="news/one.md: something else")

    assert brought([PROBLEM], [PROBLEM, other, said, PROBLEM]) == [other, said, PROBLEM]
    assert brought([], [PROBLEM]) == [PROBLEM]


def test_a_renamed_file_keeps_its_problems() -> None:
    """Its post has the same id; another file with the same problem is another."""
    renamed = replace(
        PROBLEM, path=Path("news/two.md"), message="news/two.md: cannot be read: line 3"
    )
    before = replace(PROBLEM, message="news/one.md: cannot be read: line 3")
    other = replace(renamed, path=Path("news/three.md"))

    assert brought([before], [renamed, other], RENAMED) == [other]


def test_what_is_wrong_with_a_source_has_no_file() -> None:
    """It is compared by its words."""
    failing = replace(PROBLEM, path=Path(""), rule="source-failing", message="no such ref")

    assert brought([failing], [failing]) == []
