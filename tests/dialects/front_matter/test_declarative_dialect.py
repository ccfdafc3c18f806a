"""A style makes the fields of a post out of keys, path and body, and its address."""

import pytest

from syndicate.dialects import DIALECTS
from syndicate.model.post import Path
from tests.dialects.factories import PATH, document, fields, reported_rules
from tests.samples import source

UNNAMED = Path("news/\u00e9t\u00e9.md")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("news/a.md", ""),
        ("news/deep/er/a.MARKDOWN", ""),
        ("news/a.html", ""),
        ("news/readme.md", "README"),
        ("news/README.markdown", "README"),
        ("news/a.png", "not a Markdown or HTML file"),
        ("news/LICENSE", "not a Markdown or HTML file"),
        ("news/md", "not a Markdown or HTML file"),
        ("news/_a.md", "_a.md begins with _"),
        ("news/_drafts/a.md", "_drafts begins with _"),
        ("news/.github/a.md", ".github begins with ."),
    ],
)
def test_a_file_that_cannot_be_a_post_is_skipped_with_a_reason(path: str, reason: str) -> None:
    """By its ending, its name, or a folder that the site does not publish."""
    assert DIALECTS["news-and-blog"].skip_reason(Path(path), source()) == reason


def test_the_folder_itself_may_begin_with_an_underscore() -> None:
    """Only what is below the configured folder is looked at."""
    underscored = source(folders=(Path("_news"),))
    assert DIALECTS["news-and-blog"].skip_reason(Path("_news/a.md"), underscored) == ""


def test_the_byline_is_one_name() -> None:
    """Commas do not part it, and it goes before a list of authors."""
    assert fields("byline_str: 'Ada Example,\n  and Bo Example'\nauthors: [x]").authors == (
        "Ada Example, and Bo Example",
    )


def test_authors_are_looked_up_or_spelled_as_names() -> None:
    """Slugs through the settings, the rest as written, each once."""
    found = fields(
        "authors: [ada, bo-example, Cy Example, {name: ada}]", authors=(("ada", "Ada Example"),)
    )
    assert found.authors == ("Ada Example", "Bo Example", "Cy Example")
    assert fields("author: bo-example").authors == ("Bo Example",)
    assert fields("title: x").authors == ()


@pytest.mark.parametrize(
    ("written", "permalink"),
    [
        ("/news/forms", "/news/forms"),
        ("' news/forms/ '", "/news/forms/"),
        ("https://other.gov/x", "https://other.gov/x"),
        ("pretty", "pretty"),
        ("/news/:title", "/news/:title"),
        ("~", ""),
    ],
)
def test_a_permalink_is_kept_as_written(written: str, permalink: str) -> None:
    """Trimmed, with its leading slash; patterns, style names and absolute addresses too."""
    assert fields(f"permalink: {written}").permalink == permalink


def test_a_permalink_made_by_template_code_is_noted() -> None:
    """It cannot be known; the pattern of the source is used."""
    found = fields("title: x\npermalink: '/{{ page.date }}/x/'")
    assert found.permalink == ""
    assert reported_rules(found) == [("permalink-template", 3)]
    assert "permalink" not in dict(found.origins)


def test_a_permalink_that_is_no_address_is_noted() -> None:
    """It would make whatever reads the address of the post fail; the pattern stands for it."""
    found = fields("title: x\npermalink: 'https://[news/x'")
    assert found.permalink == ""
    assert reported_rules(found) == [("broken-scheme", 3)]
    assert "permalink" not in dict(found.origins)


def test_a_name_beyond_ascii_wants_a_permalink() -> None:
    """It works, but people will see it encoded."""
    front = "title: x\ndate: 2024-01-29"
    assert reported_rules(fields(front, path=UNNAMED)) == [("non-ascii-name", 0)]
    assert reported_rules(fields(f"{front}\npermalink: /ete", path=UNNAMED)) == []


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://other.gov/x", "https://other.gov/x"),
        ("https://www.example.gov/news/x", ""),
        ("/news/x", ""),
        ("https://[broken", ""),
        ("~", ""),
    ],
)
def test_an_external_address_is_on_another_site(written: str, address: str) -> None:
    """A canonical address on the own site says nothing new."""
    assert fields(f"canonical: '{written}'").external_url == address


@pytest.mark.parametrize(
    ("front", "path", "language", "origin"),
    [
        ("lang: es", PATH, "es", "key lang, line 2"),
        ("locale: es_PR", PATH, "es-PR", "key locale, line 2"),
        ("lang: not a language", PATH, "en", None),
        ("title: x", "news/a._es.md", "es", "file name"),
        ("lang: fr", "news/a._es.md", "fr", "key lang, line 2"),
        ("title: x", PATH, "en", None),
    ],
)
def test_the_language_is_the_most_exact_that_is_known(
    front: str, path: str, language: str, origin: str | None
) -> None:
    """Front matter, else the file name, else the source."""
    found = fields(front, path=path)
    assert found.language == language
    assert dict(found.origins).get("language") == origin


def test_translations_share_a_name() -> None:
    """By their path without language, or by a key of front matter."""
    assert fields("a: b", path="news/x._es.md").translation == "news/x"
    assert fields("a: b", path="news/x.md").translation == "news/x"
    assert fields("translation_key: forms").translation == "forms"
    assert fields("a: b", path="news/\udce9.md").translation == "news/\ufffd"


def test_a_translation_has_an_address_of_its_own() -> None:
    """A language that only the file name tells is put in front; a permalink is left alone."""
    style = DIALECTS["news-and-blog"]
    path = Path("news/x._es.md")
    spanish = fields("date: 2024-01-29", path=path)
    assert spanish.published
    plain = source()
    assert (
        style.post_url(spanish, path, plain, spanish.published)
        == "https://www.example.gov/es/news/x"
    )
    named = source(permalink="pretty")
    assert style.post_url(spanish, path, named, spanish.published) == (
        "https://www.example.gov/es/2024/01/29/x/"
    )
    own = fields("date: 2024-01-29\npermalink: /x", path=path)
    assert style.post_url(own, path, plain, spanish.published) == "https://www.example.gov/x"


def test_the_filing_line_is_no_part_of_the_post() -> None:
    """It goes, its line stays, so that lines keep their numbers; it counts for no word."""
    style = DIALECTS["program-updates"]
    body = "Post filed in: [Forms](/s)\n\nShorter forms.\n"
    filed, plain = document("title: x", body), document("title: x", "\n\nShorter forms.\n")
    assert style.text_to_render(filed) == plain.body == style.text_to_render(plain)
    assert fields("title: x", body).word_digest == fields("title: x", plain.body).word_digest
    assert fields("title: x", body).word_count == 2


def test_a_carousel_post_without_a_card_lends_it_nothing() -> None:
    """The gaps of a card are filled later, from the post."""
    found = fields("carousel_show: 'true'\nimage: /a.png\nimage_alt: A form")
    assert found.carousel
    assert (found.card_title, found.card_summary, found.card_image) == ("", "", "")
    assert (found.image, found.image_alt) == ("/a.png", "A form")
    assert not fields("carousel_show: maybe").carousel
