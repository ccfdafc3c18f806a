"""Images and attachments in every format."""

import json
from typing import Any, Final
from xml.etree import ElementTree as ET

import feedparser

from syndicate.feeds.formats import FORMATS
from syndicate.model.post import Attachment, Image, RenderedPost
from tests import samples
from tests.feeds.formats.feed_readers import ATOM, MEDIA

IMAGE: Final = Image(url="https://www.example.gov/door.png", alt="A door", file_bytes=1234)
TALK: Final = Attachment(
    url="https://www.example.gov/talk.mp3", type="audio/mpeg", title="The talk", length=99
)
REPORT: Final = Attachment(
    url="https://www.example.gov/a.pdf", type="application/pdf", file_bytes=0
)


def json_item(item: RenderedPost) -> dict[str, Any]:
    """Return ``item`` in JSON Feed."""
    found: dict[str, Any] = json.loads(FORMATS["json"].write(samples.feed(item)))["items"][0]
    return found


def rss_item(item: RenderedPost) -> ET.Element:
    """Return ``item`` in RSS."""
    document = ET.fromstring(FORMATS["rss"].write(samples.feed(item)))  # noqa: S314 — our own
    return next(document.iter("item"))


def enclosures(item: RenderedPost) -> list[dict[str, str]]:
    """Return the enclosures of ``item`` in Atom."""
    document = ET.fromstring(FORMATS["atom"].write(samples.feed(item)))  # noqa: S314
    links = (link.attrib for link in document.iter(f"{ATOM}link"))
    return [link for link in links if link.pop("rel") == "enclosure"]


def test_image_is_an_enclosure() -> None:
    """With type and length, for readers that do not know Media RSS; in JSON Feed it is image."""
    item = samples.rendered_post(image=IMAGE)
    enclosure, content = rss_item(item).find("enclosure"), rss_item(item).find(f"{MEDIA}content")
    assert enclosure is not None
    assert enclosure.attrib == {"url": IMAGE.url, "length": "1234", "type": "image/png"}
    assert content is not None
    assert content.get("fileSize") == "1234"
    assert enclosures(item) == [{"href": IMAGE.url, "type": "image/png", "length": "1234"}]
    assert json_item(item)["image"] == IMAGE.url
    assert "attachments" not in json_item(item)


def test_unknown_length_is_zero_in_rss() -> None:
    """RSS requires a length; Atom does not."""
    item = samples.rendered_post(image=Image(url="https://cdn.example.gov/a.jpg"))
    enclosure = rss_item(item).find("enclosure")
    assert enclosure is not None
    assert enclosure.get("length") == "0"
    assert enclosures(item) == [{"href": "https://cdn.example.gov/a.jpg", "type": "image/jpeg"}]


def test_image_of_an_unknown_type_is_no_enclosure() -> None:
    """RSS and Atom want a media type, which nobody knows; Media RSS does not."""
    item = samples.rendered_post(image=Image(url="https://cdn.example.gov/image?id=7"))
    assert rss_item(item).find("enclosure") is None
    assert rss_item(item).find(f"{MEDIA}content") is not None
    assert enclosures(item) == []


def test_recording_is_the_enclosure_of_rss() -> None:
    """One enclosure, as podcast clients expect; what is left is in Media RSS, each file once."""
    item = samples.rendered_post(image=IMAGE, attachments=(REPORT, TALK))
    found = [each.attrib for each in rss_item(item).iter("enclosure")]
    assert found == [{"url": TALK.url, "length": "99", "type": "audio/mpeg"}]
    media = [each.attrib for each in rss_item(item).iter(f"{MEDIA}content")]
    assert media == [
        {"url": IMAGE.url, "medium": "image", "type": "image/png", "fileSize": "1234"},
        {"url": REPORT.url, "medium": "document", "type": "application/pdf", "fileSize": "0"},
    ]
    second = samples.rendered_post(attachments=(TALK, Attachment(url="b", type="video/mp4")))
    assert [each.get("medium") for each in rss_item(second).iter(f"{MEDIA}content")] == ["video"]
    titled = samples.rendered_post(attachments=(Attachment(url="a", type="video/mp4"), TALK))
    assert rss_item(titled).findtext(f"{MEDIA}content/{MEDIA}title") == "The talk"


def test_attachments_are_in_atom_and_json() -> None:
    """JSON Feed has the declared size only: a file may change without an event about its post."""
    item = samples.rendered_post(image=IMAGE, attachments=(REPORT, TALK))
    assert enclosures(item) == [
        {"href": TALK.url, "type": "audio/mpeg", "title": "The talk", "length": "99"},
        {"href": REPORT.url, "type": "application/pdf", "length": "0"},
        {"href": IMAGE.url, "type": "image/png", "length": "1234"},
    ]
    assert json_item(item)["attachments"] == [
        {"url": REPORT.url, "mime_type": "application/pdf"},
        {
            "url": TALK.url,
            "mime_type": "audio/mpeg",
            "title": "The talk",
            "size_in_bytes": 99,
        },
    ]


def test_feedparser_finds_the_enclosures() -> None:
    """In RSS and Atom."""
    item = samples.rendered_post(image=IMAGE, attachments=(TALK,))
    for name, expected in (("rss", [TALK.url]), ("atom", [TALK.url, IMAGE.url])):
        (entry,) = feedparser.parse(FORMATS[name].write(samples.feed(item))).entries
        assert [each.href for each in entry.enclosures] == expected
