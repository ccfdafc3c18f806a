"""Mistakes in front matter that change a post without an error."""

import pytest

from syndicate.dialects.fields import Fields
from tests.dialects.factories import fields, reported_rules

VALID = "title: Forms\ndate: 2024-01-29\n"


def message_and_hint(found: Fields) -> tuple[str, str]:
    """Return what the only problem says."""
    (problem,) = found.problems
    return problem.message, problem.hint


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (
            "carousel_show: yess",
            "carousel_show is neither true nor false: yess; the post is not in the carousel",
            "Write carousel_show: true or carousel_show: false",
        ),
        (
            "draft: ture",
            "draft is neither true nor false: ture; the post is not a draft",
            "Write draft: true or draft: false",
        ),
        (
            "published: flase",
            "published is neither true nor false: flase; the post is public",
            "Write published: true or published: false",
        ),
        (
            "lang: spanish",
            "lang is not the code of a language (BCP 47): spanish",
            "Write lang: es",
        ),
        (
            "lang: klingonish",
            "lang is not the code of a language (BCP 47): klingonish",
            "Write lang: en for English or es for Spanish",
        ),
        (
            "lang: us",
            "lang is not the code of a language (BCP 47): us",
            "Write lang: en-US",
        ),
        (
            "authors: 17",
            "authors is not the name of a person: 17",
            "Write the name as readers should see it: authors: Ada Editor",
        ),
        (
            "permalink: /news/new forms?/",
            "the permalink has a character that does not belong in a URL: /news/new forms?/",
            "Write permalink: /news/new-forms-/",
        ),
        (
            "permalink: /news/new forms?",
            "the permalink has a character that does not belong in a URL: /news/new forms?",
            "Write permalink: /news/new-forms",
        ),
        (
            "catgories: [a]",
            "the key catgories is unknown, and looks like a misspelling of categories",
            "Write categories: in place of catgories:",
        ),
        (
            "Auhtors: [Ada]",
            "the key Auhtors is unknown, and looks like a misspelling of authors",
            "Write authors: in place of Auhtors:",
        ),
    ],
)
def test_mistake_is_said_with_the_line_to_write(line: str, message: str, hint: str) -> None:
    """The line is that of the key."""
    found = fields(VALID + line)

    assert message_and_hint(found) == (message, hint)
    assert found.problems[0].line == 4


def test_title_that_ends_at_a_number_sign_is_reported() -> None:
    """YAML takes the rest for a remark; the line to write has all of it."""
    found = fields("title: Our #1 form is new\ndate: 2024-01-29")

    assert found.title == "Our"
    assert message_and_hint(found) == (
        "title ends before #1: YAML reads a remark after a space and #",
        'Write title: "Our #1 form is new"',
    )


@pytest.mark.parametrize(
    "line",
    [
        "carousel_show: yes",
        "published: 2024-01-29",
        "draft: 0",
        "lang: es-PR",
        "lang: en_US",
        "lang: haw",
        "authors: [Ada 2]",
        "permalink: /news/new_forms.html",
        "permalink: https://www.example.gov/a/%20b",
        "categories: [a]\ncatgories: [b]",
        "tile: of a layout",
        "date_: x",
    ],
)
def test_what_is_no_mistake_is_not_reported(line: str) -> None:
    """Also where a value or key is unusual."""
    assert reported_rules(fields(VALID + line)) == []


@pytest.mark.parametrize(
    "front",
    ['title: "Our #1 form"', "title: Forms # a remark", "title: C#", "summary: Our #1\ntitle: A"],
)
def test_remark_and_quoted_number_sign_are_no_mistake(front: str) -> None:
    """A remark has a space after the number sign."""
    assert reported_rules(fields(f"{front}\ndate: 2024-01-29")) == []


def test_language_that_is_none_leaves_the_language_of_the_source() -> None:
    """A feed must not have a language that readers cannot know."""
    found = fields(f"{VALID}lang: spanish\nlocale: es", language="en")

    assert found.language == "es"
    assert fields(f"{VALID}lang: english", language="fr").language == "fr"


def test_key_of_the_settings_is_no_misspelling() -> None:
    """A site may call its title as it likes."""
    assert (
        reported_rules(fields("titel: Forms\ndate: 2024-01-29", keys=(("title", ("titel",)),)))
        == []
    )


def test_number_in_the_table_of_authors_is_a_name() -> None:
    """Some systems name people by number."""
    assert reported_rules(fields(f"{VALID}authors: 17", authors=(("17", "Ada Editor"),))) == []
