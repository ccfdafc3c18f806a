"""Categories come from keys, from the filing line and from the source, each once."""

import pytest

from syndicate.dialects.mapping.filing import filing
from syndicate.dialects.mapping.subjects import categories, shelves
from syndicate.model.category import Category, Term, Vocabulary
from tests.dialects.written import reading, rules
from tests.samples import TECHNOLOGY, TTS

VOCABULARY = Vocabulary(terms=(Term(category=TECHNOLOGY), Term(category=TTS, aliases=("TTS",))))
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
        found = categories(reading(front), None, VOCABULARY, spaces=spaces)
        assert " ".join(category.slug for category in found) == expected


def test_all_ways_to_file_a_post_are_united() -> None:
    """Keys, then the filing line, then the source's defaults; each known by its own title."""
    body = "\nPost filed in: [x](/s?category=tts) | [Technology](/s)\n"
    found = reading("tags: [forms, TTS]", body, categories=(FORMS, Category(slug="z", title="Z")))
    united = categories(found, filing(body), VOCABULARY, spaces=False)
    assert united == (FORMS, TTS, TECHNOLOGY, Category(slug="z", title="Z"))
    assert found.origins["categories"] == (
        "key tags, line 2; Post filed in:, line 5; default of the source"
    )


def test_shelves_are_the_categories_of_addresses() -> None:
    """Tags do not stand in addresses, and spelling is kept."""
    found = reading("category: Web Design\ncategories: [Forms, Web Design]\ntags: x")
    assert shelves(found, VOCABULARY, spaces=False) == ("Web Design", "Forms")


def test_a_slip_of_the_pen_is_noted_if_there_is_a_vocabulary() -> None:
    """Without settings every category is as good as another."""
    front = "tags:\n- Technolgy\n- gardening\n- tts"
    found = reading(front)
    categories(found, None, VOCABULARY, spaces=False)
    assert rules(found) == [("similar-category", 2)]
    assert found.notes[0].hint == "Write Technology."
    twice = reading("tags: [social media, Social-Media, social media]")
    categories(twice, None, Vocabulary(), spaces=False)
    assert rules(twice) == [("similar-category", 2)]
    free = reading(front)
    categories(free, None, Vocabulary(), spaces=False)
    assert rules(free) == []
