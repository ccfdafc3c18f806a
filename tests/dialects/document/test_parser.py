"""Files of any bytes are split into front matter and body, with line numbers."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.dialects.document.parser import Document, parse_document
from syndicate.errors import ContentError
from syndicate.model.post import Path

PATH = Path("news/2024-01-29-a-first-post.md")


def document(text: str | bytes) -> Document:
    """Return the document in ``text``, which has front matter."""
    found = parse_document(PATH, text if isinstance(text, bytes) else text.encode())
    assert found is not None
    return found


def error_of(text: str | bytes) -> ContentError:
    """Return the error that ``text`` raises."""
    with pytest.raises(ContentError) as caught:
        parse_document(PATH, text if isinstance(text, bytes) else text.encode())
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: Forms\n---\nShorter.\n",
        "---  \ntitle: Forms\n---\t\nShorter.\n",
        "---\ntitle: Forms\n...\nShorter.\n",
        '{\n"title": "Forms"\n}\nShorter.\n',
        "+++\ntitle = 'Forms'\n+++\nShorter.\n",
        "---\r\ntitle: Forms\r\n---\r\nShorter.\r\n",
        "\ufeff---\ntitle: Forms\n---\nShorter.\n",
        "---\ntitle: Forms\n---\nShort\x00er\x1b.\n",
    ],
)
def test_every_syntax_of_a_post_gives_the_same_document(text: str) -> None:
    """YAML, TOML and JSON, with CRLF, byte order mark and control characters."""
    assert document(text) == Document(
        path=PATH, meta={"title": "Forms"}, body="Shorter.\n", body_line=4, key_lines={"title": 2}
    )


def test_lines_count_from_the_start_of_the_file() -> None:
    """Blank lines before the delimiter count, as in an editor."""
    found = document("\n\n---\ntitle: Forms\n\n# a remark\ndate: 2024-01-29\n---\n\nShorter.\n")
    assert found.key_lines == {"title": 4, "date": 7}
    assert (found.body_line, found.body) == (9, "\nShorter.\n")


def test_delimiter_at_the_end_of_the_file_needs_no_line_end() -> None:
    """A post without a body is a post."""
    assert document("---\ntitle: Forms\n---").body == ""


def test_empty_front_matter_is_front_matter() -> None:
    """Empty front matter makes a post, as in Jekyll."""
    assert document("---\n---\nShorter.\n").meta == {}
    assert document("---\n# nothing yet\n---\nShorter.\n").meta == {}
    assert document("{}\nShorter.\n").body == "Shorter.\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "# How to write\n\n```markdown\n---\ntitle: Forms\ndate: 2024-01-29\n---\n```\n",
        "Note: a text.\n---\n\nwith an underline\n",
        "Link to the draft:\n\n---\n\nShorter: better.\n\n---\n",
        "Forms\n-----\ntitle: Forms\n\nShorter.\n",
        "A\nB\nC\n---\ntitle: Forms\ndate: 2024-01-29\n---\n",
        "Just words,\n\n---\n\nand a rule.\n",
        "---\n\nA rule, then words.\n",
        "{{ site.title }}\n---\n",
        "{% include header.html %}\n",
        "{ braces }\n",
    ],
)
def test_file_without_front_matter_is_not_a_document(text: str) -> None:
    """Rules, underlines, examples and template code are not front matter."""
    assert parse_document(PATH, text.encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        "statitle: Forms\ndate: 2024-01-29\n---\nShorter.\n",
        "title: Forms\ndate: [2024\n--- \nShorter.\n",
        "--\ntitle: Forms\ndate: 2024-01-29\n---\nShorter.\n",
        "----\ntitle: Forms\ndate: 2024-01-29\n---\nShorter.\n",
        "\u2014-\ntitle: Forms\ndate: 2024-01-29\n\u2014-\nShorter.\n",
        "Link to the draft:\n\n---\ntitle: Forms\ndate: 2024-01-29\n---\nShorter.\n",
    ],
)
def test_damaged_opening_delimiter_is_a_lost_fence(text: str) -> None:
    """Keys and a closing delimiter without an opening one are a damaged post, not a page."""
    error = error_of(text)
    assert (error.code, error.line) == ("lost-fence", 1)
    assert error.message.startswith(PATH)
    assert "---" in error.hint


@pytest.mark.parametrize(
    "text", ["---\ntitle: Forms\n\nShorter.\n", "---\n# remark\n\ntitle: Forms\n", "+++\na = 1\n"]
)
def test_missing_closing_delimiter_is_a_lost_fence(text: str) -> None:
    """An opening delimiter followed by a key is not a rule."""
    error = error_of(f"\n{text}")
    assert (error.code, error.line) == ("lost-fence", 2)


def test_error_of_a_file_with_a_non_utf8_name_is_readable() -> None:
    """The message is stored and printed, so it is valid text."""
    with pytest.raises(ContentError, match=r"^posts/\ufffd\.md: "):
        parse_document(Path("posts/\udcff.md"), b"---\ntitle: [\n---\n")


def test_merge_conflict_marker_is_an_error() -> None:
    """A file that begins with a conflict marker is a damaged post."""
    error = error_of("<<<<<<< HEAD\n---\ntitle: Forms\n---\n=======\n>>>>>>> other\n")
    assert (error.code, error.line) == ("merge-conflict", 1)


CONFLICT = "<<<<<<< HEAD\nOurs.\n=======\nTheirs.\n>>>>>>> other\n"


def test_conflict_markers_in_the_text_are_an_error() -> None:
    """The post stays in service as it was before the merge; the line is that of the first one."""
    error = error_of(f"---\ntitle: Forms\n---\nWords.\n{CONFLICT}")

    assert (error.code, error.line) == ("merge-conflict", 5)


@pytest.mark.parametrize(
    "body",
    [
        f"```\n{CONFLICT}```\n",
        f"~~~ diff\n{CONFLICT}~~~\n\nWords.\n",
        "<<<<<<< HEAD\n",
        ">>>>>>> quoted\n",
        "=======\n>>>>>>> other\n",
    ],
)
def test_conflict_markers_in_code_are_text(body: str) -> None:
    """Posts about git show them, and a single marker is no conflict."""
    assert document(f"---\ntitle: Forms\n---\n{body}").body == body


@pytest.mark.parametrize(
    "body",
    [
        f"```\nA.\n```\n{CONFLICT}",
        f"~~~~\n~~~\n~~~~~\n{CONFLICT}",
        f"<<<<<<< quoted\n=======\n{CONFLICT}",
    ],
)
def test_conflict_after_code_is_an_error(body: str) -> None:
    """Code ends with a fence that is as long as the first one; the last opening marker counts."""
    error = error_of(f"---\ntitle: Forms\n---\n{body}")
    assert (error.code, error.line) == ("merge-conflict", body.count("\n") - 1)


@pytest.mark.parametrize(
    "text",
    [
        "---\n---\n<<<<<<< a\n" + "=======\n" * 100_000 + ">>>>>>>",
        "---\n---\n" + "~" * 20_000 + "\n" + "x\n" * 100_000 + ">>>>>>> a",
        "---\ntitle: a" + " " * 50_000 + "\ndate: b #c\n---\n",
    ],
    ids=["markers", "fence", "title"],
)
def test_marks_of_mistakes_are_looked_for_in_linear_time(text: str) -> None:
    """With patterns that try every length of a run of characters, each took minutes."""
    assert document(text).path == PATH


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\ntitle: a: b\n---\n", 2),
        ("---\ntitle: 'Forms\n---\n", 2),
        ("---\n- a list\n---\n", 2),
        ("---\nonly words\n---\n", 2),
        ("---\ntitle: *nowhere\n---\n", 2),
        ("---\ntitle: \x00\n  {\n---\n", 4),
        ("---\ntitle: !<x\n---\n", 2),
        ("+++\ntitle = 'Forms'\ndate = 2024-13-45\n+++\n", 3),
        ("+++\ntitle = 1\ntitle = 2\n+++\n", 3),
        ("+++\nn = 9" + "9" * 5000 + "\n+++\n", 1),
        ("+++\nn = 0x9" + "9" * 5000 + "\n+++\n", 1),
        ('{\n"title": "Forms",\n"date": }\nShorter.\n', 3),
        ('{"title": "Forms"\n', 2),
    ],
)
def test_syntax_error_has_its_line(text: str, line: int) -> None:
    """The error has the line; the file is not a page without front matter."""
    error = error_of(text)
    assert (error.code, error.line) == ("front-matter", line)


@pytest.mark.parametrize(
    "text",
    [
        "---\na: " + "[" * 90_000 + "\n---\n",
        "---\n" + "- " * 40_000 + "x\n---\n",
        "---\n" + "".join(f"k{n}: v\n" for n in range(6_000)) + "---\n",
        "---\n" + "".join(f"k{n}: &a{n + 1} [*a{n},*a{n}]\n" for n in range(1, 20)) + "---\n",
        "---\nk: &a1 [x]\n"
        + "".join(f"k{n}: &a{n + 1} [*a{n},*a{n}]\n" for n in range(1, 20))
        + "---\n",
        "---\na: &a [*a]\n---\n",
        f"---\na: &a {'x' * 60_000}\nb: [{'*a,' * 9_000}]\n---\n",
        "---\na: " + "x" * 100_000 + "\n---\n",
        "+++\na = " + "[" * 90_000 + "\n+++\n",
        "+++\n" + ".".join("a" * 40_000) + " = 1\n+++\n",
        "+++\nx = {" + ".".join(["'a b'"] * 15_000) + " = 1}\n+++\n",
        "+++\na = " + "[" * 40 + "]" * 40 + "\n+++\n",
        '{"a": ' + "[" * 90_000,
        '{"a": ' + "[" * 40 + "]" * 40 + "}",
    ],
)
@pytest.mark.timeout(2)
def test_bombs_are_rejected_quickly(text: str) -> None:
    """Depth, size and aliases are bounded."""
    assert error_of(text).code in ("front-matter", "over-limit")


def test_last_value_of_a_duplicate_key_is_used_and_reported() -> None:
    """The last value is used, as in site generators; the problem has the line of the repetition."""
    for text in (
        "---\ntitle: Forms\ndate: x\ntitle: Shorter forms\n---\n",
        '{\n"title": "Forms",\n"date": "x",\n"title": "Shorter forms"}\n',
    ):
        found = document(text)
        assert found.meta["title"] == "Shorter forms"
        assert [note.rule for note in found.problems] == ["duplicate-key"]
    assert document("---\ntitle: a\ndate: x\ntitle: b\n---\n").problems[0].line == 4


def test_invalid_utf8_is_replaced_and_reported() -> None:
    """Replacement characters are served, and the problem has the line."""
    found = document(b"---\ntitle: Forms\n---\nCaf\xe9\n")
    assert found.body == "Caf\ufffd\n"
    assert [(note.rule, note.line) for note in found.problems] == [("invalid-utf8", 4)]
    assert "0xe9" in found.problems[0].message


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-8"]
)
def test_encoding_is_recognized_by_the_first_bytes(encoding: str) -> None:
    """By the byte order mark, or by the zero in a first letter of two bytes."""
    found = document("---\ntitle: Straße\n---\nText.\n".encode(encoding))
    assert (found.meta, found.body, found.problems) == ({"title": "Straße"}, "Text.\n", ())


def test_damaged_utf16_is_reported() -> None:
    """The last letter lacks a byte."""
    found = document("---\ntitle: a\n---\nx\n".encode("utf-16")[:-1])
    assert [note.rule for note in found.problems] == ["invalid-utf8"]
    assert "UTF-16" in found.problems[0].message


def test_escapes_of_characters_forbidden_in_xml_are_removed() -> None:
    """Escapes in front matter do not introduce control characters or lone surrogates."""
    assert document('---\ntitle: "a\\x00\\x1bb\\uffffc"\n---\n').meta == {"title": "abc"}
    assert document('{"ti\\u0000tle": ["a\\ud800b"]}\n').meta == {"title": ["ab"]}


PIECES = st.sampled_from(
    [
        *("---\n", "+++\n", "{\n", "}\n", "title: Forms\n", "date: 2024-13-45\n", "- x\n", "\t"),
        *("\n", "\r", "a = 1\n", '"a": 1,\n', "&a ", "*a ", "<<: *a\n", "!!binary ", "{{ x }}"),
    ]
)
FILES = st.binary() | st.lists(PIECES | st.text(max_size=5)).map(
    lambda all_: "".join(all_).encode()
)


@given(FILES)
@example(b"---\n? [a]\n: b\n? {c: d}\n: e\n---\n")
@example(b"---\n~: x\n---\n")
@example(b"---\n--- !x\n---\n")
def test_any_bytes_are_a_document_or_none_or_an_error(data: bytes) -> None:
    """No file raises another error; the document has only XML-safe text."""
    with suppress(ContentError):
        found = parse_document(PATH, data)
        if found is not None:
            found.body.encode()
            assert "\r" not in found.body
            assert found.body_line >= 1
            assert all(1 <= line <= found.body_line for line in found.key_lines.values())
