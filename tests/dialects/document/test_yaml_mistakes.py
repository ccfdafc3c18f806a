"""The usual mistakes in YAML are said in an editor's words, with the corrected line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.dialects.document.parser import parse_document
from syndicate.dialects.document.yaml_mistakes import quoted
from syndicate.errors import ContentError
from syndicate.model.post import Path

PATH = Path("a.md")


def mistake_in(front: str) -> ContentError:
    """Return the error of front matter that begins on line 2 of the file."""
    with pytest.raises(ContentError) as caught:
        parse_document(PATH, f"---\n{front}\n---\nWords.\n".encode())
    return caught.value


@pytest.mark.parametrize(
    ("front", "line", "message", "hint"),
    [
        (
            "title: Update: what is new",
            2,
            "title has a colon followed by a space, which begins a new key",
            'Write: title: "Update: what is new"',
        ),
        (
            'date: 2024-01-29\ntitle: What "we": the people',
            3,
            "title has a colon followed by a space, which begins a new key",
            "Write: title: 'What \"we\": the people'",
        ),
        (
            "tags:\n- forms: new: old",
            3,
            "forms has a colon followed by a space, which begins a new key",
            'Write: - forms: "new: old"',
        ),
        (
            "title: Forms\n\tdate: 2024-01-29",
            3,
            "the line is indented with a tab, where YAML allows only spaces",
            "Begin the line with no space: date: 2024-01-29",
        ),
        (
            "image:\n\tpath: x.png\n\talt: y",
            3,
            "the line is indented with a tab, where YAML allows only spaces",
            "Begin the line with 2 spaces:   path: x.png",
        ),
        (
            'title: "Forms\ndate: 2024-01-29',
            2,
            "the quotation mark before the value of title is not closed",
            'Write: title: "Forms"',
        ),
        (
            'title: "Forms\nsummary: "Shorter"',
            2,
            "the quotation mark before the value of title is not closed",
            'Write: title: "Forms"',
        ),
        (
            'title: "The "best" form"',
            2,
            "title has quotation marks inside of quotation marks",
            "Write: title: 'The \"best\" form'",
        ),
        (
            "title: 'It's new'",
            2,
            "title has quotation marks inside of quotation marks",
            'Write: title: "It\'s new"',
        ),
        (
            'title: "Forms" and more',
            2,
            "title has more text after the closing quotation mark",
            "Write: title: '\"Forms\" and more'",
        ),
        (
            "title: @usds is here",
            2,
            "the value of title begins with an at sign",
            'Write: title: "@usds is here"',
        ),
        (
            "title: `forms` are new",
            2,
            "the value of title begins with a backtick",
            'Write: title: "`forms` are new"',
        ),
        (
            "title: %5 more",
            2,
            "the value of title begins with a percent sign",
            'Write: title: "%5 more"',
        ),
        (
            "title: *new",
            2,
            "the value of title begins with an asterisk",
            'Write: title: "*new"',
        ),
        (
            "tags:\n- @forms",
            3,
            "the value of the entry of the list begins with an at sign",
            'Write: - "@forms"',
        ),
        ("tags: [a, b\ndate: x", 2, "the list of tags is not closed", "Write: tags: [a, b]"),
        ("title: x\ntags: [a, b", 3, "the list of tags is not closed", "Write: tags: [a, b]"),
        ("title: x\ntags: [a, b\n", 3, "the list of tags is not closed", "Write: tags: [a, b]"),
        (
            "title: Forms\n date: 2024-01-29",
            3,
            "the line is not indented like the lines that it belongs to",
            "Begin the line with no space: date: 2024-01-29",
        ),
        (
            "tags:\n - a\n- b\ntitle: Forms",
            4,
            "the line is not indented like the lines that it belongs to",
            "Begin the line with one space:  - b",
        ),
        ("title:Forms\ndate: x", 2, "a space is missing after the colon", "Write: title: Forms"),
        ("tags:\n- a\n-b\n", 4, "a space is missing after the hyphen", "Write: - b"),
        (
            "title: Forms\nare shorter\ndate: x",
            3,
            "the line has no key; if it continues the value before, it has to be indented",
            "Begin the line with 2 spaces:   are shorter",
        ),
    ],
)
def test_usual_mistake_has_the_corrected_line(
    front: str, line: int, message: str, hint: str
) -> None:
    """The line is that of the mistake, where libyaml often names the next one."""
    error = mistake_in(front)

    assert (error.line, error.message, error.hint) == (line, f"a.md: {message}", hint)
    assert error.code == "front-matter"


def test_conflict_markers_in_front_matter_are_reported_as_such() -> None:
    """Not as an error of YAML, at the first marker."""
    error = mistake_in("title: Forms\n<<<<<<< HEAD\ndate: x\n=======\ndate: y\n>>>>>>> other")

    assert (error.code, error.line) == ("merge-conflict", 3)
    assert "Keep one of the two versions" in error.hint


@pytest.mark.parametrize("front", ["? [\n: - }", "only words", "\tonly words"])
def test_other_mistakes_keep_the_message_of_the_parser(front: str) -> None:
    """No correction is invented."""
    assert "Correct the line" in mistake_in(front).hint


@pytest.mark.parametrize(
    "front",
    [
        'title: A "B"',
        "title: Forms # a remark",
        "title: Forms\nsummary: |\n  a: b\n  <<<<<<<",
    ],
)
def test_valid_front_matter_is_no_mistake(front: str) -> None:
    """Nothing is looked for in a text that can be read."""
    assert parse_document(PATH, f"---\n{front}\n---\n".encode())


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x24FF), min_size=1))
def test_quoted_text_is_read_as_it_was(text: str) -> None:
    """Whatever quotation marks and backslashes it has."""
    text = "".join(character for character in text if character.isprintable())
    document = parse_document(PATH, f"---\ntitle: {quoted(text)}\n---\n".encode())

    assert document is not None
    assert document.meta["title"] == text
