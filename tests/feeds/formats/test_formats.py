"""What every format of the table must hold."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import feedparser
import pytest
from hypothesis import given
from lxml import etree

from syndicate.feeds.formats import FORMATS, Format
from syndicate.model.category import Category
from syndicate.model.feed import Feed
from syndicate.model.post import Author, RenderedPost
from syndicate.model.query import ContentMode
from tests import samples
from tests.feeds.formats import sample_feeds
from tests.feeds.formats.feed_readers import ParsedPost, parse_feed

DATA: Final = Path(__file__).parents[2] / "data" / "formats"

every_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())


def indented(name: str, document: bytes) -> str:
    """Return ``document`` as people read it, with every name and value in its place."""
    if name == "json":
        return json.dumps(json.loads(document), ensure_ascii=False, indent=2) + "\n"
    tree = etree.fromstring(document)
    etree.indent(tree)
    return etree.tostring(tree, encoding="unicode") + "\n"


def expected_post(item: RenderedPost) -> ParsedPost:
    """Return what readers must learn of ``item``, as far as its texts need no repair."""
    post = item.post
    return ParsedPost(
        id=post.id,
        url=post.url,
        title=post.title,
        published=post.published.replace(microsecond=0),
        updated=post.updated,
        summary=item.summary,
        content=item.content,
        tags=tuple(category.title for category in post.categories),
        authors=tuple(author.name for author in item.authors),
        language=post.language,
        external_url=item.external_url,
        image=item.image.url if item.image else "",
        image_alt=(item.image.alt or "") if item.image else "",
    )


def refuse(constant: str) -> None:
    """Refuse a number that JSON does not know."""
    pytest.fail(f"{constant} is no JSON")


def to_the_second(posts: tuple[ParsedPost, ...]) -> list[ParsedPost]:
    """Return ``posts`` without the parts of a second, which Atom has of its own."""
    return [replace(post, updated=post.updated.replace(microsecond=0)) for post in posts]


def test_the_table_names_each_format_as_addresses_do() -> None:
    """A format is found under its own name."""
    assert [form.name for form in FORMATS.values()] == list(FORMATS)


@every_format
def test_a_full_feed_is_written_as_agreed(form: Format) -> None:
    """Every name, value and place in a feed that has everything is the expected one."""
    expected = (DATA / f"full.{form.name}").read_text()
    assert indented(form.name, form.write(sample_feeds.FULL)) == expected


@every_format
@given(sample_feeds.feeds())
def test_a_feed_is_its_entries_in_a_frame(form: Format, feed: Feed) -> None:
    """Entries written apart and joined give the bytes of the whole, each time the same."""
    entries = [form.write_entry(item, feed.service_info) for item in feed.items]
    assert form.join(feed, entries) == form.write(feed) == form.write(feed)


@every_format
def test_readers_learn_all_there_is_to_tell(form: Format) -> None:
    """Order, ids, addresses, titles, dates, texts, names, tags, languages and pictures."""
    full = replace(sample_feeds.FULL.items[0], external_url="")
    assert parse_feed(form.name, form.write(samples.feed(full))) == (expected_post(full),)


@given(sample_feeds.feeds())
def test_all_formats_tell_the_same(feed: Feed) -> None:
    """Whatever the texts are, JSON, RSS and Atom read back are the same posts, in one order."""
    json_feed, rss, atom = (parse_feed(name, form.write(feed)) for name, form in FORMATS.items())
    assert json_feed == rss
    assert to_the_second(json_feed) == to_the_second(atom)
    assert [post.id for post in json_feed] == [item.post.id for item in feed.items]


@pytest.mark.parametrize("name", ["rss", "atom"])
@given(sample_feeds.feeds())
def test_feedparser_finds_nothing_malformed(name: str, feed: Feed) -> None:
    """No text, however bad, makes a feed that feedparser has to guess at."""
    parsed = feedparser.parse(FORMATS[name].write(feed))
    assert not parsed.bozo
    assert [entry.id for entry in parsed.entries] == [item.post.id for item in feed.items]


@given(sample_feeds.feeds())
def test_json_is_strict(feed: Feed) -> None:
    """No text, however bad, makes JSON that a strict reader refuses: UTF-8, one object, no NaN."""
    read_strictly = json.loads(FORMATS["json"].write(feed).decode("utf-8"), parse_constant=refuse)
    assert read_strictly["version"] == "https://jsonfeed.org/version/1.1"


@every_format
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("full", "<p>The office opens a new service.</p>"),
        ("text", "The office opens a new service."),
        ("summary", "A new service opens."),
        ("none", ""),
    ],
)
def test_readers_choose_how_much_they_get(
    form: Format, content: ContentMode, expected: str
) -> None:
    """The full content, its text, the summary alone, or neither."""
    feed = samples.feed(samples.rendered_post(), content=content)
    (post,) = parse_feed(form.name, form.write(feed))
    assert (post.content or post.summary) == expected


def test_translations_are_linked_in_every_format() -> None:
    """By language, and beside the one alternate link that readers take for the post's address."""
    item = samples.rendered_post(translations=(("es", "https://www.example.gov/hola"),))
    sample_feeds = {name: form.write(samples.feed(item)).decode() for name, form in FORMATS.items()}
    link = 'link rel="related" hreflang="es" href="https://www.example.gov/hola"'
    assert (
        '"translations":[{"language":"es","url":"https://www.example.gov/hola"}]'
        in (sample_feeds["json"])
    )
    assert f"<atom:{link}" in sample_feeds["rss"]
    assert f"<{link}" in sample_feeds["atom"]


@every_format
@pytest.mark.parametrize("field", ["categories", "authors", "translations"])
def test_writing_an_entry_takes_time_in_proportion_to_its_lists(form: Format, field: str) -> None:
    """Eight times the values take about eight times the processor time, not 64 times."""

    def seconds(count: int) -> float:
        item = long_lists(**{field: count})
        began = time.thread_time()
        form.write_entry(item, samples.SERVICE_INFO)
        return time.thread_time() - began

    few, many = (min(seconds(count) for _ in range(5)) for count in (400, 3_200))
    assert many < 24 * few


def long_lists(*, categories: int = 0, authors: int = 0, translations: int = 0) -> RenderedPost:
    """Return an item with as many categories, authors and translations."""
    post = samples.post(
        categories=tuple(Category(slug=f"c{n}", title=f"C {n}") for n in range(categories))
    )
    return samples.rendered_post(
        post,
        authors=tuple(Author(name=f"A {n}") for n in range(authors)),
        translations=tuple((f"x-{n}", f"https://www.example.gov/{n}") for n in range(translations)),
    )
