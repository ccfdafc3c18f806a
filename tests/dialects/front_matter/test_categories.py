"""Categories come from keys, from the filing line and from the source, each once."""

import pytest

from syndicate.dialects.front_matter.categories import read_categories, read_permalink_categories
from syndicate.dialects.front_matter.filed_in_line import find_filed_in_line
from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from tests.dialects.factories import field_reader, reported_rules
from tests.samples import TECHNOLOGY, TTS

VOCABULARY = Vocabulary(
    definitions=(
        CategoryDefinition(category=TECHNOLOGY),
        CategoryDefinition(category=TTS, aliases=("TTS",)),
    )
)
FORMS = Category(slug="forms", title="Forms")


@pytest.mark.parametrize(
    ("front", "plain", "spaced"),
    [
        ("categories: [Web Design, forms]", "web-design forms", "web-design forms"),
        ("categories: web design", "web-design", "web design"),
        ("category: web design", "web-design", "web-design"),
        ("tags: web design, forms,", "web-design forms", "web-design forms"),
        ("category: Forms, old and new", "forms-old-and-new", "forms-old-and-new"),
        ("tags: Technology Transformation Services", "tts", "tts"),
        ("tags: [social media, social-media, Social Media]", "social-media", "social-media"),
        ("category: a\ncategories: b\ntag: c\ntags: d\ntopic: e\ntopics: f", *["a b c d e f"] * 2),
        ("tags: ['', ~, '!']", "", ""),
        ("title: x", "", ""),
    ],
)
def test_every_key_of_a_subject_counts(front: str, plain: str, spaced: str) -> None:
    """Lists hold whole names, a text may hold several; a known name is never split."""
    for spaces, expected in ((False, plain), (True, spaced)):
        found = read_categories(field_reader(front), None, VOCABULARY, split_at_spaces=spaces)
        assert " ".join(category.slug for category in found) == expected


def test_all_ways_to_file_a_post_are_united() -> None:
    """Keys, then the filing line, then the source's defaults; each known by its own title."""
    body = "\nPost filed in: [x](/s?category=tts) | [Technology](/s)\n"
    found = field_reader(
        "tags: [forms, TTS]", body, categories=(FORMS, Category(slug="z", title="Z"))
    )
    united = read_categories(found, find_filed_in_line(body), VOCABULARY, split_at_spaces=False)
    assert united == (FORMS, TTS, TECHNOLOGY, Category(slug="z", title="Z"))
    assert found.origins["categories"] == (
        "key tags, line 2; Post filed in:, line 5; default of the source"
    )


def test_shelves_are_the_categories_of_addresses() -> None:
    """Tags do not stand in addresses, and spelling is kept."""
    found = field_reader("category: Web Design\ncategories: [Forms, Web Design]\ntags: x")
    assert read_permalink_categories(found, VOCABULARY, split_at_spaces=False) == (
        "Web Design",
        "Forms",
    )


def test_a_slip_of_the_pen_is_noted_if_there_is_a_vocabulary() -> None:
    """Without settings every category is as good as another."""
    front = "tags:\n- Technolgy\n- gardening\n- tts"
    found = field_reader(front)
    read_categories(found, None, VOCABULARY, split_at_spaces=False)
    assert reported_rules(found) == [("similar-category", 2)]
    assert found.problems[0].hint == "Write Technology."
    twice = field_reader("tags: [social media, Social-Media, social media]")
    read_categories(twice, None, Vocabulary(), split_at_spaces=False)
    assert reported_rules(twice) == [("similar-category", 2)]
    free = field_reader(front)
    read_categories(free, None, Vocabulary(), split_at_spaces=False)
    assert reported_rules(free) == []
