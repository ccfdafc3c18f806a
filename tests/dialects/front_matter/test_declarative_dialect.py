"""Declarative dialects: fields and URLs from keys, path and body."""

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
def test_skipped_file_has_a_reason(path: str, reason: str) -> None:
    """The suffix, the name, or a folder that the site does not publish."""
    assert DIALECTS["news-and-blog"].skip_reason(Path(path), source()) == reason


def test_configured_folder_may_begin_with_an_underscore() -> None:
    """Only parts below the configured folder count."""
    underscored = source(folders=(Path("_news"),))
    assert DIALECTS["news-and-blog"].skip_reason(Path("_news/a.md"), underscored) == ""


def test_byline_is_one_author() -> None:
    """Commas do not split it, and it precedes a list of authors."""
    assert fields("byline_str: 'Ada Example,\n  and Bo Example'\nauthors: [x]").authors == (
        "Ada Example, and Bo Example",
    )


def test_authors_are_looked_up_or_capitalized() -> None:
    """Slugs are looked up in the settings, others are kept; duplicates are removed."""
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
def test_permalink_is_kept_as_written(written: str, permalink: str) -> None:
    """Permalinks are trimmed and get a leading slash; patterns, styles and absolute URLs stay."""
    assert fields(f"permalink: {written}").permalink == permalink


def test_permalink_with_template_code_is_reported() -> None:
    """The pattern of the source is used."""
    found = fields("title: x\npermalink: '/{{ page.date }}/x/'")
    assert found.permalink == ""
    assert reported_rules(found) == [("permalink-template", 3)]
    assert "permalink" not in dict(found.origins)


def test_invalid_permalink_is_reported() -> None:
    """The pattern of the source is used instead of an invalid URL."""
    found = fields("title: x\npermalink: 'https://[news/x'")
    assert found.permalink == ""
    assert reported_rules(found) == [("broken-scheme", 3)]
    assert "permalink" not in dict(found.origins)


def test_non_ascii_name_is_reported() -> None:
    """The name works, but is percent-encoded in the URL."""
    front = "title: x\ndate: 2024-01-29"
    assert reported_rules(fields(front, path=UNNAMED)) == [("non-ascii-name", 0)]
    assert reported_rules(fields(f"{front}\npermalink: /ete", path=UNNAMED)) == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://other.gov/x", "https://other.gov/x"),
        ("https://www.example.gov/news/x", ""),
        ("/news/x", ""),
        ("https://[broken", ""),
        ("~", ""),
    ],
)
def test_external_url_is_on_another_site(written: str, expected: str) -> None:
    """A canonical URL on the own site does not count."""
    assert fields(f"canonical: '{written}'").external_url == expected


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
def test_language_of_key_precedes_file_name_and_source(
    front: str, path: str, language: str, origin: str | None
) -> None:
    """Front matter, else the file name, else the source."""
    found = fields(front, path=path)
    assert found.language == language
    assert dict(found.origins).get("language") == origin


def test_translations_share_a_key() -> None:
    """The key is the path without language, or a key of front matter."""
    assert fields("a: b", path="news/x._es.md").translation == "news/x"
    assert fields("a: b", path="news/x.md").translation == "news/x"
    assert fields("translation_key: forms").translation == "forms"
    assert fields("a: b", path="news/\udce9.md").translation == "news/\ufffd"


def test_translation_has_its_own_url() -> None:
    """The language of the file name precedes the pattern; a permalink is unchanged."""
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


def test_filed_in_line_is_removed_from_the_text() -> None:
    """Its text is removed, the line break stays to keep line numbers; its words do not count."""
    style = DIALECTS["program-updates"]
    body = "Post filed in: [Forms](/s)\n\nShorter forms.\n"
    filed, plain = document("title: x", body), document("title: x", "\n\nShorter forms.\n")
    assert style.text_to_render(filed) == plain.body == style.text_to_render(plain)
    assert fields("title: x", body).word_digest == fields("title: x", plain.body).word_digest
    assert fields("title: x", body).word_count == 2


def test_carousel_post_without_card_fields() -> None:
    """The card is completed later, from the post."""
    found = fields("carousel_show: 'true'\nimage: /a.png\nimage_alt: A form")
    assert found.carousel
    assert (found.card_title, found.card_summary, found.card_image) == ("", "", "")
    assert (found.image, found.image_alt) == ("/a.png", "A form")
    assert not fields("carousel_show: maybe").carousel
