"""What is wrong with one post."""

from datetime import UTC, datetime

import pytest

from syndicate.content.checks.category_usage import CategoryUsage
from syndicate.content.checks.post_checks import CheckedPost, check_post
from syndicate.content.checks.repository_files import RepositoryFiles
from syndicate.model.category import Category
from syndicate.model.edition import Problem
from syndicate.model.post import Path, Post
from syndicate.render.diagnostics import Diagnostic
from tests import samples

NOTHING = CategoryUsage(similar={}, unknown=frozenset(), defined=())
TREE = RepositoryFiles.from_paths([Path("news/here.png"), Path("img/card.png")])
NOTE = Diagnostic(
    level="warning", rule="empty-link", line=9, column=2, message="no text", hint="Say it."
)


def proof(
    post: Post | None = None,
    body: str = "Words.",
    references: tuple[str, ...] = (),
    notes: tuple[Diagnostic, ...] = (),
    pictures: tuple[tuple[str, str], ...] = (),
) -> CheckedPost:
    """Return a post whose text begins on line 8, and whose categories are from line 4."""
    return CheckedPost(
        post=post or samples.post("news/one.md"),
        body=body,
        body_line=8,
        references=references,
        diagnostics=notes,
        origins={
            "categories": "key tags, line 4; default of the source",
            "expires": "key expires, line 5",
            "image": "key image, line 6",
            "published": "file name",
        },
        images=pictures,
    )


def found(
    read: CheckedPost, subjects: CategoryUsage = NOTHING, at: datetime = samples.NOW
) -> list[Problem]:
    """Return what is wrong with ``read``."""
    return list(check_post(read, now=at, files=TREE, usage=subjects))


def places(problems: list[Problem]) -> list[tuple[str, str, int, int]]:
    """Return level, rule, line and column of each."""
    return [(p.level, p.rule, p.line, p.column) for p in problems]


def test_nothing_is_said_of_a_post_that_is_well() -> None:
    """Its files are there, its time is now."""
    assert found(proof(references=("here.png",), pictures=(("image", "/img/card.png"),))) == []


def test_what_the_renderer_noted_is_a_problem_of_the_file() -> None:
    """With its place, and the post's source and path."""
    (problem,) = found(proof(notes=(NOTE,)))

    assert (problem.source, problem.path) == ("news", "news/one.md")
    assert (problem.message, problem.hint) == ("no text", "Say it.")
    assert places([problem]) == [("warning", "empty-link", 9, 2)]


def test_a_file_that_is_not_there_is_told_where_it_is_named() -> None:
    """In the text with line and column, in a field with the line of its key."""
    read = proof(
        body="Words.\n![x](there.png) and ![y](/img/no.png)",
        references=("there.png", "/img/no.png", "page"),
        pictures=(("image", "/img/none.png"),),
    )

    assert places(found(read)) == [
        ("notice", "missing-file", 6, 0),
        ("warning", "relative-link", 9, 6),
        ("notice", "missing-file", 9, 26),
    ]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), [("notice", "future-date", 0, 0)]),
        (datetime(2024, 2, 1, tzinfo=UTC), []),
        (datetime(2024, 3, 1, tzinfo=UTC), [("notice", "expired", 5, 0)]),
    ],
)
def test_a_post_out_of_its_time_is_noticed(
    at: datetime, expected: list[tuple[str, str, int, int]]
) -> None:
    """Before its date, and from the moment on that it expires."""
    post = samples.post("news/one.md", expires=datetime(2024, 3, 1, tzinfo=UTC))

    assert places(found(proof(post), at=at)) == expected


def test_a_text_too_large_is_told() -> None:
    """With how many characters it has."""
    (problem,) = found(proof(body="x" * 200_001))

    assert places([problem]) == [("warning", "too-large", 8, 0)]
    assert "200,001 characters" in problem.message


def test_categories_that_look_wrong_are_told_with_what_is_likely_meant() -> None:
    """A rare spelling, and one that nobody else uses; others are well."""
    categories = tuple(Category(slug=slug, title=slug) for slug in ("desing", "odd", "technology"))
    subjects = CategoryUsage(
        similar={"desing": Category(slug="design", title="Design")},
        unknown=frozenset({"odd"}),
        defined=("Design", "Technology"),
    )

    problems = found(proof(samples.post("news/one.md", categories=categories)), subjects)

    assert places(problems) == [
        ("notice", "similar-category", 4, 0),
        ("notice", "unknown-category", 4, 0),
    ]
    assert problems[0].hint == "Write Design, or add desing as an alias to the settings."
    assert problems[1].hint == "Use a category of the settings: Design, Technology."
