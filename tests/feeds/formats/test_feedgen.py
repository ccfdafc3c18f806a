"""Patches of feedgen: each known fault is corrected in our output."""

import locale
import re
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from syndicate.feeds.formats import FORMATS, atom, rss
from syndicate.feeds.formats.rss import with_hexadecimal_references
from syndicate.model.category import Category
from syndicate.model.feed import Feed
from syndicate.model.post import Author, Image, SafeHtml
from tests import samples
from tests.feeds.formats import sample_feeds
from tests.feeds.formats.feed_readers import ATOM, CONTENT, DC, MEDIA, XML

FEED = sample_feeds.FULL


def channel(feed: Feed) -> ET.Element:
    """Return the channel of ``feed`` in RSS."""
    return ET.fromstring(FORMATS["rss"].write(feed))[0]  # noqa: S314 — our own


def root(feed: Feed) -> ET.Element:
    """Return the root of ``feed`` in Atom."""
    return ET.fromstring(FORMATS["atom"].write(feed))  # noqa: S314


def links(parent: ET.Element) -> list[dict[str, str]]:
    """Return the attributes of the Atom links right below ``parent``."""
    return [link.attrib for link in parent.findall(f"{ATOM}link")]


@pytest.mark.slow
@given(sample_feeds.feeds())
def test_joined_rss_feed_equals_feedgens_whole_feed(feed: Feed) -> None:
    """Entries that were serialized alone lose and gain no byte."""
    complete = rss.feed_generator(feed)
    for item in feed.items:
        complete.add_entry(rss.entry_generator(item, feed.service_info, "full"), order="append")
    assert FORMATS["rss"].write(feed) == with_hexadecimal_references(complete.rss_str())


@given(sample_feeds.feeds())
def test_joined_atom_feed_equals_feedgens_whole_feed(feed: Feed) -> None:
    """Entries that were serialized alone lose and gain no byte."""
    complete = atom.feed_generator(feed)
    for item in feed.items:
        complete.add_entry(atom.entry_generator(item, feed.service_info, "full"), order="append")
    assert FORMATS["atom"].write(feed) == complete.atom_str()


def test_entry_links_have_rel_and_type() -> None:
    """Feedgen loses both, which makes two alternates of them."""
    entry = root(FEED).findall(f"{ATOM}entry")[0]
    assert links(entry) == [
        {"rel": "alternate", "type": "text/html", "href": FEED.items[0].post.url},
        {"rel": "related", "href": FEED.items[0].external_url},
        {"rel": "enclosure", "href": "https://www.example.gov/a%20b.JPG?w=1&h=2"}
        | {"type": "image/jpeg"},
    ]


def test_channel_link_is_the_page_of_the_feed() -> None:
    """Feedgen takes the last link, be it self, hub or next page."""
    assert channel(FEED).findtext("link") == FEED.url("", FEED.first_query)


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(300, "5"), (60, "1"), (61, "2"), (1, "1"), (0, None)]
)
def test_ttl_is_the_max_age_in_minutes(seconds: int, minutes: str | None) -> None:
    """Rounded up; there is none where caching is not allowed."""
    service_info = replace(FEED.service_info, max_age_seconds=seconds)

    assert channel(replace(FEED, service_info=service_info)).findtext("ttl") == minutes


def test_rss_has_all_links_of_atom() -> None:
    """Feedgen writes self alone, without paging or hub."""
    in_rss = [link["rel"] for link in links(channel(FEED))]
    assert in_rss == ["self", "first", "previous", "next", "hub", "license"]
    assert ["alternate", *in_rss] == [link["rel"] for link in links(root(FEED))]


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_dates_are_those_of_the_feed(name: str) -> None:
    """The default of feedgen is the current time: other bytes for each request."""
    long_ago = datetime(2003, 12, 13, 18, 30, 2, tzinfo=UTC)
    item = samples.rendered_post(samples.post(published=long_ago))
    document = FORMATS[name].write(samples.feed(item, updated=long_ago))
    instants = re.findall(rb">([^<>]+:30:02[^<>]*)<", document)
    count = {"rss": 4, "atom": 3}[name]
    assert len(instants) == count
    assert len(re.findall(rb">[^<>]*\d\d:\d\d:\d\d[^<>]*<", document)) == count


