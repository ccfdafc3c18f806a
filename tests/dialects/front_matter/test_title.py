"""A post has a title in plain text, whatever its file says."""

import pytest

from syndicate.dialects.front_matter.post_path import parse_post_path
from syndicate.dialects.front_matter.title import read_title
from syndicate.dialects.news_and_blog import NEWS_AND_BLOG
from syndicate.model.post import Path
from tests.dialects.factories import PATH, field_reader, reported_rules


def titled(front: str, body: str = "", path: str = PATH) -> tuple[str, str, list[tuple[str, int]]]:
    """Return title, origin and notes."""
    found = field_reader(front, body)
    where = parse_post_path(Path(path), found.source, NEWS_AND_BLOG.language_suffix)
    return read_title(found, where), found.origins["title"], reported_rules(found)


def test_the_title_is_the_key_as_plain_text() -> None:
    """A star is a star, an entity its character, line breaks are spaces."""
    assert titled('title: " Q&amp;A *\n  on forms "') == ("Q&A * on forms", "key title, line 2", [])


def test_the_card_lends_its_title() -> None:
    """Where there is no title, the carousel's is the next best."""
    assert titled("carousel_title: Forms")[0] == "Forms"


def test_markup_in_a_title_is_dropped_and_noted() -> None:
    """The editor learns that tags do not show."""
    assert titled("a: b\ntitle: A <em>new</em> form") == (
        "A new form",
        "key title, line 3",
        [("title-markup", 3)],
    )


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("Words\n\n## A *new* `form` ##\n# Another\n", 6),
        ("# A new form {#new .wide}\n", 4),
        ("\nA new form\n==========\n", 5),
        ("A new form\n---\n", 4),
        ("<h2 class='x'>A <b>new</b> form</h2>\n", 4),
        ("```\n# a remark\n```\n# A new form\n", 7),
        ("#\n\n---\n#hash\n# A new form\n", 8),
    ],
)
def test_the_first_heading_is_the_next_best(body: str, line: int) -> None:
    """Headings of Markdown and HTML, not the remarks in code."""
    assert titled("a: b", body) == (
        "A new form",
        f"first heading, line {line}",
        [("missing-title", 0)],
    )


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (PATH, "A first post"),
        ("news/shorter_forms--now.md", "Shorter forms now"),
        ("news/---.md", "---"),
        ("news/caf\udce9.md", "Caf\ufffd"),
        ("news/forms/index.md", "Forms"),
    ],
)
def test_the_file_name_is_the_last_resort(path: str, found: str) -> None:
    """Without its day, and readable."""
    assert titled("a: b", "Words.\n", path) == (found, "file name", [("missing-title", 0)])


@pytest.mark.parametrize(
    "comment",
    [
        "<!--\n# Secret\n-->",
        "{% comment %}\n# Secret\n{% endcomment %}",
        "{%- comment -%}\n# Secret\n{%- endcomment -%}",
        "{::comment}\n# Secret\n{:/comment}",
        "{::comment}\nSecret\n===\n{:/}",
        "{#\n# Secret\n#}",
        "{#- <h2>Secret</h2> -#}",
    ],
)
def test_heading_in_a_comment_is_no_title(comment: str) -> None:
    """The next heading is, on the line where it stands; an id in braces is no comment."""
    found = field_reader("a: b", f"{comment}\n# Open {{#id}}\n")
    where = parse_post_path(Path("news/a.md"), found.source, NEWS_AND_BLOG.language_suffix)
    assert read_title(found, where) == "Open"
    line = found.document.body_line + comment.count("\n") + 1
    assert found.origins["title"] == f"first heading, line {line}"
