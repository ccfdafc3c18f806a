"""The checks of one post."""

from datetime import UTC, datetime

import pytest

from syndicate.content.checks.category_usage import CategoryUsage
from syndicate.content.checks.post_checks import (
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


def checked_post(  # noqa: PLR0913 — a file has many parts
    post: Post | None = None,
    body: str = "Words.",
    references: tuple[str, ...] = (),
    diagnostics: tuple[Diagnostic, ...] = (),
    images: tuple[tuple[str, str], ...] = (),
    *,
    has_text: bool = True,
    has_image: bool = True,
) -> CheckedPost:
    """Return a post whose body starts on line 8, and whose categories are on line 4."""
    return CheckedPost(
        post=post or samples.post("news/one.md"),
        body=body,
        body_line=8,
        references=references,
        diagnostics=diagnostics,
        origins={
            "carousel": "key carousel_show, line 3",
            "categories": "key tags, line 4; default of the source",
            "expires": "key expires, line 5",
            "image": "key image, line 6",
            "published": "file name",
        },
        images=images,
        has_text=has_text,
        has_image=has_image,
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


def test_post_without_text_is_reported() -> None:
    """At the line where the text should begin."""
    assert positions(problems_of(checked_post(has_text=False))) == [("warning", "empty-body", 8, 0)]


def test_carousel_post_without_picture_is_reported() -> None:
    """The carousel shows a card without one; other posts need none."""
    in_carousel = checked_post(samples.post("news/one.md", carousel=True), has_image=False)

    assert positions(problems_of(in_carousel)) == [("warning", "carousel-image", 3, 0)]
    assert problems_of(checked_post(has_image=False)) == []


def test_post_that_expires_before_its_publication_is_reported() -> None:
    """No reader ever sees it, although each of the two dates is valid."""
    post = samples.post("news/one.md")
    never = samples.post("news/one.md", expires=post.published)

    rules = [rule for _, rule, _, _ in positions(problems_of(checked_post(never)))]

    assert rules == ["expired", "expires-first"]


def test_post_without_category_is_reported_where_others_have_some() -> None:
    """It is in no feed of a category."""
    usage = CategoryUsage(
        similar={}, unknown=frozenset(), defined=(), categorized_sources=frozenset({"news"})
    )
    post = samples.post("news/one.md", categories=())

    assert positions(problems_of(checked_post(post), usage)) == [("notice", "no-category", 0, 0)]
    assert problems_of(checked_post(post)) == []


@pytest.mark.parametrize(
    ("body", "rule", "line", "column"),
    [
        ("Read [the form]().", "empty-link", 8, 6),
        ('Words.\n\n<a class="x" href="">the form</a>', "empty-link", 10, 1),
        ("[the form](http://localhost:4000/forms)", "local-link", 8, 12),
        ('<img src="https://127.0.0.1/x.png" alt="">', "local-link", 8, 11),
        ("![a lake](file:///C:/Users/ada/lake.png)", "local-link", 8, 11),
        ("![a lake](C:\\Users\\ada\\lake.png)", "local-link", 8, 11),
    ],
)
def test_link_that_no_reader_can_follow_is_reported(
    body: str, rule: str, line: int, column: int
) -> None:
    """At its place in the file."""
    assert positions(problems_of(checked_post(body=body))) == [("warning", rule, line, column)]


@pytest.mark.parametrize(
    "body",
    [
        "Open http://localhost:4000/ in a browser.",
        "`[x](http://localhost:4000)` and ``[x]()``",
        "~~~\n[x](http://localhost:4000)\n~~~",
        "Words.\n\n    [x]()\n",
        "<pre>\n[x]()\n</pre>",
        "<!-- [x]() -->",
        "![]()",
        "[x](https://localhost.example.gov/)",
    ],
)
def test_example_of_a_link_is_not_reported(body: str) -> None:
    """Code, comments and words."""
    assert problems_of(checked_post(body=body)) == []
