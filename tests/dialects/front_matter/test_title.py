"""The title of a post is plain text, from key, heading or file name."""

import pytest

from syndicate.dialects.front_matter.permalink import parse_post_path
from syndicate.dialects.front_matter.title import read_title
from syndicate.dialects.news_and_blog import NEWS_AND_BLOG
from syndicate.model.post import Path
from tests.dialects.factories import PATH, field_reader, reported_rules


def titled(front: str, body: str = "", path: str = PATH) -> tuple[str, str, list[tuple[str, int]]]:
    """Return title, origin and problems."""
    found = field_reader(front, body)
    where = parse_post_path(Path(path), found.source, NEWS_AND_BLOG.language_suffix)
    return read_title(found, where), found.origins["title"], reported_rules(found)


def test_title_is_the_key_as_plain_text() -> None:
    """Stars are kept, entities become characters, line breaks become spaces."""
    assert titled('title: " Q&amp;A *\n  on forms "') == ("Q&A * on forms", "key title, line 2", [])


def test_card_title_is_a_fallback() -> None:
    """Without a title, that of the carousel card is used."""
    assert titled("carousel_title: Forms")[0] == "Forms"


def test_html_in_a_title_is_dropped_and_reported() -> None:
    """The problem names the key."""
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
def test_first_heading_is_a_fallback(body: str, line: int) -> None:
    """Headings of Markdown and HTML count, comments in code do not."""
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
def test_file_name_is_the_last_fallback(path: str, found: str) -> None:
    """The title has no date and no hyphens."""
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
def test_heading_in_a_comment_is_not_a_title(comment: str) -> None:
    """The next heading is used, with its line; an id in braces is not a comment."""
    found = field_reader("a: b", f"{comment}\n# Open {{#id}}\n")
    where = parse_post_path(Path("news/a.md"), found.source, NEWS_AND_BLOG.language_suffix)
    assert read_title(found, where) == "Open"
    line = found.document.body_line + comment.count("\n") + 1
    assert found.origins["title"] == f"first heading, line {line}"
