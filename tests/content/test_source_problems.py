"""Texts in formats that are not read are reported."""

from syndicate.content.source_problems import unsupported_files
from syndicate.model.post import Path
from tests.content.conftest import OpenIndex, file
from tests.content_repository import ContentRepository


def test_text_of_another_format_is_reported() -> None:
    """By its ending, or by a name like that of a post."""
    names = (
        *("a/plan.adoc", "a/2024-05-01-x.textile", "a/2024-05-01-x", "a/2024-05-01-x.txt"),
        *("a/robots.txt", "a/photo.jpg", "a/data.csv", "a/2024-05-01-x.png", "a/.keep"),
    )
    found = list(unsupported_files(map(Path, names), "s"))
    assert {problem.path for problem in found} == {*names[:4]}
    assert {(problem.level, problem.rule) for problem in found} == {
        ("warning", "unsupported-format")
    }
    assert {problem.message.rpartition("not ")[2] for problem in found} == {
        *(".adoc", ".textile", ".txt"),
        "a file without an ending",
    }


def test_snapshot_has_the_problem(content: ContentRepository, open_index: OpenIndex) -> None:
    """Beside those of posts."""
    content.commit({"news/a.md": file(), "news/b.rst": "Title\n=====\n"})
    index = open_index()
    problems = index.snapshot(index.repository.head()).problems
    assert [p.path for p in problems if p.rule == "unsupported-format"] == ["news/b.rst"]
