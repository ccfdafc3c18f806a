"""Dates of front matter, file name and dateline decide when a post is public."""

import pytest

from syndicate.dialects.front_matter.post_path import parse_post_path
from syndicate.dialects.front_matter.publication_dates import (
    hidden_reason,
    read_expires,
    read_published,
)
from syndicate.dialects.news_and_blog import NEWS_AND_BLOG
from syndicate.model.post import Path
from tests.dialects.factories import PATH, field_reader, reported_rules

UNDATED = "news/a-post.md"


@pytest.mark.parametrize(
    ("front", "path", "at", "origin", "notes"),
    [
        ("date: 2024-01-29", PATH, "2024-01-29", "key date, line 2", []),
        ("date: 2024-02-01", PATH, "2024-02-01", "key date, line 2", [("date-conflict", 2)]),
        ("a: b", PATH, "2024-01-29", "file name", []),
        ('dateline_str: "Jan 29, 2024"', PATH, "2024-01-29", "file name", []),
        ('dateline_str: "Jan 30, 2024"', PATH, "2024-01-29", "file name", [("date-conflict", 2)]),
        ('dateline_str: "Jan 30, 2024"', UNDATED, "2024-01-30", "key dateline_str, line 2", []),
        ("date: 2024-13-45", PATH, "2024-01-29", "file name", [("impossible-date", 2)]),
        ("date: [x]", UNDATED, None, None, [("impossible-date", 2), ("missing-date", 0)]),
        ("date: ~", UNDATED, None, None, [("missing-date", 0)]),
        (
            "date: soon\npubDate: 2024-02-01",
            UNDATED,
            "2024-02-01",
            "key pubDate, line 3",
            [("impossible-date", 2)],
        ),
    ],
)
def test_the_first_date_there_is_counts(
    front: str, path: str, at: str | None, origin: str | None, notes: list[tuple[str, int]]
) -> None:
    """Front matter, else the file name, else what is shown; contradictions are noted."""
    found = field_reader(front)
    moment = read_published(
        found, parse_post_path(Path(path), found.source, NEWS_AND_BLOG.language_suffix)
    )
    assert (str(moment.instant.date()) if moment else None) == at
    assert found.origins.get("published") == origin
    assert reported_rules(found) == notes


def test_a_conflict_says_which_date_counts() -> None:
    """The key beats the file name, the file name beats the date shown."""
    for front, winner in (("date: 2024-02-01", "key"), ("dateline: Feb 1, 2024", "file name")):
        found = field_reader(front)
        read_published(
            found, parse_post_path(Path(PATH), found.source, NEWS_AND_BLOG.language_suffix)
        )
        assert found.problems[0].message == (
            "the date is 2024-02-01 in the front matter and 2024-01-29 in the file name"
        )
        assert found.problems[0].hint.startswith(f"The {winner} counts")


def test_an_expiry_is_an_instant() -> None:
    """A day expires as it begins; no day at all never."""
    found = read_expires(field_reader("expiryDate: 2024-05-01"))
    assert found is not None
    assert found.isoformat() == "2024-05-01T00:00:00-04:00"
    assert read_expires(field_reader("a: b")) is None


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("draft: true", "draft: true"),
        ("Draft: 'yes'", "Draft: true"),
        ("published: false", "published: false"),
        ("permalink: false", "permalink: false"),
        ("eleventyExcludeFromCollections: true", "eleventyExcludeFromCollections: true"),
        ("eleventyexcludefromcollections: yes", "eleventyexcludefromcollections: true"),
        ("eleventyExcludeFromCollections: false", ""),
        ("eleventyExcludeFromCollections: [drafts]", ""),
        ("build: {list: never}", ""),
        ("headless: true", ""),
        ("draft: false\npublished: true\npermalink: /a", ""),
        ("published: 2024-01-29", ""),
        ("a: b", ""),
    ],
)
def test_front_matter_can_hide_a_post(front: str, reason: str) -> None:
    """Drafts, posts taken back, and pages that Eleventy does not write."""
    assert hidden_reason(field_reader(front)) == reason
