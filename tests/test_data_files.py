"""Data files of a repository are read as text values, within limits."""

import pytest

from syndicate.data_files import (
    MAX_ALIAS_NODES,
    MAX_BYTES,
    read_file,
    read_front_matter,
    read_mapping,
)
from syndicate.errors import ContentError


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        (
            "a.yml",
            "a: 1.10\nb: no\nc: ~\nd: [x, 'y']\n",
            {"a": "1.10", "b": "no", "c": None, "d": ["x", "y"]},
        ),
        (
            "a.yaml",
            "base: &b {x: 1}\nmore:\n  <<: *b\n  y: 2\n",
            {"base": {"x": "1"}, "more": {"x": "1", "y": "2"}},
        ),
        ("a.yml", "a:\n  <<: [{x: 1}, {x: 2, y: 3}, 4]\n", {"a": {"x": "1", "y": "3"}}),
        ("a.yml", "[1]: x\n", {"": "x"}),
        ("a.yml", "--- first\n--- second\n", "first"),
        ("a.yml", "", None),
        (
            "a.toml",
            "a = 1.10\nb = true\nc = 2024-05-06\n",
            {"a": "1.10", "b": True, "c": "2024-05-06"},
        ),
        ("a.json", '{"a": [1, null, false, 2.50]}', {"a": ["1", None, False, "2.50"]}),
        ("a.yml", "\ufeffa: x\r\nb: y\r\n", {"a": "x", "b": "y"}),
    ],
)
def test_a_scalar_is_the_text_that_stands_in_the_file(path: str, text: str, value: object) -> None:
    """Only null is nothing; booleans exist in TOML and JSON."""
    assert read_file(path, text.encode()) == value


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.yml", "a: b\nc: [\n", 3),
        ("a.yml", "a: *unknown\n", 1),
        ("a.yml", "\ta: b\n", 1),
        ("a.toml", "a = 1\nb =\n", 2),
        ("a.json", '{"a": }', 1),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(
    path: str, text: str, line: int
) -> None:
    """The error names the file and what is wrong."""
    with pytest.raises(ContentError, match=path) as refused:
        read_file(path, text.encode())
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yml", "a: " + "x" * MAX_BYTES),
        ("a.yml", "[" * 40 + "]" * 40),
        ("a.json", "[" * 40 + "]" * 40),
        ("a.toml", f"a = {'[' * 40}{']' * 40}"),
        ("a.toml", ".".join("a" * 40) + " = 1"),
        ("a.yml", f"a: &a [{', '.join('x' * 200)}]\nb: [{', '.join(['*a'] * 10)}]\n"),
        (
            "a.yml",
            "a: &a [[[[[[[[[[x]]]]]]]]]]\nb: [[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]\n",
        ),
    ],
)
def test_a_file_over_a_limit_is_refused(path: str, text: str) -> None:
    """Size, levels and what aliases stand for are bounded."""
    with pytest.raises(ContentError) as refused:
        read_file(path, text.encode())
    assert refused.value.code == "over-limit"
    assert path in str(refused.value)


def test_aliases_below_the_limit_are_read() -> None:
    """What counts is the nodes that they stand for."""
    text = f"a: &a [{', '.join('x' * 90)}]\nb: [{', '.join(['*a'] * 10)}]\n"
    value = read_mapping("a.yml", text.encode())
    assert MAX_ALIAS_NODES == 1_000
    assert value["b"] == [["x"] * 90] * 10


def test_a_mapping_is_expected_where_keys_are_needed() -> None:
    """An empty file has no keys; a list is refused."""
    assert read_mapping("a.yml", b"") == {}
    with pytest.raises(ContentError, match="expected keys"):
        read_mapping("a.yml", b"- a\n")


@pytest.mark.parametrize(
    ("text", "meta"),
    [
        ("---\na: b\n---\nText.\n", {"a": "b"}),
        ("+++\na = 1\n+++\nText.\n", {"a": "1"}),
        ("---\n- a\n---\n", {}),
        ("Text.\n", {}),
    ],
)
def test_front_matter_is_read_like_a_file(text: str, meta: dict[str, object]) -> None:
    """In YAML or TOML, by its fences."""
    assert read_front_matter("a.md", text.encode()) == meta
