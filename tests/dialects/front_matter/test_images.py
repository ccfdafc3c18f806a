"""Pictures are addresses with a description, and what is neither is told."""

import pytest

from syndicate.dialects.front_matter.images import NO_IMAGE, FrontMatterImage, read_image
from syndicate.dialects.front_matter.post_path import parse_post_path
from syndicate.dialects.news_and_blog import NEWS_AND_BLOG
from syndicate.model.post import Path
from tests.dialects.factories import PATH, field_reader, reported_rules


def pictured(
    front: str, name: str = "image", path: str = PATH
) -> tuple[FrontMatterImage, list[str]]:
    """Return the picture and the rules of the notes."""
    found = field_reader(front)
    where = parse_post_path(Path(path), found.source, NEWS_AND_BLOG.language_suffix)
    return read_image(found, name, where), [rule for rule, _ in reported_rules(found)]


@pytest.mark.parametrize(
    ("written", "address"),
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
def test_a_path_is_one_from_the_root(written: str, address: str) -> None:
    """A missing leading slash is added; absolute addresses stay."""
    assert pictured(f"image: {written}\nimage_alt: A form") == (
        FrontMatterImage(address, "A form"),
        [],
    )


def test_a_picture_in_a_bundle_lies_beside_its_page() -> None:
    """There a bare name is relative to the page."""
    found, _ = pictured("image: cover.png", path="news/forms/index.md")
    assert found.url == "cover.png"


@pytest.mark.parametrize(
    "front",
    [
        "image:\n  path: /a.png\n  alt: A form",
        "cover:\n  image: /a.png\n  alt: A form",
        "thumbnail: /a.png\nthumbnail_alt: ' A\n  form'",
    ],
)
def test_other_houses_keep_pictures_elsewhere(front: str) -> None:
    """Nested and differently named keys mean the same."""
    assert pictured(front)[0] == FrontMatterImage("/a.png", "A form")


@pytest.mark.parametrize(
    "written", ["forms-cover", '"{{ page.cover }}/a.png"', '"{% cover %}.png"']
)
def test_what_is_no_path_is_dropped_and_noted(written: str) -> None:
    """An id or template code is no address."""
    assert pictured(f"image: {written}") == (NO_IMAGE, ["image-id"])


def test_what_is_no_address_is_dropped_and_noted() -> None:
    """A bracket that is open in the host makes every program fail that takes it apart."""
    assert pictured("image: '//[cdn/a.png'\nimage_alt: A form") == (NO_IMAGE, ["broken-scheme"])


def test_no_picture_is_no_problem() -> None:
    """A post needs none, and an alt text alone makes none."""
    assert pictured("image: ~\nimage_alt: A form") == (NO_IMAGE, [])
    assert pictured("image: '{{ site.url }}'") == (NO_IMAGE, [])


def test_a_missing_description_is_noted_where_the_picture_stands() -> None:
    """The note names the key to write it in; the line is that of the picture."""
    found = field_reader("a: b\ncarousel_image: /a.png")
    where = parse_post_path(Path(PATH), found.source, NEWS_AND_BLOG.language_suffix)
    assert read_image(found, "card_image", where) == FrontMatterImage("/a.png", None)
    assert reported_rules(found) == [("image-alt", 3)]
    assert "carousel_image_alt_text" in found.problems[0].hint


def test_a_file_name_describes_nothing() -> None:
    """It is not passed on as alt text."""
    assert pictured("image: /a.png\nimage_alt: a-form.PNG") == (
        FrontMatterImage("/a.png", None),
        ["image-alt-file-name", "image-alt"],
    )


def test_a_picture_may_be_declared_decorative() -> None:
    """An alt text written out as empty is a statement, null and lists are not."""
    assert pictured("image: /a.png\nimage_alt: ''") == (FrontMatterImage("/a.png", ""), [])
    assert pictured("image: /a.png\nimage_alt: [x]")[0].alt is None