def test_rss_items_have_the_published_date_before_the_updated_one() -> None:
    """Readers that prefer Atom's elements take the first one for the date of the post."""
    item = channel(FEED).find("item")
    assert item is not None
    dates = [(each.tag, each.text) for each in item if each.tag.startswith(ATOM) and each.text]
    assert dates == [
        (f"{ATOM}published", "2024-05-06T00:00:00-04:00"),
        (f"{ATOM}updated", "2024-05-07T09:30:15.250-04:00"),
    ]


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_locale_is_not_changed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Feedgen sets the locale of the whole process, which is not thread-safe."""

    def reject_constant(*_: object) -> None:
        pytest.fail("somebody switches the locale")

    monkeypatch.setattr(locale, "setlocale", reject_constant)
    assert FORMATS[name].write(FEED)


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_usual_prefixes_are_declared_at_the_root(name: str) -> None:
    """An entry serialized alone declares ns0, which three feed readers do not understand."""
    document = FORMATS[name].write(FEED)
    assert b"<media:content " in document
    assert b"ns0" not in document
    assert document.count(b"xmlns") == document[: document.index(b"<title")].count(b"xmlns")
    if name == "rss":
        assert b"<content:encoded>" in document
        assert b"<dc:creator>" in document
        assert b"<atom:link " in document


def test_content_is_escaped_html() -> None:
    """An open tag or the end of a CDATA section does not damage the feed."""
    html = SafeHtml("<p>a<br>b ]]> &nbsp;")
    feed = samples.feed(samples.rendered_post(content=html))
    encoded = channel(feed).findtext(f"item/{CONTENT}encoded")
    content = root(feed).find(f"{ATOM}entry/{ATOM}content")
    assert content is not None
    assert encoded == content.text == html
    assert content.get("type") == "html"


def test_title_has_the_type_text() -> None:
    """Most feed readers show HTML titles wrong."""
    title = root(FEED).find(f"{ATOM}entry/{ATOM}title")
    assert title is not None
    assert title.attrib == {"type": "text"}


def test_plain_text_in_rss_has_hexadecimal_references() -> None:
    """In titles, names and alternative texts, as the profile recommends; HTML is escaped."""
    document = FORMATS["rss"].write(FEED)
    assert b"<title>Using &#x3C;b&gt;bold&#x3C;/b&gt; &#x26; " in document
    assert b"<dc:creator>Bob &#x26; Example</dc:creator>" in document
    assert b'<media:description type="plain">A "b" &#x26; &#x3C;c&gt;<' in document
    assert b"<content:encoded>&lt;p&gt;" in document


def test_entries_have_their_language() -> None:
    """Feedgen has no xml:lang for entries, nor a language for RSS items."""
    entries = root(FEED).findall(f"{ATOM}entry")
    assert [entry.get(f"{XML}lang") for entry in entries] == ["en", "es"]
    assert [e.text for e in channel(FEED).iter(f"{DC}language")] == ["en", "es"]


def test_authors_without_email_are_in_rss() -> None:
    """Feedgen leaves them out."""
    assert [e.text for e in channel(FEED).iter(f"{DC}creator")] == ["Ada Example", "Bob & Example"]


def test_guid_is_not_a_permalink() -> None:
    """Ids are tag URIs."""
    guids = [guid.attrib for guid in channel(FEED).iter("guid")]
    assert guids == [{"isPermaLink": "false"}] * 2


def test_category_has_slug_title_and_url() -> None:
    """The URL is that of its page, percent-encoded where it is not ASCII."""
    filed = samples.rendered_post(
        samples.post(categories=(Category(slug="diseño", title="Diseño"),))
    )
    (category,) = root(samples.feed(filed)).iter(f"{ATOM}category")
    (domain,) = channel(samples.feed(filed)).iter("category")
    page = "https://feeds.example.gov/feeds/dise%C3%B1o"
    assert category.attrib == {"term": "diseño", "label": "Diseño", "scheme": page}
    assert (domain.text, domain.attrib) == ("Diseño", {"domain": page})


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_image_is_written_once_with_its_alternative_text(name: str) -> None:
    """The media extension of feedgen has no description and writes a group."""
    image = Image(url="https://www.example.gov/a.webp", alt="A bridge")
    document = FORMATS[name].write(samples.feed(samples.rendered_post(image=image)))
    (picture,) = ET.fromstring(document).iter(f"{MEDIA}content")  # noqa: S314
    assert picture.attrib == {"url": image.url, "medium": "image", "type": "image/webp"}
    assert picture.findtext(f"{MEDIA}description") == "A bridge"
    assert document.count(b"<media:") == 2


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_forbidden_characters_are_removed(name: str) -> None:
    """Feedgen and lxml raise for the whole feed."""
    bad = "a\0b\x0b\ud800\ufffec"
    item = samples.rendered_post(
        samples.post(title=bad, categories=(Category(slug="c", title=bad),)),
        content=SafeHtml(bad),
        summary=bad,
        authors=(Author(name=bad),),
    )
    document = FORMATS[name].write(samples.feed(item, title=bad, description=bad))
    assert document.count(b">abc<") == {"rss": 7, "atom": 6}[name]


def test_rss_has_a_description_in_any_case() -> None:
    """RSS requires it; Atom does not."""
    feed = replace(FEED, description="")
    assert channel(feed).findtext("description") == feed.title
    assert root(feed).find(f"{ATOM}subtitle") is None
