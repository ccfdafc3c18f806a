"""Categories come from keys, from the filing line and from the source, each once."""

from urllib.parse import quote_plus

import pytest

from syndicate.dialects.front_matter.categories import (
    find_filed_in_line,
    read_categories,
    read_permalink_categories,
)
from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from tests.dialects.factories import field_reader, reported_rules
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
def test_every_form_of_the_line_is_understood(line: str, categories: tuple[str, ...]) -> None:
    """The decoded parameter counts, else the text of the link, else what stands between bars."""
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
def test_words_inside_a_post_file_nothing(body: str) -> None:
    """Only a line of its own near the beginning or the end counts."""
    assert find_filed_in_line(body) is None


def test_the_line_may_stand_at_the_end() -> None:
    """Five lines of text may follow it, blank ones do not count."""
    body = "Read on.\n" * 20 + "Post filed in: Forms\n" + "\n\nMore.\n" * 5
    found = find_filed_in_line(body)
    assert found is not None
    assert body[found.start : found.end] == "Post filed in: Forms"
    assert find_filed_in_line(body + "More.\n") is None


def test_long_bodies_are_looked_through_at_both_ends() -> None:
    """A line of any length does not hide the one beside it."""
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
def test_long_lines_take_no_time(piece: str) -> None:
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
