"""Files that front matter attaches to a post."""

import pytest

from syndicate.dialects.fields import AttachedFile, as_people
from tests.dialects.factories import fields


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("audio: /audio/talk.mp3", AttachedFile(url="/audio/talk.mp3")),
        ("podcast: audio/talk.mp3", AttachedFile(url="/audio/talk.mp3")),
        ('audio: "{{ site.url }}/audio/talk.mp3"', AttachedFile(url="/audio/talk.mp3")),
        ("audio: https://cdn.example.gov/1", AttachedFile(url="https://cdn.example.gov/1")),
        (
            "podcast: {mp3: /a.mp3, title: 'Episode <b>1</b>'}",
            AttachedFile(url="/a.mp3", title="Episode 1"),
        ),
        (
            "enclosure: {url: /a.ogg, length: 1234, type: Audio/Ogg}",
            AttachedFile(url="/a.ogg", length=1234, type="audio/ogg"),
        ),
        (
            "enclosure: |\n  https://cdn.example.gov/a.mp3\n  1234\n  audio/mpeg\n",
            AttachedFile(url="https://cdn.example.gov/a.mp3", length=1234, type="audio/mpeg"),
        ),
        (
            "enclosure: {src: /a.mp3, size: 3 MB, mime_type: sound}",
            AttachedFile(url="/a.mp3"),
        ),
    ],
)
def test_attached_file_is_read_in_every_shape(front: str, expected: AttachedFile) -> None:
    """A path, an object, and the three words of an enclosure."""
    assert fields(front).attachments == (expected,)


def test_attached_files_of_all_keys_are_listed_once() -> None:
    """Audio, podcast and enclosure, each a single value or a list."""
    found = fields("audio: [/a.mp3, {file: /b.mp3}]\npodcast: /a.mp3\nenclosure: /c.pdf")
    assert [each.url for each in found.attachments] == ["/a.mp3", "/b.mp3", "/c.pdf"]
    assert dict(found.origins)["attachments"] == "key enclosure, line 4"


@pytest.mark.parametrize(
    "front",
    [
        "title: x",
        "audio: true",
        "audio: {title: A talk}",
        "audio: A talk about forms",
        "audio: '//[a'",
    ],
)
def test_other_values_attach_nothing(front: str) -> None:
    """No text that cannot be a URL."""
    assert fields(front).attachments == ()


def test_file_of_a_bundle_is_relative_to_its_page() -> None:
    """As images are."""
    found = fields("audio: talk.mp3", path="news/forms/index.md")
    assert found.attachments == (AttachedFile(url="talk.mp3"),)


def test_authors_have_their_urls() -> None:
    """Of an object, of a Markdown link, and of the author table of the site."""
    front = (
        "authors: [{name: Ada Example, url: /team/ada/}, '[Bo](https://bo.example.gov)', cy, Di]"
    )
    found = fields(
        front,
        authors=(("cy", "Cy Example"),),
        author_urls=(("cy", "https://cy.example.gov"), ("di", "https://di.example.gov")),
    )
    assert found.authors == ("Ada Example", "Bo", "Cy Example", "Di")
    assert found.author_urls == (
        ("Ada Example", "/team/ada/"),
        ("Bo", "https://bo.example.gov"),
        ("Cy Example", "https://cy.example.gov"),
    )


def test_url_of_an_author_must_be_valid() -> None:
    """Others are left out; the first valid one of an object counts."""
    assert as_people([{"name": "Ada", "url": "//[a", "website": "https://a.example.gov"}]) == (
        ("Ada", "https://a.example.gov"),
    )
    assert as_people("[Ada](//[a)") == (("[Ada](//[a)", ""),)
    assert as_people([{"url": "https://a.example.gov"}]) is None
