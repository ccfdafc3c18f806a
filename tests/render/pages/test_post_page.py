"""The page of a post shows its content and metadata as in feeds."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model.post import Image, SafeHtml
from tests import samples
from tests.render import sample_pages
from tests.render.parsed_html import by_class, links, parse_page, text


def test_post_page_shows_content_and_metadata() -> None:
    """Authors, dates, image, card, translations, id."""
    post = samples.post(carousel=True, updated=samples.PUBLISHED + timedelta(days=2), language="fr")
    item = samples.rendered_post(
        post,
        content=SafeHtml("<h1>Bref</h1><p>Bonjour le <em>monde</em></p>"),
        image=Image(url="https://www.example.gov/a.png", alt="Une table"),
        external_url="https://blog.example.org/x",
        translations=(("en", "https://www.example.gov/en"), ("es", "https://www.example.gov/es")),
    )
    page = sample_pages.post_page_html(item)
    root = parse_page(page)

    (article,) = root.iter("article")
    said = text(article)
    assert article.get("lang") == "fr"
    assert "January 29, 2024 · By Ada Example · 1 min · Updated January 31, 2024" in said
    assert "First published on blog.example.org" in said
    assert "<h2>Bref</h2><p>Bonjour le <em>monde</em></p>" in page
    facts = text(by_class(root, "facts")[0])
    assert "Image Une table" in facts
    assert "Carousel card 2024 01 29 a first post, January 29, 2024. What changes" in facts
    assert "Image: A calendar page with a check mark" in facts
    assert "Translations en, es" in facts
    assert post.id in facts


def test_post_page_is_noindex_with_a_canonical_url() -> None:
    """The canonical URL is that of the source."""
    root = parse_page(sample_pages.post_page_html(samples.rendered_post()))

    assert [link["href"] for link in links(root, "canonical")] == [samples.post().url]
    assert {"name": "robots", "content": "noindex"} in [
        dict(meta.attrib) for meta in root.iter("meta")
    ]


@pytest.mark.parametrize(
    ("alt", "said"),
    [(None, "no alternative text"), ("", "decorative image"), ("A table", "A table")],
)
def test_post_page_shows_alternative_texts(alt: str | None, said: str) -> None:
    """Missing and empty texts are distinguished, for the post and its card."""
    post = samples.post(carousel=True)
    card = replace(samples.card(post), image_alt=alt)
    item = samples.rendered_post(
        post, image=Image(url="https://www.example.gov/a.png", alt=alt), card=card
    )

    page = sample_pages.post_page_html(item)

    facts = text(by_class(parse_page(page), "facts")[0])
    assert f"Image {said} Carousel" in facts
    assert {None: "Image without alternative text ID", "": "spring. Image ID"}.get(
        alt, "Image: A table ID"
    ) in facts


def test_plain_post_has_no_empty_elements() -> None:
    """Without authors, summary, card image and so on."""
    post = samples.post(carousel=True, categories=())
    card = replace(samples.card(post), image="", image_alt=None)
    item = samples.rendered_post(post, authors=(), summary="", card=card)

    root = parse_page(sample_pages.post_page_html(item))

    assert "January 29, 2024 · 1 min" in text(next(root.iter("article")))
    facts = text(by_class(root, "facts")[0])
    assert facts.startswith("Summary none Carousel card")
    assert "Image" not in facts


def test_picture_of_a_post_is_shown_once() -> None:
    """Above its text, unless it is in the text."""
    image = Image(url="https://www.example.gov/a.png?a=1&b=2", alt="A desk")
    content = SafeHtml('<p><img src="https://www.example.gov/a.png?a=1&amp;b=2" alt="A desk"></p>')

    above = parse_page(sample_pages.post_page_html(samples.rendered_post(image=image)))
    within = parse_page(
        sample_pages.post_page_html(samples.rendered_post(image=image, content=content))
    )

    (shown,) = above.iter("img")
    assert (shown.get("alt"), shown.get("width"), shown.get("height")) == ("A desk", "640", "360")
    assert [image.get("loading") for image in within.iter("img")] == ["lazy"]


def test_post_page_leads_to_the_original_and_names_its_categories() -> None:
    """In words."""
    post = samples.post(categories=(samples.TECHNOLOGY, samples.TTS))
    (article,) = parse_page(sample_pages.post_page_html(samples.rendered_post(post))).iter(
        "article"
    )

    assert "Read the original at www.example.gov" in text(article)
    assert "Categories: Technology, Technology Transformation Services" in text(article)


def test_post_that_is_not_rendered_yet_has_a_note() -> None:
    """With its summary."""
    page = sample_pages.post_page_html(
        samples.rendered_post(summary="In short."), is_rendered=False
    )

    assert "In short." in page
    assert "still being rendered" in page
    assert "1 min" not in page
