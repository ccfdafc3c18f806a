"""Images of front matter: URL, alternative text and problems."""

from dataclasses import replace

import pytest

from syndicate.dialects.front_matter.media import NO_IMAGE, FrontMatterImage, read_image
from syndicate.dialects.front_matter.permalink import parse_post_path
from syndicate.dialects.news_and_blog import NEWS_AND_BLOG
from syndicate.model.post import Path
from tests.dialects.factories import PATH, field_reader, reported_rules


def read(front: str, name: str = "image", path: str = PATH) -> tuple[FrontMatterImage, list[str]]:
    """Return the image and the rules of the problems."""
    found = field_reader(front)
    where = parse_post_path(Path(path), found.source, NEWS_AND_BLOG.language_suffix)
    return read_image(found, name, where), [rule for rule, _ in reported_rules(found)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("/assets/a.png", "/assets/a.png"),
        ("assets/a.png", "/assets/a.png"),
        ("./a.png", "/a.png"),
        ("a.png", "/a.png"),
        ("//cdn.example.gov/a.png", "//cdn.example.gov/a.png"),
        ("https://cdn.example.gov/a", "https://cdn.example.gov/a"),
        ("HTTP://cdn.example.gov/a", "HTTP://cdn.example.gov/a"),
        ('"{{ site.baseurl }}/assets/a.png"', "/assets/a.png"),
        ("[first.png, second.png]", "/first.png"),
    ],
)
def test_image_path_starts_at_the_root(written: str, expected: str) -> None:
    """A missing leading slash is added; absolute URLs are unchanged."""
    assert read(f"image: {written}\nimage_alt: A form") == (
        FrontMatterImage(expected, "A form"),
        [],
    )


def test_base_url_of_a_site_below_a_path_is_kept() -> None:
    """The tag for the host alone gives no path."""
    found = field_reader("image: '{{ site.url }}{{ site.baseurl }}/a.png'\nimage_alt: A")
    found.source = replace(found.source, site_url="https://a.gov/handbook")
    where = parse_post_path(Path(PATH), found.source, NEWS_AND_BLOG.language_suffix)
    assert read_image(found, "image", where).url == "/handbook/a.png"


def test_image_of_a_bundle_is_relative_to_its_page() -> None:
    """A bare name is relative to the page."""
    found, _ = read("image: cover.png", path="news/forms/index.md")
    assert found.url == "cover.png"


@pytest.mark.parametrize(
    "front",
    [
        "image:\n  path: /a.png\n  alt: A form",
        "cover:\n  image: /a.png\n  alt: A form",
        "thumbnail: /a.png\nthumbnail_alt: ' A\n  form'",
        "image:\n  title: Cover\n  src: /a.png\n  alt_text: A form",
        "images:\n  - image: /a.png\n    alt: A form\n  - image: /b.png",
        "images:\n  - {}\n  - image: /a.png\nimage_alt: A form",
    ],
)
def test_images_are_read_from_the_keys_of_other_sites(front: str) -> None:
    """Nested keys and other names have the same meaning."""
    assert read(front)[0] == FrontMatterImage("/a.png", "A form")


@pytest.mark.parametrize(
    "written", ["forms-cover", '"{{ page.cover }}/a.png"', '"{% cover %}.png"']
)
def test_image_id_is_dropped_and_reported(written: str) -> None:
    """An id or template code is not a URL."""
    assert read(f"image: {written}") == (NO_IMAGE, ["image-id"])


def test_invalid_image_url_is_dropped_and_reported() -> None:
    """An open bracket in the host is an invalid URL."""
    assert read("image: '//[cdn/a.png'\nimage_alt: A form") == (NO_IMAGE, ["broken-scheme"])


def test_post_without_an_image_has_no_problem() -> None:
    """An image is optional, and an alt text alone is not an image."""
    assert read("image: ~\nimage_alt: A form") == (NO_IMAGE, [])
    assert read("image: '{{ site.url }}'") == (NO_IMAGE, [])


def test_missing_alt_text_is_reported_at_the_image() -> None:
    """The problem names the key of the alt text; the line is that of the image."""
    found = field_reader("a: b\ncarousel_image: /a.png")
    where = parse_post_path(Path(PATH), found.source, NEWS_AND_BLOG.language_suffix)
    assert read_image(found, "card_image", where) == FrontMatterImage("/a.png", None)
    assert reported_rules(found) == [("image-alt", 3)]
    assert "carousel_image_alt_text" in found.problems[0].hint


def test_file_name_as_alt_text_is_reported() -> None:
    """The file name is not used as alt text."""
    assert read("image: /a.png\nimage_alt: a-form.PNG") == (
        FrontMatterImage("/a.png", None),
        ["image-alt-file-name", "image-alt"],
    )


def test_empty_alt_text_declares_a_decorative_image() -> None:
    """Empty text declares the image decorative, null and lists do not."""
    assert read("image: /a.png\nimage_alt: ''") == (FrontMatterImage("/a.png", ""), [])
    assert read("image: /a.png\nimage_alt: [x]")[0].alt is None
