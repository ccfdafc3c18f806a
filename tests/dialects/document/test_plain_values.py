"""Plain values are clean, known types only, and never nested without end."""

from datetime import date

from syndicate.dialects.document.plain_values import FrontMatterValues, displayable_path, xml_safe


def test_every_value_becomes_one_of_a_few_types() -> None:
    """Dates, answers and null stay; numbers and what is foreign become text."""
    day = date(2024, 1, 29)
    values = FrontMatterValues.from_parsed(
        {"a": [True, None, day, 3, 1.5], "b": {"c": {4}}}, {"a": 1}, ["a", "b"]
    )
    assert values.meta == {"a": [True, None, day, "3", "1.5"], "b": {"c": "{4}"}}
    assert values.duplicate_keys == [("a", 1), ("b", 1)]


def test_clean_text_keeps_tabs_and_line_ends() -> None:
    """Only what XML forbids or discourages goes."""
    assert (
        xml_safe("a\tb\nc\x00\x08\x0b\x1f\x7f\x85\x9f\ud800\ufffe\uffffd\U0001f600") == "a\tb\ncd😀"
    )


def test_a_path_of_other_bytes_is_readable() -> None:
    """Bytes that are not UTF-8 show as replacement characters, true characters stay."""
    assert displayable_path("caf\udce9/\u2019s.md") == "caf\ufffd/\u2019s.md"
