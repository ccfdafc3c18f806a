"""The line "Post filed in:" files a post and is then no part of it."""

from urllib.parse import quote_plus

import pytest

from syndicate.dialects.front_matter.filed_in_line import find_filed_in_line

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
