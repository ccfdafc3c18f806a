"""Values are found by the keys of a field, in their order, and their origin is kept."""

from syndicate.dialects.front_matter.value_parsers import as_text
from tests.dialects.factories import field_reader


def test_the_first_key_that_says_something_wins() -> None:
    """Null, blank and unusable values are passed over."""
    found = field_reader("description: Last\nexcerpt: ~\nsummary: [a]\npreview: '  '\ndeck: Never")
    assert found.find("summary", as_text) == "Last"
    assert found.origins == {"summary": "key description, line 2"}
    assert found.keys == {"summary": "description"}


def test_what_nobody_says_is_none() -> None:
    """A field without a value has no origin."""
    found = field_reader("title: Forms")
    assert found.find("summary", as_text) is None
    assert found.find("no such field", as_text) is None
    assert found.origins == {}


def test_keys_may_be_spelled_in_any_case() -> None:
    """The spelling of the mapping goes before others where a document has both."""
    assert field_reader("TITLE: Loud").find("title", as_text) == "Loud"
    assert field_reader("TITLE: Loud\ntitle: Calm").find("title", as_text) == "Calm"


def test_a_dotted_key_looks_inside() -> None:
    """``image.path_in_folder`` is the path in the mapping of image; a text has no inside."""
    found = field_reader("image:\n  path: /a.png\ncover: /b.png")
    assert list(found.values("image")) == [("image", {"path": "/a.png"}), ("image", "/a.png")]


def test_an_empty_text_can_be_asked_for() -> None:
    """Blank is absent unless the field tells blank from null."""
    found = field_reader("image_alt: ''\nimage_alt_text: ~")
    assert list(found.values("image_alt")) == []
    assert list(found.values("image_alt", with_blank=True)) == [("image_alt", "")]


def test_a_source_may_have_keys_of_its_own() -> None:
    """They stand instead of the dialect's, so an unusual site needs no code."""
    found = field_reader("headline: Ours\ntitle: Theirs", keys=(("title", ("headline", "name")),))
    assert found.find("title", as_text) == "Ours"
    assert found.first_key("title") == "headline"
    assert found.first_key("nothing") == "nothing"
    assert found.line("headline") == 2
    assert found.line("name") == 0
