"""Plain values have known types, XML-safe text and bounded depth."""

from datetime import date

from syndicate.dialects.document.plain_values import FrontMatterValues, displayable_path, xml_safe


def test_plain_value_has_one_of_a_few_types() -> None:
    """Dates, booleans and null are kept; numbers and other types become text."""
    day = date(2024, 1, 29)
    values = FrontMatterValues.from_parsed(
        {"a": [True, None, day, 3, 1.5], "b": {"c": {4}}}, {"a": 1}, ["a", "b"]
    )
    assert values.meta == {"a": [True, None, day, "3", "1.5"], "b": {"c": "{4}"}}
    assert values.duplicate_keys == [("a", 1), ("b", 1)]


def test_xml_safe_text_keeps_tabs_and_line_ends() -> None:
    """Only characters that XML forbids or discourages are removed."""
    assert (
        xml_safe("a\tb\nc\x00\x08\x0b\x1f\x7f\x85\x9f\ud800\ufffe\uffffd\U0001f600") == "a\tb\ncd😀"
    )


def test_displayable_path_of_other_bytes() -> None:
    """Bytes that are not UTF-8 become replacement characters."""
    assert displayable_path("caf\udce9/\u2019s.md") == "caf\ufffd/\u2019s.md"
