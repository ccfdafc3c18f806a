"""Categories come from keys, the "Post filed in:" line and the source, without duplicates."""

from urllib.parse import quote_plus

import pytest

from syndicate.dialects.front_matter.categories import (
    find_filed_in_line,
    read_categories,
    read_url_categories,
)
from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from tests.dialects.factories import field_reader, fields, reported_rules
from tests.samples import TECHNOLOGY, TTS

LINKS = (
    "[Technology](https://www.example.gov/search?category=Technology)  |  "
    "[TTS](https://www.example.gov/search?category=Technology%20Transformation%20Services)"
)
BOTH = ("Technology", "Technology Transformation Services")


@pytest.mark.parametrize(
    ("line", "categories"),
    [
        (f"Post filed in: {LINKS}", BOTH),
        (f"**Post filed in:** {LINKS}", BOTH),
        (f"*Post filed in: {LINKS}*", BOTH),
        (f"  > post  filed  IN : {LINKS}", BOTH),
        (f"Posts filed under: {LINKS}", BOTH),
        (
            f"""<p class="x"><b>Post filed in:</b> <a href="/s?category={BOTH[0]}&amp;x=1">a</a>
 | <A class='c' href='/s?x=1&category={quote_plus(BOTH[1])}'>b</A></p>""".replace("\n", ""),
            BOTH,
        ),
        (
            "Post filed in: [Technology](/search) | [**R&amp;D**](/search?category=)",
            ("Technology", "R&D"),
        ),
        ("Post filed in: [Forms](/a_(b)?category=Forms 'title')", ("Forms",)),
        ("Post filed in: [Forms](https://[broken?category=x)", ("Forms",)),
        (
            "Post filed in: [Forms](/s?category=Forms&category=Digital%20services)",
            ("Forms", "Digital services"),
        ),
        ("Post filed in: Technology | **R&amp;D**, Forms.", ("Technology", "R&D", "Forms")),
        ("Post filed in:", ()),
        (
            "Post filed in: <a href='/search'><b>Forms</b></a> <a href='/x'>Design</a>",
            ("Forms", "Design"),
        ),
        ("Post filed in: []()", ()),
        ("POST F\u0130LED IN: Forms", ("Forms",)),
        ("Post f\u0131led in: Forms", ("Forms",)),
    ],
)
def test_all_forms_of_the_filed_in_line_are_parsed(line: str, categories: tuple[str, ...]) -> None:
    """A category is the decoded parameter, the text of the link, or text between bars."""
    found = find_filed_in_line(f"\n{line}\n\nThe post.\n")
    assert found is not None
    assert found.categories == categories
    assert (found.start, found.end) == (1, 1 + len(line))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "No such line.\n",
        "A post filed in: [Forms](/s?category=Forms)\n",
        "Read on.\n" * 6 + "Post filed in: Forms\n" + "Read on.\n" * 6,
        "Post\nfiled in: Forms\n",
    ],
)
def test_running_text_is_not_a_filed_in_line(body: str) -> None:
    """Only a line of its own near the start or end of the body counts."""
    assert find_filed_in_line(body) is None


def test_filed_in_line_may_be_at_the_end() -> None:
    """Up to five non-blank lines may follow."""
    body = "Read on.\n" * 20 + "Post filed in: Forms\n" + "\n\nMore.\n" * 5
    found = find_filed_in_line(body)
    assert found is not None
    assert body[found.start : found.end] == "Post filed in: Forms"
    assert find_filed_in_line(body + "More.\n") is None


def test_long_bodies_are_searched_at_both_ends() -> None:
    """Long lines do not hide the line next to them."""
    long, line = "Read on. " * 2_000, "Post filed in: Forms"
    for body in (f"{long}\n{line}", f"{line}\n{long}", f"{long}\n{line}\n{long}\n{long}"):
        found = find_filed_in_line(body)
        assert found is not None
        assert body[found.start : found.end] == line
    assert find_filed_in_line(f"{long}\n" * 6 + f"{line}\n" + f"{long}\n" * 6) is None


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "piece",
    [
        "*",
        "<p>",
        "[",
        "[a](",
        "<a ",
        "href=",
        "<a href=",
        "<a href=x>",
        "Post filed in: [",
        "](",
        " ",
    ],
)
def test_long_lines_are_searched_quickly(piece: str) -> None:
    """Half a megabyte on one line is read in linear time."""
    count = 500_000 // len(piece)
    find_filed_in_line(piece * count)
    assert find_filed_in_line("Post filed in: " + piece * count) is None
    assert find_filed_in_line("Post filed in: " + piece * (4_900 // len(piece))) is not None
    assert find_filed_in_line("Post filed in: [a](" + "x" * 4_900) is not None


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
def test_every_key_of_categories_counts(front: str, plain: str, spaced: str) -> None:
    """Lists have whole names, a text may have several; a defined name is not split."""
    for spaces, expected in ((False, plain), (True, spaced)):
        found = read_categories(field_reader(front), None, VOCABULARY, split_at_spaces=spaces)
        assert " ".join(category.slug for category in found) == expected


def test_categories_of_keys_line_and_source_are_united() -> None:
    """The order is keys, filed-in line, source; titles are those of the vocabulary."""
    body = "\nPost filed in: [x](/s?category=tts) | [Technology](/s)\n"
    found = field_reader(
        "tags: [forms, TTS]", body, categories=(FORMS, Category(slug="z", title="Z"))
    )
    united = read_categories(found, find_filed_in_line(body), VOCABULARY, split_at_spaces=False)
    assert united == (FORMS, TTS, TECHNOLOGY, Category(slug="z", title="Z"))
    assert found.origins["categories"] == (
        "key tags, line 2; Post filed in:, line 5; default of the source"
    )


def test_permalink_categories_are_those_of_their_keys() -> None:
    """Tags are not in permalinks, and the spelling is kept."""
    found = field_reader("category: Web Design\ncategories: [Forms, Web Design]\ntags: x")
    assert read_url_categories(found, VOCABULARY, split_at_spaces=False) == (
        "Web Design",
        "Forms",
    )


def test_misspelling_of_a_defined_category_is_reported() -> None:
    """Without categories in the settings, nothing is reported."""
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


def test_category_of_punctuation_alone_is_reported() -> None:
    """It would have no URL; an emoji has the URL of its name."""
    found = fields("title: x\ncategories: ['🎉', '???', '!!']")
    assert [(category.slug, category.title) for category in found.categories] == [
        ("party-popper", "🎉")
    ]
    assert reported_rules(found) == [("category-name", 3)] * 3
    assert found.problems[0].hint == "Use a word as the category; its feed is called party-popper."
