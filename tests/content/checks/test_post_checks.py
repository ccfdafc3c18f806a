"""The checks of one post."""

from datetime import UTC, datetime

import pytest

from syndicate.content.checks.post_checks import (
    CategoryUsage,
    CheckedPost,
    RepositoryFiles,
    check_post,
)
from syndicate.model.category import Category
from syndicate.model.edition import Problem
from syndicate.model.post import Path, Post
from syndicate.render.diagnostics import Diagnostic
from tests import samples

NO_USAGE = CategoryUsage(similar={}, unknown=frozenset(), defined=())
FILES = RepositoryFiles.from_paths([Path("news/here.png"), Path("img/card.png")])
NOTE = Diagnostic(
    level="warning", rule="empty-link", line=9, column=2, message="no text", hint="Say it."
)


def checked_post(
    post: Post | None = None,
    body: str = "Words.",
    references: tuple[str, ...] = (),
    diagnostics: tuple[Diagnostic, ...] = (),
    images: tuple[tuple[str, str], ...] = (),
) -> CheckedPost:
    """Return a post whose body starts on line 8, and whose categories are on line 4."""
    return CheckedPost(
        post=post or samples.post("news/one.md"),
        body=body,
        body_line=8,
        references=references,
        diagnostics=diagnostics,
        origins={
            "categories": "key tags, line 4; default of the source",
            "expires": "key expires, line 5",
            "image": "key image, line 6",
            "published": "file name",
        },
        images=images,
    )


def problems_of(
    checked: CheckedPost, usage: CategoryUsage = NO_USAGE, now: datetime = samples.NOW
) -> list[Problem]:
    """Return the problems of the post."""
    return list(check_post(checked, now=now, files=FILES, usage=usage))


def positions(problems: list[Problem]) -> list[tuple[str, str, int, int]]:
    """Return level, rule, line and column of each."""
    return [(p.level, p.rule, p.line, p.column) for p in problems]


def test_valid_post_has_no_problems() -> None:
    """Its files exist, and it is published and not expired."""
    assert (
        problems_of(checked_post(references=("here.png",), images=(("image", "/img/card.png"),)))
        == []
    )


def test_renderer_diagnostic_is_a_problem_of_the_file() -> None:
    """The problem has the position, and the post's source and path."""
    (problem,) = problems_of(checked_post(diagnostics=(NOTE,)))

    assert (problem.source, problem.path) == ("news", "news/one.md")
    assert (problem.message, problem.hint) == ("no text", "Say it.")
    assert positions([problem]) == [("warning", "empty-link", 9, 2)]


def test_missing_file_is_reported_with_its_position() -> None:
    """A reference in the body has line and column, one in a field the line of its key."""
    checked = checked_post(
        body="Words.\n![x](there.png) and ![y](/img/no.png)",
        references=("there.png", "/img/no.png", "page"),
        images=(("image", "/img/none.png"),),
    )

    assert positions(problems_of(checked)) == [
        ("notice", "missing-file", 6, 0),
        ("warning", "relative-link", 9, 6),
        ("notice", "missing-file", 9, 26),
    ]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), [("notice", "future-date", 0, 0)]),
        (datetime(2024, 2, 1, tzinfo=UTC), []),
        (datetime(2024, 3, 1, tzinfo=UTC), [("notice", "expired", 5, 0)]),
    ],
)
def test_future_and_expired_posts_are_notices(
    now: datetime, expected: list[tuple[str, str, int, int]]
) -> None:
    """A notice before the publication date, and from the expiry on."""
    post = samples.post("news/one.md", expires=datetime(2024, 3, 1, tzinfo=UTC))

    assert positions(problems_of(checked_post(post), now=now)) == expected


def test_too_large_text_is_a_warning() -> None:
    """The message has the number of characters."""
    (problem,) = problems_of(checked_post(body="x" * 200_001))

    assert positions([problem]) == [("warning", "too-large", 8, 0)]
    assert "200,001 characters" in problem.message


def test_suspicious_categories_have_a_suggestion() -> None:
    """A rare spelling and an unknown category are reported, others are not."""
    categories = tuple(Category(slug=slug, title=slug) for slug in ("desing", "odd", "technology"))
    usage = CategoryUsage(
        similar={"desing": Category(slug="design", title="Design")},
        unknown=frozenset({"odd"}),
        defined=("Design", "Technology"),
    )

    problems = problems_of(checked_post(samples.post("news/one.md", categories=categories)), usage)

    assert positions(problems) == [
        ("notice", "similar-category", 4, 0),
        ("notice", "unknown-category", 4, 0),
    ]
    assert problems[0].hint == "Write Design, or add desing as an alias to the settings."
    assert problems[1].hint == "Use a category of the settings: Design, Technology."
