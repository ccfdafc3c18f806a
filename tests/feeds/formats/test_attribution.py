"""Whose the posts of a feed are: of one source, or of several."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

import feedparser

from syndicate.feeds.formats import FORMATS
from syndicate.model.feed import Feed, SourceFeed
from syndicate.model.post import Author
from tests import samples
from tests.feeds.formats.feed_readers import ATOM, DC

NEWS: Final = samples.source(title="Office of <News> & more")
UPDATES: Final = samples.source("updates", site_url="https://updates.example.gov", rights="")
FEED: Final = samples.feed(
    samples.rendered_post(authors=(Author(name="Ada Example"),)),
    samples.rendered_post(
        samples.post("updates/2024-01-28-a.md", source="updates"), authors=(Author(name=" "),)
    ),
    sources=(NEWS, UPDATES),
    source_feeds=(
        SourceFeed(source=NEWS, name="news", updated=samples.PUBLISHED),
        SourceFeed(
            source=UPDATES,
            name="all",
            query="source=updates",
            updated=datetime(2024, 1, 28, tzinfo=UTC),
        ),
    ),
)
ALONE: Final = replace(FEED, sources=(UPDATES,), source_feeds=(), items=FEED.items[1:])


def atom_entries(feed: Feed) -> list[ET.Element]:
    """Return the entries of ``feed`` in Atom."""
    return ET.fromstring(FORMATS["atom"].write(feed)).findall(f"{ATOM}entry")  # noqa: S314


def rss_items(feed: Feed) -> list[ET.Element]:
    """Return the items of ``feed`` in RSS."""
    return ET.fromstring(FORMATS["rss"].write(feed)).findall("channel/item")  # noqa: S314


def test_atom_entry_of_an_aggregate_has_its_source() -> None:
    """With what RFC 4287 section 4.2.11 keeps: id, title, updated, links, author and rights."""
    found = [entry.find(f"{ATOM}source") for entry in atom_entries(FEED)]
    values = [
        [(child.tag.removeprefix(ATOM), child.text, child.get("href")) for child in each]
        for each in found
        if each is not None
    ]
    assert values == [
        [
            ("id", "https://feeds.example.gov/feeds/news", None),
            ("title", NEWS.title, None),
            ("updated", "2024-01-29T00:00:00-05:00", None),
            ("author", None, None),
            ("link", None, "https://www.example.gov"),
            ("link", None, "https://feeds.example.gov/feeds/news.atom"),
            ("rights", "Public domain", None),
        ],
        [
            ("id", "https://feeds.example.gov/feeds/all?source=updates", None),
            ("title", "Example agency, updates", None),
            ("updated", "2024-01-28T00:00:00Z", None),
            ("author", None, None),
            ("link", None, "https://updates.example.gov"),
            ("link", None, "https://feeds.example.gov/feeds/all.atom?source=updates"),
        ],
    ]


def test_post_without_an_author_is_credited_to_its_source() -> None:
    """A reader that finds no author in an entry takes that of the feed, which is the service."""
    authors = [
        [(author.findtext(f"{ATOM}name"), author.findtext(f"{ATOM}uri")) for author in entry]
        for entry in (each.findall(f"{ATOM}author") for each in atom_entries(FEED))
    ]
    assert authors == [
        [("Ada Example", None)],
        [("Example agency, updates", "https://updates.example.gov")],
    ]
    parsed = feedparser.parse(FORMATS["atom"].write(FEED))
    assert [entry.author for entry in parsed.entries] == ["Ada Example", UPDATES.title]
    assert [entry.source.title for entry in parsed.entries] == [NEWS.title, UPDATES.title]


def test_rss_item_of_an_aggregate_has_its_source() -> None:
    """The title of the source and the URL of its feed (RSS 2.0, element source)."""
    sources = [item.find("source") for item in rss_items(FEED)]
    assert [(each.text, each.attrib) for each in sources if each is not None] == [
        (NEWS.title, {"url": "https://feeds.example.gov/feeds/news.rss"}),
        (UPDATES.title, {"url": "https://feeds.example.gov/feeds/all.rss?source=updates"}),
    ]
    assert [item.findtext(f"{DC}creator") for item in rss_items(FEED)] == ["Ada Example", None]


def test_entry_of_the_only_source_has_no_source() -> None:
    """The feed itself is that of the source, and has it as its author."""
    assert all(entry.find(f"{ATOM}source") is None for entry in atom_entries(ALONE))
    assert all(item.find("source") is None for item in rss_items(ALONE))
    parsed = feedparser.parse(FORMATS["atom"].write(ALONE))
    assert parsed.feed.author == UPDATES.title


def test_feed_of_one_source_links_to_its_site() -> None:
    """In every format; a feed of several sources links to its own page."""
    for feed, url in (
        (ALONE, "https://updates.example.gov"),
        (FEED, "https://feeds.example.gov/feeds/all"),
    ):
        assert json.loads(FORMATS["json"].write(feed))["home_page_url"] == url
        assert feedparser.parse(FORMATS["rss"].write(feed)).feed.link == url
        assert feedparser.parse(FORMATS["atom"].write(feed)).feed.link == url


def test_entry_has_the_same_bytes_in_every_feed() -> None:
    """Apart from its source, which an aggregate adds."""
    for feed_format in FORMATS.values():
        item = FEED.items[1]
        entry = feed_format.write_entry(item, FEED.service_info)
        beginning = entry.removesuffix(b"</entry>").removesuffix(b"</item>")
        assert entry in feed_format.write(ALONE)
        assert beginning in feed_format.write(FEED)


def images(feed: Feed) -> dict[str, str | None]:
    """Return the icon and the logo of ``feed`` in every format."""
    as_json = json.loads(FORMATS["json"].write(feed))
    atom = ET.fromstring(FORMATS["atom"].write(feed))  # noqa: S314 — our own
    rss = ET.fromstring(FORMATS["rss"].write(feed))  # noqa: S314
    return {
        "json favicon": as_json.get("favicon"),
        "json icon": as_json.get("icon"),
        "atom icon": atom.findtext(f"{ATOM}icon"),
        "atom logo": atom.findtext(f"{ATOM}logo"),
        "rss image": rss.findtext("channel/image/url"),
    }


def test_feed_has_icon_and_logo_of_the_service_or_of_its_only_source() -> None:
    """A source that has one of the two does not get the other from the service."""
    service_info = replace(samples.SERVICE_INFO, icon_url="/s.svg", logo_url="/s.png")
    branded = replace(ALONE, service_info=service_info)
    service = {
        "json favicon": "/s.svg",
        "json icon": "/s.png",
        "atom icon": "/s.svg",
        "atom logo": "/s.png",
        "rss image": "/s.png",
    }
    assert images(replace(FEED, service_info=service_info)) == images(branded) == service
    only_icon = replace(branded, sources=(replace(UPDATES, icon_url="/u.svg"),))
    assert images(only_icon) == {
        "json favicon": "/u.svg",
        "json icon": "/u.svg",
        "atom icon": "/u.svg",
        "atom logo": None,
        "rss image": "/u.svg",
    }
    assert set(images(FEED).values()) == {None}


def test_image_of_rss_has_title_and_link_of_the_channel() -> None:
    """RSS 2.0 requires them."""
    branded = replace(ALONE, sources=(replace(UPDATES, logo_url="https://u.example.gov/l.png"),))
    parsed = feedparser.parse(FORMATS["rss"].write(branded)).feed
    assert parsed.image.href == "https://u.example.gov/l.png"
    assert (parsed.image.title, parsed.image.link) == (parsed.title, UPDATES.site_url)


def test_source_of_an_atom_entry_has_icon_and_logo() -> None:
    """For readers that show whose an entry is."""
    source = replace(NEWS, icon_url="/n.svg", logo_url="/n.png")
    feed = replace(FEED, source_feeds=(replace(FEED.source_feeds[0], source=source),))
    element = atom_entries(feed)[0].find(f"{ATOM}source")
    assert element is not None
    assert element.findtext(f"{ATOM}icon") == "/n.svg"
    assert element.findtext(f"{ATOM}logo") == "/n.png"
