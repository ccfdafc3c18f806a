"""Fields are read by their keys, in order, with the origin of each value."""

from syndicate.dialects.fields import as_text
from tests.dialects.factories import field_reader


def test_first_key_with_a_value_is_used() -> None:
    """Null, blank and invalid values are skipped."""
    found = field_reader("description: Last\nexcerpt: ~\nsummary: [a]\npreview: '  '\ndeck: Never")
    assert found.find("summary", as_text) == "Last"
    assert found.origins == {"summary": "key description, line 2"}
    assert found.keys == {"summary": "description"}


def test_absent_field_is_none() -> None:
    """A field without a value has no origin."""
    found = field_reader("title: Forms")
    assert found.find("summary", as_text) is None
    assert found.find("no such field", as_text) is None
    assert found.origins == {}


def test_keys_are_case_insensitive() -> None:
    """The exact spelling is preferred if a document has both."""
    assert field_reader("TITLE: Loud").find("title", as_text) == "Loud"
    assert field_reader("TITLE: Loud\ntitle: Calm").find("title", as_text) == "Calm"


def test_dotted_key_reads_a_nested_mapping() -> None:
    """``image.path`` is the key path of the mapping image; a text has no keys."""
    found = field_reader("image:\n  path: /a.png\ncover: /b.png")
    assert list(found.values("image")) == [("image", {"path": "/a.png"}), ("image", "/a.png")]


def test_blank_text_can_count_as_a_value() -> None:
    """Blank text is absent unless the field distinguishes it from null."""
    found = field_reader("image_alt: ''\nimage_alt_text: ~")
    assert list(found.values("image_alt")) == []
    assert list(found.values("image_alt", with_blank=True)) == [("image_alt", "")]


def test_source_keys_replace_those_of_the_dialect() -> None:
    """The keys of the settings replace those of the dialect for one field."""
    found = field_reader("headline: Ours\ntitle: Theirs", keys=(("title", ("headline", "name")),))
    assert found.find("title", as_text) == "Ours"
    assert found.first_key("title") == "headline"
    assert found.first_key("nothing") == "nothing"
    assert found.line("headline") == 2
    assert found.line("name") == 0
