"""What every format of the table must hold."""

import feedparser
import pytest

from syndicate.formats import FORMATS, Format
from tests import samples

every_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())

FEED = samples.feed(
    samples.item(samples.post(carousel=True, title="A <b>bold</b> & \"quoted\" 'title'")),
    samples.item(samples.post("news/2023-12-24-the-second.md")),
)


def test_the_table_names_each_format_as_addresses_do() -> None:
    """A format is found under its own name."""
    assert [form.name for form in FORMATS.values()] == list(FORMATS)


@every_format
def test_a_feed_is_its_entries_in_a_frame(form: Format) -> None:
    """Entries written apart and joined give the bytes of the whole."""
    entries = [form.entry(item, samples.MASTHEAD) for item in FEED.items]
    assert form.join(FEED, entries) == form.write(FEED)


@every_format
def test_feedparser_reads_a_feed_without_complaint(form: Format) -> None:
    """Every format but JSON is known to feedparser, which finds nothing malformed in it."""
    if form.name == "json":
        return
    read = feedparser.parse(form.write(FEED))
    assert not read.bozo
    assert [entry.id for entry in read.entries] == [item.post.id for item in FEED.items]
    assert [entry.title for entry in read.entries] == [item.post.title for item in FEED.items]
