"""Properties that every format of the table has."""

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
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

every_format = pytest.mark.parametrize("feed_format", FORMATS.values(), ids=FORMATS.keys())


def indented(name: str, document: bytes) -> str:
    """Return ``document`` with indentation."""
    if name == "json":
        return json.dumps(json.loads(document), ensure_ascii=False, indent=2) + "\n"
    tree = etree.fromstring(document)
    etree.indent(tree)
    return etree.tostring(tree, encoding="unicode") + "\n"


def expected_post(item: RenderedPost) -> ParsedPost:
    """Return what a feed reader has to see of ``item``, whose texts need no correction."""
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


def reject_constant(constant: str) -> None:
    """Raise for a number that JSON does not have."""
    pytest.fail(f"{constant} is no JSON")


def test_formats_are_listed_under_their_names() -> None:
    """The name is the suffix in URLs."""
    assert [feed_format.name for feed_format in FORMATS.values()] == list(FORMATS)


@every_format
def test_complete_feed_equals_the_expected_file(feed_format: Format) -> None:
    """Every name, value and position in a feed that has everything."""
    expected = (DATA / f"full.{feed_format.name}").read_text()
    assert indented(feed_format.name, feed_format.write(sample_feeds.FULL)) == expected


@pytest.mark.slow
@every_format
@given(sample_feeds.feeds())
def test_feed_is_its_entries_in_the_envelope(feed_format: Format, feed: Feed) -> None:
    """Entries written alone and joined give the bytes of the whole feed, each time the same."""
    entries = [feed_format.write_entry(item, feed.service_info) for item in feed.items]
    assert feed_format.join(feed, entries) == feed_format.write(feed) == feed_format.write(feed)


@every_format
def test_feed_readers_see_all_fields(feed_format: Format) -> None:
    """Order, ids, URLs, titles, dates, texts, names, tags, languages and images."""
    full = replace(sample_feeds.FULL.items[0], external_url="")
    assert parse_feed(feed_format.name, feed_format.write(samples.feed(full))) == (
        expected_post(full),
    )


@every_format
def test_post_without_language_has_that_of_its_feed(feed_format: Format) -> None:
    """An empty language would contradict it."""
    item = samples.rendered_post(samples.post(language=""))
    document = feed_format.write(samples.feed(item, language=""))
    assert not re.search(rb"<dc:language|<language|xml:lang|\"language\"", document)


@pytest.mark.slow
@given(sample_feeds.feeds())
def test_all_formats_have_the_same_posts(feed: Feed) -> None:
    """Whatever the texts are, JSON, RSS and Atom parse to the same posts in one order."""
    json_feed, rss, atom = (
        parse_feed(name, feed_format.write(feed)) for name, feed_format in FORMATS.items()
    )
    assert json_feed == rss
    titles = {post.id: post.title for post in json_feed if post.title}
    assert json_feed == tuple(
        replace(post, title=titles.get(post.id, "")) for post in atom if post.title
    )
    assert [post.id for post in json_feed] == [item.post.id for item in feed.items]


@every_format
def test_posts_of_one_commit_have_the_time_of_the_commit(feed_format: Format) -> None:
    """No format adds a part of a second that nobody wrote: one reader takes it for minutes."""
    committed = datetime(2024, 3, 1, 12, 0, 7, tzinfo=UTC)
    items = [samples.rendered_post(replace(post, updated=committed)) for post in samples.posts(20)]
    document = feed_format.write(samples.feed(*items))
    posts = parse_feed(feed_format.name, document)
    assert {post.updated for post in posts} == {committed}
    assert document.count(b"2024-03-01T12:00:07Z") == 20


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rss", "atom"])
@given(sample_feeds.feeds())
def test_feedparser_reports_no_malformed_feed(name: str, feed: Feed) -> None:
    """Whatever the texts are."""
    parsed = feedparser.parse(FORMATS[name].write(feed))
    assert not parsed.bozo
    assert [entry.id for entry in parsed.entries] == [item.post.id for item in feed.items]


@given(sample_feeds.feeds())
def test_json_is_valid_for_strict_parsers(feed: Feed) -> None:
    """UTF-8, one object and no NaN, whatever the texts are."""
    read_strictly = json.loads(
        FORMATS["json"].write(feed).decode("utf-8"), parse_constant=reject_constant
    )
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
def test_content_mode_selects_the_content(
    feed_format: Format, content: ContentMode, expected: str
) -> None:
    """The complete content, its text, the summary alone, or neither."""
    feed = samples.feed(samples.rendered_post(), content=content)
    (post,) = parse_feed(feed_format.name, feed_format.write(feed))
    is_html_text = feed_format.name == "rss" and content == "text"
    assert (post.content or post.summary) == (f"<p>{expected}</p>" if is_html_text else expected)


def test_translations_are_linked_in_every_format() -> None:
    """By language, beside the one alternate link that feed readers take for the URL of the post."""
    item = samples.rendered_post(translations=(("es", "https://www.example.gov/hola"),))
    sample_feeds = {
        name: feed_format.write(samples.feed(item)).decode()
        for name, feed_format in FORMATS.items()
    }
    link = 'link rel="related" hreflang="es" href="https://www.example.gov/hola"'
    assert (
        '"translations":[{"language":"es","url":"https://www.example.gov/hola"}]'
        in (sample_feeds["json"])
    )
    assert f"<atom:{link}" in sample_feeds["rss"]
    assert f"<{link}" in sample_feeds["atom"]


@pytest.mark.slow
@every_format
@pytest.mark.parametrize("field", ["categories", "authors", "translations"])
@pytest.mark.unmeasured
def test_time_to_write_an_entry_is_linear_in_its_lists(feed_format: Format, field: str) -> None:
    """Eight times the values take about eight times the processor time, not 64 times."""

    def seconds(count: int) -> float:
        item = long_lists(**{field: count})
        began = time.thread_time()
        feed_format.write_entry(item, samples.SERVICE_INFO)
        return time.thread_time() - began

    few, many = (min(seconds(count) for _ in range(5)) for count in (400, 3_200))
    assert many < 24 * few


def long_lists(*, categories: int = 0, authors: int = 0, translations: int = 0) -> RenderedPost:
    """Return a rendered post with many categories, authors and translations."""
    post = samples.post(
        categories=tuple(Category(slug=f"c{n}", title=f"C {n}") for n in range(categories))
    )
    return samples.rendered_post(
        post,
        authors=tuple(Author(name=f"A {n}") for n in range(authors)),
        translations=tuple((f"x-{n}", f"https://www.example.gov/{n}") for n in range(translations)),
    )
