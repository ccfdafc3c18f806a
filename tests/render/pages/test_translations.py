"""The words of pages in other languages: complete, and on the pages that readers see."""

import json
import re
from importlib.resources import files
from typing import Final

import pytest
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from syndicate.model.feed_title import FEED_TITLE_WORDS
from syndicate.model.url_patterns import MONTHS
from syndicate.render.pages.embed_pages import EmbedOptions, embed_page
from syndicate.render.pages.html_pages import problem_page
from syndicate.render.pages.translations import LANGUAGES, page_language
from tests import samples
from tests.render import sample_pages
from tests.render.parsed_html import by_class, parse_page, text

PAGES: Final = files("syndicate.render") / "pages"
TEMPLATES: Final = ("layout", "parts", "feed", "post", "embed", "problem")
TITLES: Final = {
    "Invalid request",
    "Authentication required",
    "Access denied",
    "Page not found",
    "Method not allowed",
    "Page withdrawn",
    "Too many requests",
    "Internal error",
    "Service temporarily unavailable",
}
COMPUTED: Final = {
    *(*MONTHS, *TITLES, *FEED_TITLE_WORDS),
    *("post", "posts", "%(month)s %(day)s, %(year)s"),
}
"""Words that no template has."""


def template_words() -> set[str]:
    """Return the words of the templates that are translated."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    found = [
        words
        for name in TEMPLATES
        for _, _, words in extract_from_ast(
            environment.parse((PAGES / f"{name}.html").read_text("utf-8")), babel_style=False
        )
    ]
    return {word for words in found for word in words or () if word}


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {"en"}))
def test_translation_is_complete(language: str) -> None:
    """Each word of the templates, no other one, and each value of a text."""
    words = json.loads((PAGES / f"{language}.json").read_text("utf-8"))

    assert words.keys() == template_words() | COMPUTED
    assert list(words) == sorted(words)
    placeholder = re.compile(r"%\(\w+\)s")
    for english, translated in words.items():
        assert sorted(placeholder.findall(english)) == sorted(placeholder.findall(translated))


def test_language_of_a_page_is_that_of_its_content() -> None:
    """If there is a translation; the region does not count."""
    tags = ("es", "es-PR", "ES", "en-US", "fr", "", "est")
    assert [page_language(tag) for tag in tags] == ["es", "es", "es", "en", "en", "en", "en"]


def test_page_of_a_spanish_feed_is_spanish() -> None:
    """Its words and dates, and the language of the page; a post in English is marked."""
    spanish = samples.post(title="Ayuda", language="es", updated=samples.NOW)
    english = samples.post("news/2024-01-30-help.md", title="Help")
    items = [samples.rendered_post(post) for post in (spanish, english)]
    root = parse_page(
        sample_pages.feed_page_html(
            samples.feed(*items, language="es"), total=2, unfiltered_total=1_200
        )
    )
    said = text(root)

    assert root.get("lang") == "es"
    assert "2 de 1,200 publicaciones" in said
    assert "29 de enero de 2024" in said
    assert "Suscribirse" in said
    assert "Subscribe" not in said
    first, second = by_class(root, "card")
    assert (first.get("lang"), second.get("lang")) == ("es", "en")


def test_page_of_a_spanish_post_is_spanish() -> None:
    """With the way to the original."""
    post = samples.post(language="es-PR", carousel=True, updated=samples.NOW)
    root = parse_page(sample_pages.post_page_html(samples.rendered_post(post)))
    said = text(root)

    assert root.get("lang") == "es"
    assert "Leer el original en www.example.gov" in said
    assert "29 de enero de 2024 · Por Ada Example" in said
    assert "Actualizado el 1 de junio de 2024" in said
    assert "Categorías: Technology" in said
    (article,) = root.iter("article")
    assert article.get("lang") == "es-PR"


def test_embed_of_a_spanish_feed_is_spanish() -> None:
    """Also without posts."""
    full = samples.feed(samples.rendered_post(samples.post(language="es")), language="es")

    assert "29 de enero de 2024" in embed_page(full, EmbedOptions())
    empty = embed_page(samples.feed(language="es"), EmbedOptions())
    assert "Esta fuente todavía no tiene publicaciones." in empty
    french = embed_page(samples.feed(language="fr"), EmbedOptions())
    assert '<p lang="en">This feed has no posts yet.</p>' in french


def test_error_page_is_spanish_around_an_english_reason() -> None:
    """The reason is marked as English."""
    page = problem_page(
        samples.SERVICE_INFO,
        title="Page not found",
        detail="there is no feed called x",
        hint="Choose one.",
        choices=["all"],
        choices_total=3,
        are_feeds=True,
        nearby=["news"],
        search="x",
        language="es",
    )
    root = parse_page(page)

    assert root.get("lang") == "es"
    assert "<h1>Página no encontrada</h1>" in page
    assert [element.text for element in root.iter("p") if element.get("lang") == "en"] == [
        "There is no feed called x.",
        "Choose one.",
    ]
    assert "Quizá quiso decir" in page
    assert "Se muestran 1 de 3." in page
