"""YAML scalars stay text, anchors are resolved, errors have a line."""

import pytest

from syndicate.dialects.document.plain_values import load
from syndicate.errors import ContentError


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2024-13-45", "2024-13-45"),
        ("2024-01-29", "2024-01-29"),
        ("1.10", "1.10"),
        ("08", "08"),
        ("1:30", "1:30"),
        ("No", "No"),
        ("=", "="),
        ("melody\t\t", "melody"),
        ("", None),
        ("~", None),
        ("null", None),
        ("'null'", "null"),
        ("''", ""),
        ("!!python/object/apply:os.system [x]", ["x"]),
        ("!!binary aGk=", "aGk="),
        ("!custom {a: 1}", {"a": "1"}),
        (">-\n  two\n  lines\n", "two lines"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("[a, [b, {c: d}], ~]", ["a", ["b", {"c": "d"}], None]),
    ],
)
def test_scalar_is_the_text_as_written(written: str, value: object) -> None:
    """Numbers, dates and booleans stay text; only null is None; tags are ignored."""
    assert load(f"key: {written}").meta == {"key": value}


def test_list_entry_may_end_in_tabs() -> None:
    """Libyaml and the site generators accept this."""
    assert load("tags:\n- melody\t\t\n").meta == {"tags": ["melody"]}


def test_alias_repeats_the_value_of_its_anchor() -> None:
    """Texts, lists and mappings can be repeated."""
    found = load("a: &x one\nb: &y [*x, two]\nc: *y\n").meta
    assert found == {"a": "one", "b": ["one", "two"], "c": ["one", "two"]}


def test_keys_override_a_merged_mapping() -> None:
    """The merge key of YAML 1.1: own keys first, then the mappings in their order."""
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  z: 3\n  <<: [*a, *b, word]\nd: {<<: *a}\n"
    found = load(text).meta
    assert found["c"] == {"x": "1", "y": "1", "z": "3"}
    assert found["d"] == {"x": "1", "y": "1"}


def test_key_lines_and_duplicate_keys() -> None:
    """Lines count from 1; only top-level keys have one."""
    values = load("a: 1\nb:\n  a: 2\n\na: 3\n")
    assert values.meta == {"a": "3", "b": {"a": "2"}}
    assert values.key_lines == {"a": 5, "b": 2}
    assert values.duplicate_keys == [("a", 5)]


def test_quoted_values_are_known_by_their_keys() -> None:
    """Only quotes count, in either form, and only of values."""
    values = load("a: 'x'\nb: \"y\"\n'c': z\nd: |\n  block\ne: ['f']\n")
    assert values.quoted_keys == {"a", "b"}


def test_key_of_another_type_is_kept() -> None:
    """Null and nested keys become empty text; the other keys are read."""
    assert load("~: 1\n? [x]\n: 2\ntitle: 3\n").meta == {"": "2", "title": "3"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "~", "---\n~\n"])
def test_empty_text_is_an_empty_mapping(text: str) -> None:
    """Empty front matter has no keys."""
    assert load(text).meta == {}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\n? [\n: - }\n", 3, "expected"),
        ("a: \x01", 1, "allowed"),
        ("- a\n", 1, "keys"),
        ("a: 1\n--- b\n", 2, "keys"),
    ],
)
def test_yaml_error_has_its_line(text: str, line: int, word: str) -> None:
    """The error has the line and the reason."""
    with pytest.raises(ContentError, match="front matter") as caught:
        load(text)
    assert caught.value.line == line
    assert word in caught.value.message
